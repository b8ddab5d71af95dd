"""The evidence store: a folder with a manifest, a journal and the exact bytes that AWS answered."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from auditor.errors import EvidenceError, SnapshotError, clean
from auditor.model import (
    AccountRecord,
    Caller,
    CatalogStamp,
    Evidence,
    EvidenceFile,
    FileStamp,
    Organization,
    OrganizationRecord,
    Predecessor,
)
from auditor.store.checksums import EVIDENCE_FILE, checksum_lines, settle, stamp_at
from auditor.store.evidence_files import EVIDENCE, EvidenceFiles
from auditor.store.files import flush_names, keep_only, make_folder, refuse_links, remove, sweep, write_bytes
from auditor.store.journal import NAME as JOURNAL
from auditor.store.journal import Attempt, Journal, first_problem
from auditor.store.snapshot_folders import folders_in, snapshot_name, why_no_snapshot

SCHEMA_VERSION = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
ORGANIZATION_FOLDER = "organization"
"""Stands in place of an account's id for what belongs to the organization as a whole."""
MAX_EVIDENCE = 512 << 20
"""Bytes of one file; what AWS answers about the largest account is a tenth of it."""
UNSEALED = ("EvidenceChanged", "EvidenceMissing")
"""Codes of gaps that are in the snapshot since it was sealed."""


@dataclass(frozen=True)
class Manifest:
    """What was collected, by whom, when and with which settings; all times are UTC.

    ``accounts`` holds every account of the organization, in the order of their ids; ``organization_record`` what
    belongs to the organization as a whole, None when nothing of that kind was wanted; ``attempts`` the runs that
    filled the snapshot, the first one first; ``run`` is what the last of them cost (``auditor.aws.statistics``).

    ``catalog`` is what the last run collected for, ``journal`` the journal as it was when this was written,
    ``previous`` the newest older snapshot of the organization beside this one; manifests of older versions have none
    of these.
    """

    schema_version: int
    snapshot_id: str
    tool_version: str
    organization: Organization
    caller: Caller
    as_of: AwareDatetime
    started_at: AwareDatetime
    finished_at: AwareDatetime
    interrupted: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    accounts: tuple[AccountRecord, ...] = ()
    organization_record: OrganizationRecord | None = None
    attempts: tuple[Attempt, ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    catalog: CatalogStamp | None = None
    journal: FileStamp | None = None
    previous: Predecessor | None = None

    @property
    def evidence(self) -> Iterator[EvidenceFile]:
        """Every evidence file, of all accounts and of the organization."""
        for account in self.accounts:
            yield from account.evidence
        if self.organization_record:
            yield from self.organization_record.evidence


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)
_PREVIOUS: TypeAdapter[Predecessor | None] = TypeAdapter(Predecessor | None)


class SnapshotWriter:
    """Fills one snapshot folder, which it holds alone; ``journal`` knows what earlier attempts left."""

    def __init__(self, folder: Path, started_at: datetime) -> None:
        self.folder, self.started_at, self.journal = folder, started_at, Journal(folder)
        self._evidence = EvidenceFiles(folder)

    @classmethod
    def create(cls, out: Path, organization_id: str, started_at: datetime) -> SnapshotWriter:
        """Make ``<out>/<organization_id>-<started_at>``, a second later where that one is taken."""
        make_folder(out)
        while True:
            folder = out / snapshot_name(organization_id, started_at)
            try:
                folder.mkdir(mode=0o700)
                folder.chmod(0o700)  # whatever the umask
                return cls(folder, started_at)
            except FileExistsError:
                started_at += timedelta(seconds=1)
            except OSError as error:
                raise SnapshotError(f"cannot make the folder {folder}: {error.strerror}") from error

    @classmethod
    def resume(cls, folder: Path) -> SnapshotWriter:
        """Go on with a snapshot that was begun. Raises SnapshotError when there is nothing to go on with."""
        if not (folder / "journal.jsonl").is_file():
            raise SnapshotError(f"{folder} cannot be resumed: {why_no_snapshot(folder)}")
        refuse_links(folder)
        journal = Journal(folder)
        journal.close()
        if not journal.attempts:
            raise SnapshotError(f"{folder} cannot be resumed: its journal has no start entry; start a new run")
        writer = cls(folder, journal.attempts[0].started_at)
        for place in (folder, *(folder / EVIDENCE).glob("*")):
            sweep(place)
        return writer

    @property
    def snapshot_id(self) -> str:
        return self.folder.name

    def is_whole(self, file: EvidenceFile) -> bool:
        """Whether the evidence on the disk is what was collected."""
        try:
            return stamp_at(self.folder / file.path) == FileStamp(file.sha256, file.size)
        except OSError:
            return False

    def settle(self, files: Iterable[EvidenceFile]) -> set[str]:
        """Wait until ``files`` are on the disk to stay; the paths of those that are not as they were collected."""
        return settle(self.folder, {file.path: FileStamp(file.sha256, file.size) for file in files})

    def store(self, owner: str, evidence: Evidence) -> EvidenceFile:
        """Keep the exact bytes of one piece of evidence of an account, or of ORGANIZATION_FOLDER."""
        return self._evidence.store(owner, evidence)

    def close(self) -> None:
        """Write no more."""
        self._evidence.close()
        self.journal.close()

    def seal(self, manifest: Manifest) -> Snapshot:
        """Write the manifest with what it says of the journal and of its predecessor; returns what it has become.

        The checksums come first and the manifest last: without it nothing is sealed, and all can be done again. What
        an account that was cut off left half done goes, as does a signature of an earlier seal.
        """
        self.journal.flush()
        before = predecessor(self.folder, manifest.organization.id, self.started_at)
        manifest = replace(manifest, journal=stamp_at(self.folder / JOURNAL), previous=before)
        content = _manifest_content(manifest)
        remove(self.folder / SIGNATURE)
        sweep(self.folder)
        keep_only(self.folder / EVIDENCE, {self.folder / file.path for file in manifest.evidence})
        write_bytes(self.folder / EVIDENCE_FILE, sealed_checksums(manifest, content))
        flush_names(self.folder / EVIDENCE)
        flush_names(self.folder)
        write_bytes(self.folder / MANIFEST, content)
        flush_names(self.folder)
        flush_names(self.folder.parent)
        self.close()
        return Snapshot(self.folder, manifest)


class Snapshot:
    """A sealed snapshot, read offline.

    ``whole`` is the manifest of all accounts, ``unusable`` the paths of the evidence that was read and is not what was
    collected; a snapshot that was narrowed shares both.
    """

    def __init__(self, folder: Path, manifest: Manifest, unusable: set[str] | None = None) -> None:
        self.folder, self.manifest, self.whole = folder, manifest, manifest
        self.unusable: set[str] = set() if unusable is None else unusable

    @classmethod
    def open(cls, folder: Path) -> Snapshot:
        """Read the manifest of ``folder``; SnapshotError says what is wrong with it."""
        try:
            content = (folder / MANIFEST).read_bytes()
        except OSError as error:
            raise SnapshotError(f"{folder} is not a snapshot: {why_no_snapshot(folder)}") from error
        return cls(folder, parse_manifest(folder, content))

    def manifest_sha256(self) -> str:
        """The root hash: the manifest lists the hashes of all the rest."""
        return stamp_at(self.folder / MANIFEST).sha256

    def signature(self) -> bytes | None:
        """What stands in ``manifest.sig``; None where there is none that can be read."""
        try:
            return (self.folder / SIGNATURE).read_bytes()
        except OSError:
            return None

    def narrowed(self, accounts: tuple[AccountRecord, ...]) -> Snapshot:
        """The same snapshot without the other accounts."""
        narrow = Snapshot(self.folder, replace(self.manifest, accounts=accounts), self.unusable)
        narrow.whole = self.whole
        return narrow

    def read(self, file: EvidenceFile) -> bytes:
        """The bytes of one evidence file; EvidenceError when it is missing or not what was collected."""
        try:
            return self._read(file)
        except EvidenceError:
            self.unusable.add(file.path)
            raise

    def _read(self, file: EvidenceFile) -> bytes:
        target = (self.folder / file.path).resolve()
        if not target.is_relative_to((self.folder / EVIDENCE).resolve()):
            raise EvidenceError("read", "EvidenceOutside", f"{file.path} lies outside the snapshot")
        if file.size > MAX_EVIDENCE:
            raise EvidenceError("read", "EvidenceTooLarge", f"{file.path} is larger than {MAX_EVIDENCE >> 20} MiB")
        try:
            with target.open("rb") as stream:
                content = stream.read(file.size + 1)  # whatever lies there now
        except OSError as error:
            raise EvidenceError("read", "EvidenceMissing", f"{file.path}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise EvidenceError("read", "EvidenceChanged", f"{file.path} is not the file that was collected")
        return content


def _manifest_content(manifest: Manifest) -> bytes:
    try:
        return _MANIFEST.dump_json(manifest, indent=1) + b"\n"
    except PydanticSerializationError:  # a lone surrogate, as in the name of a file that is not UTF-8
        values = _MANIFEST.dump_python(manifest, mode="json")
        return clean(json.dumps(values, indent=1, ensure_ascii=False)).encode() + b"\n"


def sealed_checksums(manifest: Manifest, content: bytes, signature: bytes | None = None) -> bytes:
    """What ``evidence.sha256`` holds; ``content`` is the exact bytes of the manifest, ``signature`` of manifest.sig."""
    digests = {file.path: file.sha256 for file in manifest.evidence}
    digests[MANIFEST] = hashlib.sha256(content).hexdigest()
    if manifest.journal:
        digests[JOURNAL] = manifest.journal.sha256
    if signature is not None:
        digests[SIGNATURE] = hashlib.sha256(signature).hexdigest()
    return checksum_lines(digests)


def predecessor(folder: Path, organization_id: str, started_at: datetime) -> Predecessor | None:
    """What a snapshot's manifest shall name as the one before: what it named when it was sealed before, else the
    newest sealed one of the organization beside ``folder`` that was started earlier."""
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        return _PREVIOUS.validate_python(json.loads((folder / MANIFEST).read_bytes())["previous"])
    started = f"{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    named = re.compile(re.escape(organization_id) + r"-(\d{8}T\d{6}Z)")
    older = [p for p in folders_in(folder.parent) if (m := named.fullmatch(p.name)) and m[1] < started]
    sealed = [p for p in older if (p / MANIFEST).is_file()]
    if not sealed:
        return None
    newest = max(sealed, key=lambda p: p.name)
    return Predecessor(newest.name, stamp_at(newest / MANIFEST).sha256)


def parse_manifest(folder: Path, content: bytes) -> Manifest:
    """The manifest of ``folder``. Raises SnapshotError when it is torn or of another version."""
    try:
        raw = json.loads(content)
        version = raw["schema_version"] if isinstance(raw, dict) else None
        if version != SCHEMA_VERSION:
            raise SnapshotError(
                f"{folder}/manifest.json has schema version {version!r}; this program reads {SCHEMA_VERSION}"
            )
        return _MANIFEST.validate_json(content)
    except (ValueError, KeyError, RecursionError) as error:
        first = first_problem(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
        raise SnapshotError(f"{folder}/manifest.json is torn or was not written by this program: {first}") from error
