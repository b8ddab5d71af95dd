"""Whether a snapshot that is used is still as it was sealed, from what was read of it anyway.

Whoever reads evidence hashes it (``Snapshot.read``), and what it found is counted here. Of what nobody read only the
size is looked at, which takes no reading: ``auditor verify`` hashes everything.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.store.checksums import EVIDENCE_FILE
from auditor.store.journal import NAME as JOURNAL
from auditor.store.snapshot import MANIFEST, Manifest, Snapshot


@dataclass(frozen=True)
class SealedState:
    """How many files of a snapshot are not as they were sealed; ``sealed`` is how many there were."""

    folder: Path
    sealed: int
    changed: int = 0
    missing: int = 0
    added: int = 0

    @property
    def sentence(self) -> str:
        """Empty where everything is as it was sealed."""
        counts = {"changed": self.changed, "missing": self.missing, "added": self.added}
        told = [f"{count:,} {'is' if count == 1 else 'are'} {what}" for what, count in counts.items() if count]
        if not told:
            return ""
        return (
            f"{self.folder} is not as it was sealed: of {self.sealed:,} files {', '.join(told)}; evidence that is not "
            f"as it was collected counts as an evidence gap; 'auditor verify {self.folder}' lists the files"
        )


def sealed_state(snapshot: Snapshot, unusable: Collection[str] = ()) -> SealedState:
    """What can be seen without reading a file again; ``unusable`` are the paths of evidence that somebody else than
    ``snapshot.read`` found changed or missing."""
    files = {file.path: file.size for file in snapshot.whole.evidence}
    sizes = dict(_sizes(snapshot.folder / "evidence", "evidence"))
    wrong = {*snapshot.unusable, *unusable} & files.keys()
    changed = {path for path in wrong if path in sizes}
    changed |= {path for path, size in files.items() if path in sizes and sizes[path] != size}
    changed |= set(_changed_beside(snapshot.folder, snapshot.whole))
    return SealedState(
        folder=snapshot.folder,
        sealed=len(files) + 1 + len(_beside(snapshot.whole)),
        changed=len(changed),
        missing=len(files.keys() - sizes.keys())
        + sum(not (snapshot.folder / name).is_file() for name in _beside(snapshot.whole)),
        added=len(sizes.keys() - files.keys()),
    )


def _sizes(folder: Path, name: str) -> Iterator[tuple[str, int]]:
    """The files below ``folder`` by their names in the snapshot; no link is followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _sizes(Path(entry.path), f"{name}/{entry.name}")
        else:
            yield f"{name}/{entry.name}", entry.stat(follow_symlinks=False).st_size


def _changed_beside(folder: Path, manifest: Manifest) -> Iterator[str]:
    """The journal, whose size the manifest has, and the manifest, whose hash stands in the list of checksums."""
    journal = folder / JOURNAL
    if manifest.journal and journal.is_file() and journal.stat().st_size != manifest.journal.size:
        yield JOURNAL
    try:
        listed, content = (folder / EVIDENCE_FILE).read_bytes(), (folder / MANIFEST).read_bytes()
    except OSError:
        return
    if f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode() not in listed:
        yield MANIFEST


def _beside(manifest: Manifest) -> tuple[str, ...]:
    """What is sealed beside manifest and evidence; older versions vouched for neither."""
    return (JOURNAL, EVIDENCE_FILE) if manifest.journal else ()
