"""Reads the findings of an earlier snapshot, or says why they cannot be relied on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pydantic import AwareDatetime, BaseModel

from auditor.csv_file import FORMULA_START, delimiter_of
from auditor.errors import SnapshotError
from auditor.history.units import RESOURCE, TEST, TEXT, Numbers, Table, Units
from auditor.model import Outcome, Status
from auditor.store.snapshot import Snapshot
from auditor.store.snapshot_folders import snapshot_name
from auditor.times import iso

_COLUMNS = (*TEST, *RESOURCE, "status")
_BLOCK = 16 << 20  # bytes that are parsed at once; no row is longer
_HEAD = 256 << 10  # bytes that are enough to see the delimiter
_GUARDED = f"^'({FORMULA_START})"
_LEFT_OPEN = pa.array([Status.NO_EVIDENCE.value, Status.MANUAL.value], TEXT)
_ANOTHER_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Earlier:
    """An earlier snapshot: its findings as texts, which controls were chosen, and which accounts were in scope."""

    started_at: datetime
    rows: Table
    controls: frozenset[str]
    accounts: frozenset[str]

    def tested(self, units: Units) -> Numbers:
        """For each unit, whether its control was tested in its account, and nothing there was left open."""
        places = zip(units.accounts, units.controls, strict=True)
        tests = np.array([a in self.accounts and c in self.controls for a, c in places], dtype=bool)
        left_open = units.tests.of(self.rows.filter(pc.is_in(self.rows["status"], _LEFT_OPEN)))
        tests[left_open[left_open >= 0]] = False
        return tests[units.test]


class _File(BaseModel):
    sha256: str


class _Control(BaseModel):
    control_id: str


class _Origin(BaseModel):
    manifest_sha256: str
    as_of: AwareDatetime
    redacted: Any = None  # only where it is


class _Summary(BaseModel):
    """What is needed of a ``summary.json``."""

    derived_from: _Origin
    controls: tuple[_Control, ...]
    files: dict[str, _File]


def earlier_folders(snapshot: Snapshot) -> Iterator[Path]:
    """The sealed snapshots beside this one that are older and of the same organization, the newest first."""
    manifest = snapshot.manifest
    own = snapshot_name(manifest.organization.id, manifest.started_at)
    name = re.compile(re.escape(manifest.organization.id) + r"-\d{8}T\d{6}Z")
    beside = snapshot.folder.resolve().parent.iterdir()
    found = [path for path in beside if name.fullmatch(path.name) and path.name < own]
    return (path for path in sorted(found, reverse=True) if (path / "manifest.json").is_file())


def read_earlier(folder: Path, later: Snapshot) -> Earlier:
    """An earlier snapshot of the organization. SnapshotError says why it cannot be used."""
    snapshot = Snapshot.open(folder)
    manifest = snapshot.manifest
    if manifest.organization.id != later.manifest.organization.id or manifest.started_at >= later.manifest.started_at:
        raise SnapshotError(f"{folder} is not the snapshot that its name tells")
    summary = _summary(folder)
    _check(summary.derived_from, snapshot)
    return Earlier(
        manifest.started_at,
        _findings(folder / "findings.csv", summary),
        frozenset(control.control_id for control in summary.controls),
        frozenset(r.account.id for r in manifest.accounts if r.outcome is not Outcome.EXCLUDED),
    )


def _summary(folder: Path) -> _Summary:
    path = folder / "summary.json"
    try:
        return _Summary.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}; 'auditor report {folder}' writes it") from error
    except ValueError as error:
        raise SnapshotError(f"{path} is damaged: {str(error).splitlines()[0]}") from error


def _check(origin: _Origin, snapshot: Snapshot) -> None:
    folder, started_at = snapshot.folder, snapshot.manifest.started_at
    if origin.manifest_sha256 != snapshot.manifest_sha256():
        raise SnapshotError(f"{folder}/summary.json is about another snapshot")
    if origin.redacted:
        raise SnapshotError(f"{folder}/findings.csv is redacted")
    if origin.as_of > started_at + _ANOTHER_DAY:
        raise SnapshotError(f"{folder} was begun at {iso(started_at)}, but judged as of {iso(origin.as_of)}")


def _findings(path: Path, summary: _Summary) -> Table:
    """The texts of _COLUMNS in exactly the file that the summary names, as they were before CSV."""
    named = summary.files.get(path.name)
    if named is None:
        raise SnapshotError(f"{path.parent} has no {path.name}; 'auditor report {path.parent} --format csv' writes it")
    try:
        content = pa.memory_map(str(path)).read_buffer()
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read") from error
    if hashlib.sha256(content).hexdigest() != named.sha256:
        raise SnapshotError(f"{path} is not the file that its summary.json names")
    try:
        table = _parsed(content)
    except pa.ArrowException as error:
        raise SnapshotError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    for name in RESOURCE:
        table = table.set_column(table.schema.get_field_index(name), name, _bare(table[name]))
    return table


def _parsed(content: Any) -> Table:
    """Whatever the delimiter, as ``auditor.csv_file`` sees it."""
    head = content[:_HEAD].to_pybytes().decode("utf-8", "replace")
    return csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(block_size=_BLOCK),
        parse_options=csv.ParseOptions(delimiter=delimiter_of(head), newlines_in_values=True),
        convert_options=csv.ConvertOptions(include_columns=_COLUMNS, column_types=dict.fromkeys(_COLUMNS, TEXT)),
    )


def _bare(texts: Any) -> Any:
    """Without the apostrophe that keeps spreadsheets from running a text. AWS's own names begin with none."""
    if not pc.any(pc.starts_with(texts, "'")).as_py():
        return texts
    return pc.replace_substring_regex(texts, _GUARDED, r"\1")
