"""What ``auditor verify`` tells: each difference between a snapshot and what was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What happened to a file; a contradiction is between files that vouch for each other."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    CONTRADICTION = "contradiction"
    SIGNATURE = "signature"
    CHAIN = "chain"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was sealed; ``name`` is the file's, relative to the snapshot."""

    kind: Kind
    name: str
    message: str


@dataclass(frozen=True)
class Verified:
    """One snapshot, looked at. ``root`` is the hash of its manifest as it is now, empty where there is none.

    ``signature`` says in words how it stands with one; ``notes`` is what an auditor should know and is no difference.
    """

    where: Path
    snapshot_id: str
    organization_id: str
    root: str
    files: int
    signature: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        return not self.differences

    def facts(self) -> Mapping[str, object]:
        """The same for ``--format json``."""
        return {
            "path": str(self.where),
            "snapshot_id": self.snapshot_id,
            "organization_id": self.organization_id,
            "root_hash": self.root,
            "files": self.files,
            "signature": self.signature,
            "unchanged": self.unchanged,
            "differences": [{"kind": d.kind.value, "file": d.name, "message": d.message} for d in self.differences],
            "notes": list(self.notes),
        }
