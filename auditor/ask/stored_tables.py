"""The tables of a snapshot on disk: which there are, what they were made of, and whether they are unchanged."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.ask.derivation import Derivation
from auditor.errors import DifferenceError, SnapshotError
from auditor.settings import Settings
from auditor.store.checksums import stamp_at
from auditor.store.snapshot_folders import why_no_snapshot

SUMMARY = "summary.json"
_FOLDER, _SUFFIX = "tables/", ".parquet"


@dataclass(frozen=True)
class StoredTables:
    """``sha256`` of each table's file by the table's name; the files lie in ``folder/tables``."""

    folder: Path
    snapshot_id: str
    as_of: str
    derived_from: Mapping[str, Any]
    sha256: Mapping[str, str]

    @classmethod
    def in_folder(cls, folder: Path) -> StoredTables | None:
        """What the summary in ``folder`` says of the tables beside it; None where there is none, or it says nothing."""
        try:
            told = json.loads((folder / SUMMARY).read_bytes())
            derived_from, files = told["tables"]["derived_from"], told["files"]
            sha256 = {_name(file): str(files[file]["sha256"]) for file in files if _is_table(file)}
            return cls(folder, str(told["snapshot_id"]), str(told["as_of"]), dict(derived_from), sha256)
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def path(self, table: str) -> Path:
        return self.folder / f"{_FOLDER}{table}{_SUFFIX}"

    @property
    def is_whole(self) -> bool:
        """Whether every file is there."""
        return bool(self.sha256) and all(self.path(table).is_file() for table in self.sha256)

    def mark_opened(self) -> None:
        """Tables of the cache stay as long as queries open them."""
        with suppress(OSError):  # a cache that cannot be written is none that is cleared
            os.utime(self.folder)

    def check(self, tables: Iterable[str]) -> None:
        """Raise DifferenceError where the file of one of these tables is not the one that the summary names."""
        for table in tables:
            if stamp_at(self.path(table)).sha256 != self.sha256[table]:
                raise DifferenceError(
                    f"{self.path(table)} is not the file that its summary.json names; "
                    f"'auditor report {self.folder}' writes it again"
                )


def wanted_derivation(snapshot: Path, settings: Settings, found: StoredTables | None) -> Derivation:
    """What the tables have to be made of by these settings. Raises SnapshotError where ``snapshot`` is none."""
    sha256 = _manifest_sha256(snapshot)
    if found and found.derived_from.get("manifest_sha256") == sha256:
        return Derivation.of(settings, sha256, str(found.derived_from.get("snapshot_as_of")))
    from auditor.store.snapshot import Snapshot  # slow to load

    return Derivation.of(settings, sha256, Snapshot.open(snapshot).manifest.as_of)


def reasons_to_make(wanted: Derivation, found: StoredTables | None) -> list[str]:
    """Why the tables that were found are not those that are wanted, a phrase each; empty where they are."""
    if found is None:
        return ["there are none"]
    return wanted.changes_since(found.derived_from) or ([] if found.is_whole else ["files of them are missing"])


def cache_folder() -> Path:
    """Where tables are kept that do not stand in their snapshot (0700): ``$XDG_CACHE_HOME/auditor/tables``."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".cache") / "auditor" / "tables"


def _manifest_sha256(snapshot: Path) -> str:
    try:
        return stamp_at(snapshot / "manifest.json").sha256
    except OSError as error:
        raise SnapshotError(f"{snapshot} is not a snapshot: {why_no_snapshot(snapshot)}") from error


def _is_table(file: str) -> bool:
    name = _name(file)
    return file == f"{_FOLDER}{name}{_SUFFIX}" and "/" not in name


def _name(file: str) -> str:
    return file.removeprefix(_FOLDER).removesuffix(_SUFFIX)
