"""Folders of snapshots: how they are named, and which of those in a place is the newest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from auditor.errors import SnapshotError

_NAME = re.compile(r".+-(\d{8}T\d{6}Z)")


def snapshot_name(organization_id: str, started_at: datetime) -> str:
    """``<organization id>-20261124T101500Z``."""
    return f"{organization_id}-{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def folders_in(out: Path) -> Iterable[Path]:
    """The folders right below ``out``; none where it does not exist."""
    return sorted(p for p in out.iterdir() if p.is_dir()) if out.is_dir() else []


def sealed_snapshots(out: Path) -> list[Path]:
    """The sealed snapshots below ``out``, in the order in which they were started."""
    found = [(m[1], p) for p in folders_in(out) if (m := _NAME.fullmatch(p.name))]
    return [folder for _, folder in sorted(found) if (folder / "manifest.json").is_file()]


def newest_snapshot(out: Path) -> Path:
    """The sealed snapshot below ``out`` that was started last. Raises SnapshotError where there is none."""
    sealed = sealed_snapshots(out)
    if not sealed:
        raise SnapshotError(f"there is no snapshot below {out}; make one with 'auditor run' or name one")
    return sealed[-1]


def why_no_snapshot(folder: Path) -> str:
    """The end of the sentence that a folder is not a snapshot."""
    if not folder.is_dir():
        return "it is not a folder" if folder.exists() else "there is no such folder"
    if (folder / "journal.jsonl").exists():
        return "its collection was cut off before the manifest was written"
    return "it holds no readable manifest.json"
