"""The tables of judged batches on the disk: how they are written, a segment for each batch, and read again.

In a segment, findings are divided by control; whole tables of findings are ordered by control, then by batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa

from auditor.catalog import Control
from auditor.judge.assessing import Criteria, JudgedTables
from auditor.judge.evaluator import stacked
from auditor.kinds import KINDS
from auditor.kinds.declaration import Owner
from auditor.model import CREDENTIAL_REPORT, Account, Unit
from auditor.tables import EVIDENCE_TABLES
from auditor.tables.segments import Segment, as_frame, write_segment

_OWN_TEXTS = ("resource_arn", "resource_name")
"""Columns of findings that are categories in memory. In the portion of one control nearly every row has a text of its
own: to read all texts of a batch for each portion would take far longer."""
_ROWS_AT_ONCE = 20_000
"""Of findings that are read, at least; a block has one more portion at most."""
SMALL_TABLES = ("accounts", "gaps", "remarks", "by_account", "bridge", "waivers", "waiver_matches")
_ALWAYS = ("findings", "users")


def is_of_organization(control: Control) -> bool:
    """Whether its units are of no account, or their evidence is the organization's."""
    is_common = bool(control.evidence) and KINDS[control.evidence[0]].owner is Owner.ORGANIZATION
    return is_common or control.unit is Unit.ORGANIZATION


def write_judged(folder: Path, judged: JudgedTables, criteria: Criteria, *, with_empty: bool) -> Segment:
    """The tables of one batch as a segment. ``with_empty``: those without rows, too; they say how a table looks that is
    empty everywhere. Raises SnapshotError."""
    tables = {_file_of(name): getattr(judged, name) for name in SMALL_TABLES}
    tables |= {name: judged.large.frame(name) for name in judged.large.names}
    tables["findings"] = tables["findings"].astype(dict.fromkeys(_OWN_TEXTS, "str"))
    tables = {name: frame for name, frame in tables.items() if with_empty or len(frame) or name in _ALWAYS}
    return write_segment(folder, tables, {"findings": _rows_of_controls(tables["findings"], criteria)})


def _file_of(name: str) -> str:
    """Tables of evidence may have any name."""
    return f"{name}+"


def _rows_of_controls(findings: pd.DataFrame, criteria: Criteria) -> list[int]:
    counts = findings["control_id"].value_counts(sort=False)
    return [int(counts.get(control.id, 0)) for control in criteria.selection.controls]


@dataclass(frozen=True)
class TablesOnDisk:
    """The large tables of all batches: ``of_accounts`` in their order, and those of the organization."""

    of_accounts: tuple[Segment, ...]
    of_organization: Segment
    controls: tuple[Control, ...]
    accounts: tuple[Account, ...]

    @property
    def segments(self) -> tuple[Segment, ...]:
        return (*self.of_accounts, self.of_organization)

    @property
    def in_memory(self) -> bool:
        return False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self.of_organization.rows if name not in map(_file_of, SMALL_TABLES))

    def small(self, name: str) -> list[pd.DataFrame]:
        """One of ``SMALL_TABLES`` of each batch that has rows of it, and of the organization."""
        return [segment.frame(_file_of(name)) for segment in self.segments if segment.has(_file_of(name))]

    def rows(self, name: str) -> int:
        found = self.segments if name == "findings" else self._segments(name)
        return sum(segment.rows.get(name, 0) for segment in found)

    def blocks(self, name: str) -> Iterator[pd.DataFrame]:
        if name == "findings":
            yield from self._findings()
            return
        columns = self._columns[name]
        yield _with_columns(self.of_organization.frame(name).iloc[:0], columns)
        for segment in self._segments(name):
            if segment.has(name):
                yield _with_columns(segment.frame(name), columns)

    def frame(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            whole = self.with_all_places(stacked(list(self.blocks(name))))
            own = dict.fromkeys(_OWN_TEXTS if name == "findings" else (), "category")
            self._frames[name] = whole.astype(own)
        return self._frames[name]

    def with_all_places(self, frame: pd.DataFrame) -> pd.DataFrame:
        """With all accounts, their names and OUs among the categories, in the order of the accounts."""
        for name, texts in self._places.items():
            if name in frame:
                further = frame[name].cat.categories.difference(texts, sort=False)
                frame[name] = frame[name].cat.set_categories(texts.append(further))
        return frame

    def _findings(self) -> Iterator[pd.DataFrame]:
        """Control by control, and those of one batch by batch."""
        yield self.of_organization.frame("findings").iloc[:0]
        held: list[pa.Table] = []
        for portion in self._portions():
            held.append(portion)
            if sum(rows.num_rows for rows in held) >= _ROWS_AT_ONCE:
                yield as_frame(held)
                held = []
        if held:
            yield as_frame(held)

    def _portions(self) -> Iterator[pa.Table]:
        numbers = {True: 0, False: 0}
        for control in self.controls:
            is_common = is_of_organization(control)
            for segment in (self.of_organization,) if is_common else self.of_accounts:
                yield segment.portion("findings", numbers[is_common])
            numbers[is_common] += 1

    def _segments(self, name: str) -> tuple[Segment, ...]:
        kind = EVIDENCE_TABLES.get(name, ("", CREDENTIAL_REPORT))[1]
        return (self.of_organization,) if KINDS[kind].owner is Owner.ORGANIZATION else self.of_accounts

    @cached_property
    def _columns(self) -> Mapping[str, list[str]]:
        """Those of all batches: a report may have columns that others have not."""
        return {
            name: list(dict.fromkeys(c for s in self._segments(name) if s.has(name) for c in s.columns(name)))
            or self.of_organization.columns(name)
            for name in self.names
            if name != "findings"
        }

    @cached_property
    def _frames(self) -> dict[str, pd.DataFrame]:
        return {}

    @cached_property
    def _places(self) -> Mapping[str, pd.Index]:
        columns = {"account_id": "id", "account_name": "name", "ou_path": "ou_path"}
        return {
            column: pd.Index(list(dict.fromkeys(getattr(a, field) for a in self.accounts)), dtype="str")
            for column, field in columns.items()
        }


def _with_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A column that the batch does not have is one of texts, all missing."""
    missing = [name for name in columns if name not in frame]
    nothing = {name: pd.array([None] * len(frame), dtype="str") for name in missing}
    return frame.assign(**nothing)[list(columns)] if missing else frame
