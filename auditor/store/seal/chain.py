"""The chain of an organization's snapshots: each names the root hash of the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from auditor.errors import SnapshotError
from auditor.model import Predecessor
from auditor.store.checksums import EVIDENCE_FILE
from auditor.store.journal import NAME as JOURNAL
from auditor.store.seal.contents import FolderContents
from auditor.store.seal.differences import Difference, Kind, Verified
from auditor.store.seal.signature import PublicKey
from auditor.store.seal.verifying import verify
from auditor.store.snapshot import MANIFEST, Snapshot
from auditor.times import iso

_SIGNS = (MANIFEST, JOURNAL, EVIDENCE_FILE, "evidence")
"""A folder with one of these is a snapshot, or what is left of one."""


@dataclass(frozen=True)
class _Link:
    """What the chain needs of one snapshot; a whole manifest may be large, and there may be many."""

    verified: Verified
    id: str
    organization: str
    started_at: datetime
    finished_at: datetime
    attempts: int
    previous: Predecessor | None
    names_one: bool

    @classmethod
    def of(cls, verified: Verified) -> _Link | None:
        """None where the manifest cannot be read, which was told."""
        try:
            manifest = Snapshot.open(verified.where).manifest
        except SnapshotError:
            return None
        return cls(
            verified,
            manifest.snapshot_id,
            manifest.organization.id,
            manifest.started_at,
            manifest.finished_at,
            len(manifest.attempts),
            manifest.previous,
            names_one=manifest.journal is not None,
        )

    def came_before(self, other: _Link) -> bool:
        """Whether it was begun earlier than ``other``, and was sealed when that was."""
        return self.started_at < other.started_at and self.finished_at <= other.finished_at


def is_snapshot(folder: Path) -> bool:
    return any((folder / name).exists() or (folder / name).is_symlink() for name in _SIGNS)


def verify_folder(folder: Path, public_key: PublicKey | None = None) -> tuple[Verified, ...]:
    """Verify the snapshot in ``folder``, or every snapshot right below it and then the chains they make.

    Raises SnapshotError where there is none.
    """
    if is_snapshot(folder):
        return (verify(FolderContents(folder), public_key),)
    found = sorted(p for p in folder.iterdir() if p.is_dir() and is_snapshot(p)) if folder.is_dir() else []
    if not found:
        why = "there is no such folder" if not folder.exists() else "no snapshot is there"
        raise SnapshotError(f"{folder} cannot be verified: {why}")
    return _chained([verify(FolderContents(place), public_key) for place in found])


def _chained(verified: Sequence[Verified]) -> tuple[Verified, ...]:
    """The same, with what the chains tell of each."""
    links = [link for v in verified if (link := _Link.of(v))]
    links.sort(key=lambda link: (link.organization, link.started_at, link.id))
    told: dict[Path, Verified] = {v.where: v for v in verified}
    for _, group in groupby(links, key=lambda link: link.organization):
        chain = list(group)
        for link in chain:
            differences, notes = _problems_and_notes(link, chain)
            old = told[link.verified.where]
            told[old.where] = replace(old, differences=old.differences + differences, notes=old.notes + notes)
    return tuple(told.values())


def _problems_and_notes(link: _Link, chain: Sequence[_Link]) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """What is wrong with a link, and what is worth knowing."""
    notes, previous = list(_twins(link, chain)), link.previous
    if not link.names_one:
        return (), (*notes, "sealed by a version that names no predecessor")
    older = [other for other in chain if other.came_before(link)]
    if previous is None:
        return tuple(_skipped(older, "no predecessor")), (*notes, *(() if older else ("the chain begins here",)))
    named = [other for other in chain if other.id == previous.snapshot_id]
    if not named and not older:
        return (), (*notes, f"the chain goes on before it with {previous.snapshot_id}, which is not here")
    if not named:
        missing = f"its predecessor {previous.snapshot_id} is not here, though older ones are"
        return (Difference(Kind.CHAIN, MANIFEST, missing),), tuple(notes)
    if all(other.verified.root != previous.root for other in named):
        return (Difference(Kind.CHAIN, MANIFEST, _unfit(link, previous, named[0])),), tuple(notes)
    between = [other for other in older if named[0].came_before(other)]
    return tuple(_skipped(between, previous.snapshot_id)), tuple(notes)


def _skipped(between: Sequence[_Link], named: str) -> Iterator[Difference]:
    for other in between:
        yield Difference(Kind.CHAIN, MANIFEST, f"it names {named}, but {other.id} came before it, too")


def _unfit(link: _Link, previous: Predecessor, named: _Link) -> str:
    told = f"it names {previous.snapshot_id} with the root hash {previous.root}, which now is {named.verified.root}"
    if named.attempts > 1 and named.finished_at >= link.started_at:
        return f"{told}: that one was sealed again by a later run, which ended at {iso(named.finished_at)}"
    return f"{told}: that one was changed or replaced"


def _twins(link: _Link, chain: Sequence[_Link]) -> Iterator[str]:
    for other in chain:
        if other is not link and other.id == link.id:
            yield f"{other.verified.where} holds the same snapshot"
