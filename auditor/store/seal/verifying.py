"""Is a snapshot as it was sealed? Only hashes are computed, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from auditor.errors import SnapshotError
from auditor.model import FileStamp
from auditor.store.checksums import EVIDENCE_FILE, REPORTS_FILE, stamp_of
from auditor.store.journal import NAME as JOURNAL
from auditor.store.seal.contents import Contents, DamagedError, read, stamp
from auditor.store.seal.differences import Difference, Kind, Verified
from auditor.store.seal.signature import PublicKey, Signature
from auditor.store.seal.witnesses import (
    CHECKSUM_FILES,
    SUMMARY,
    Witness,
    listing_differences,
    of_checksums,
    of_manifest,
    of_summary,
)
from auditor.store.snapshot import MANIFEST, SIGNATURE, Manifest, parse_manifest

NOT_SIGNED = "not signed"
_UNSEALED = "its collection was interrupted or is still running, so nothing is sealed yet; or the file was removed"
_RESUMED = (
    "it has entries after the seal: a later run into this snapshot was not finished; "
    "end it with 'auditor collect' and --resume or --retry-gaps"
)
_STALE = "was derived from another state of this snapshot (root {}); 'auditor report' writes the reports again"


@dataclass
class _Look:
    """One pass over the files: their hashes, and what those among them say that vouch for others."""

    contents: Contents
    stamps: dict[str, FileStamp] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    manifest: Manifest | None = None
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def old(self) -> bool:
        """Sealed by a version that wrote no checksum files."""
        return self.manifest is not None and self.manifest.journal is None and EVIDENCE_FILE not in self.contents.files

    def add(self, kind: Kind, name: str, message: str) -> None:
        self.differences.append(Difference(kind, name, message))


def verify(contents: Contents, public_key: PublicKey | None = None) -> Verified:
    """Compare everything that is there with everything that vouches for it; with ``public_key``, a signature too."""
    look = _Look(contents)
    _hash(look)
    _hear(look)
    _compare(look)
    _find_others(look)
    signature = _signature(look, public_key)
    manifest = look.manifest
    return Verified(
        where=contents.where,
        snapshot_id=manifest.snapshot_id if manifest else contents.name,
        organization_id=manifest.organization.id if manifest else "",
        root=look.stamps[MANIFEST].sha256 if MANIFEST in look.stamps else "",
        files=len(contents.files),
        signature=signature,
        differences=tuple(sorted(set(look.differences), key=lambda d: (d.name, d.kind, d.message))),
        notes=tuple(_notes(look)),
    )


def _hash(look: _Look) -> None:
    for name in look.contents.files:
        try:
            look.stamps[name] = stamp(look.contents, name)
        except DamagedError as error:
            look.add(Kind.CHANGED, name, str(error))


def _hear(look: _Look) -> None:
    """Read whoever vouches for others."""
    if MANIFEST not in look.contents.files:
        look.add(Kind.MISSING, MANIFEST, _UNSEALED)
    for name, content in _readable(look, (MANIFEST, SUMMARY, *CHECKSUM_FILES)):
        if name == MANIFEST:
            _hear_manifest(look, content)
        else:
            look.witnesses[name] = of_summary(content) if name == SUMMARY else of_checksums(name, content)
    for witness in look.witnesses.values():
        for problem in witness.problems:
            look.add(Kind.CHANGED, witness.name, problem)
    if look.manifest and look.manifest.journal:
        for name, why in ((EVIDENCE_FILE, MANIFEST), (REPORTS_FILE, SUMMARY)):
            if why in look.contents.files and name not in look.contents.files:
                look.add(Kind.MISSING, name, f"it is written with {why}")
    look.differences += listing_differences(look.witnesses, look.contents.files, look.manifest)


def _hear_manifest(look: _Look, content: bytes) -> None:
    try:
        look.manifest = parse_manifest(look.contents.where, content)
        look.witnesses[MANIFEST] = of_manifest(look.manifest)
    except SnapshotError as error:
        look.add(Kind.CHANGED, MANIFEST, str(error))


def _readable(look: _Look, names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        if name in look.stamps:
            try:
                yield name, read(look.contents, name)
            except DamagedError as error:
                look.add(Kind.CHANGED, name, str(error))


def _compare(look: _Look) -> None:
    """Every file with what is said of it."""
    for name in sorted({name for witness in look.witnesses.values() for name in witness.sha256}):
        said = {w.name: w.sha256[name] for w in look.witnesses.values() if name in w.sha256}
        if name in look.stamps:
            _compare_one(look, name, said)
        elif name in look.contents.oddities:
            look.add(Kind.CHANGED, name, f"it is {look.contents.oddities[name]}, not the file that was sealed")
        elif name not in look.contents.files:
            look.add(Kind.MISSING, name, f"{_joined(said)} {_verb(said, 'name')} it")
    if look.manifest:
        for file in look.manifest.evidence:
            stamp_now = look.stamps.get(file.path)
            # Of a file that was changed, that is told already; with the right sha256 it is the manifest that is wrong.
            if stamp_now and stamp_now.sha256 == file.sha256 and stamp_now.size != file.size:
                told = f"it has {stamp_now.size:,} bytes, manifest.json says {file.size:,}"
                look.add(Kind.CHANGED, file.path, told)


def _compare_one(look: _Look, name: str, said: Mapping[str, str]) -> None:
    actual = look.stamps[name].sha256
    wrong = {witness: digest for witness, digest in said.items() if digest != actual}
    if wrong and (set(wrong) == set(said) or (MANIFEST in wrong and _stands(look))):
        look.add(Kind.CHANGED, name, _how_changed(look, name, actual, wrong))
        return
    for witness, digest in wrong.items():  # another one agrees with the file, so it is this one that is wrong
        if witness == SUMMARY and name == MANIFEST:
            look.add(Kind.CONTRADICTION, SUMMARY, "it " + _STALE.format(digest))
        else:
            told = f"it says sha256 {digest} of {name}, which is {actual}, as {_joined(set(said) - set(wrong))} says"
            look.add(Kind.CONTRADICTION, witness, told)


def _stands(look: _Look) -> bool:
    """Whether the manifest is the one that the checksums were written with, so that what it says counts for more."""
    listed = look.witnesses.get(EVIDENCE_FILE)
    return listed is not None and listed.sha256.get(MANIFEST) == look.stamps[MANIFEST].sha256


def _how_changed(look: _Look, name: str, actual: str, wrong: Mapping[str, str]) -> str:
    if name == JOURNAL and _goes_on(look):
        return _RESUMED
    by_digest = {digest: [w for w in wrong if wrong[w] == digest] for digest in wrong.values()}
    told = [f"{_joined(names)} {_verb(names, 'say')} {digest}" for digest, names in by_digest.items()]
    return f"its sha256 is {actual}; {', '.join(told)}"


def _goes_on(look: _Look) -> bool:
    """Whether the journal begins with what was sealed, and has more lines since."""
    sealed = look.manifest.journal if look.manifest else None
    if sealed is None or look.stamps[JOURNAL].size <= sealed.size:
        return False
    try:
        with look.contents.opened(JOURNAL) as file:
            return stamp_of(file, sealed.size).sha256 == sealed.sha256
    except DamagedError:
        return False


def _find_others(look: _Look) -> None:
    """What is there and nobody vouches for."""
    said = {name for witness in look.witnesses.values() for name in witness.sha256}
    known = said | {MANIFEST, SUMMARY, *CHECKSUM_FILES} | ({JOURNAL} if look.old else set())
    if look.manifest is None and EVIDENCE_FILE not in look.witnesses:
        return  # nothing is sealed here, which is told already
    for name in look.contents.files:
        if name not in known:
            look.add(Kind.ADDED, name, _why_added(name))
    for name, what in look.contents.oddities.items():
        if name not in said:
            look.add(Kind.ADDED, name, f"it is {what}, and no list names it")


def _why_added(name: str) -> str:
    base = name.rpartition("/")[2]
    if base.startswith(".") and base.count(".") >= 2:
        return "no list names it; it looks like the rest of an interrupted write"
    return "nothing names it"


def _signature(look: _Look, public_key: PublicKey | None) -> str:
    """How it stands with a signature, in words."""
    if SIGNATURE not in look.contents.files:
        if public_key:
            look.add(Kind.SIGNATURE, SIGNATURE, "the snapshot is not signed, so the public key cannot be used")
        return NOT_SIGNED
    for _, content in _readable(look, (SIGNATURE,)):
        try:
            found = Signature.parse(content)
        except ValueError as error:
            look.add(Kind.SIGNATURE, SIGNATURE, str(error))
            return "it is signed, but the signature cannot be read"
        by = f"by {found.key_id} ({found.algorithm}, public key {found.public_key_sha256})"
        if public_key is None:
            return f"signed {by}, which was not checked; give --public-key"
        return _checked(look, found, public_key, by)
    return "it is signed, but the signature cannot be read"


def _checked(look: _Look, found: Signature, public_key: PublicKey, by: str) -> str:
    if found.public_key_sha256 != public_key.sha256:
        look.add(Kind.SIGNATURE, SIGNATURE, f"it was made {by}, which is not the public key {public_key.sha256}")
        return f"signed {by}, another key"
    for _, manifest in _readable(look, (MANIFEST,)):
        if public_key.accepts(found, manifest):
            return f"signed {by}, and the signature is good"
    look.add(Kind.SIGNATURE, SIGNATURE, f"it is not a signature of this manifest.json {by}")
    return f"signed {by}, but not this manifest"


def _notes(look: _Look) -> Iterator[str]:
    yield from look.notes
    if look.old:
        yield "sealed by a version without checksum files: no file has the hashes of manifest.json and journal.jsonl"
    if look.manifest and look.manifest.snapshot_id != look.contents.name:
        yield f"the snapshot {look.manifest.snapshot_id} is in a folder with another name, {look.contents.name}"
    if look.manifest and SUMMARY not in look.contents.files:
        yield "there are no reports"


def _joined(names: Mapping[str, str] | set[str] | list[str]) -> str:
    return " and ".join(sorted(names))


def _verb(names: Mapping[str, str] | list[str], verb: str) -> str:
    return verb if len(names) > 1 else f"{verb}s"
