"""A snapshot judged in batches of accounts, so that memory depends on the batch and not on the organization.

What the accounts have in common is gathered first. Then each batch is judged by itself, and its tables are written to
the disk; who runs the batches, one after another or in many processes, is up to the caller. At the end the small
tables are put together, and the large ones are read from the disk a block at a time. Every byte that is made of them
is the same as that of a snapshot judged at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from auditor.catalog import Control
from auditor.judge.assessing import Criteria, JudgedTables, assessment_of, judged_tables
from auditor.judge.assessment import Assessment
from auditor.judge.evaluator import controls_frame, stacked
from auditor.judge.waivers import waivers_of_batches
from auditor.kinds import KINDS
from auditor.kinds.declaration import Owner
from auditor.model import CREDENTIAL_REPORT, AccountRecord, OrganizationRecord, Unit
from auditor.store.snapshot import Manifest, Snapshot
from auditor.tables import EVIDENCE_TABLES
from auditor.tables.segments import Segment, write_segment
from auditor.tables.shared import Shared

BATCH_BYTES = 8 << 20
"""Evidence of one batch: some 35,000 users."""
_DOCUMENT_WEIGHT = 2
"""A byte of JSON becomes this many times as much in memory as one of a credential report."""
_OWN_TEXTS = ("resource_arn", "resource_name")
"""Columns of findings that are categories in memory. In the portion of one control nearly every row has a text of its
own: to read all texts of a batch for each portion would take far longer."""
_SMALL = ("accounts", "gaps", "remarks", "by_account", "bridge", "waivers", "waiver_matches")
_ALWAYS = ("findings", "users")
Batch: TypeAlias = tuple[AccountRecord, ...]


@dataclass(frozen=True)
class BatchTask:
    """What a process needs in order to judge any batch; it can be sent to another machine that sees the folders."""

    folder: Path
    manifest: Manifest
    criteria: Criteria
    shared: Shared
    segments: Path

    def __call__(self, batch: tuple[int, Batch]) -> tuple[Segment, frozenset[str]]:
        """Judge a batch, by its number and accounts; with the paths of the evidence that is not what was collected."""
        number, records = batch
        snapshot = Snapshot(self.folder, replace(self.manifest, accounts=records))
        judged = judged_tables(snapshot, self.criteria, self.shared)
        segment = _written(self.segments / str(number), judged, self.criteria, with_empty=False)
        return segment, frozenset(snapshot.unusable)


Each: TypeAlias = Callable[[BatchTask, Sequence[tuple[int, Batch]]], Iterable[tuple[Segment, frozenset[str]]]]
"""Does a task for each batch; the results are in the order of the batches."""


def batches_of(snapshot: Snapshot, batch_bytes: int | None = None) -> list[Batch]:
    """Every account in one batch, in the order of their ids; a batch has at most ``BATCH_BYTES`` where no other number
    is given, or one account."""
    batches: list[list[AccountRecord]] = [[]]
    most = room = batch_bytes or BATCH_BYTES
    for record in sorted(snapshot.manifest.accounts, key=lambda r: r.account.id):
        weight = sum(f.size * (1 if f.kind == CREDENTIAL_REPORT else _DOCUMENT_WEIGHT) for f in record.evidence)
        if weight > room and batches[-1]:
            batches.append([])
            room = most
        batches[-1].append(record)
        room -= weight
    return [tuple(batch) for batch in batches]


def assess_in_batches(
    snapshot: Snapshot, criteria: Criteria, batches: Sequence[Batch], each: Each, folder: Path
) -> Assessment:
    """The same assessment as ``assess`` makes; its large tables are in ``folder``, which must stay while it is used."""
    shared = criteria.shared_facts(snapshot, for_batches=True)
    of_accounts = _criteria_of(criteria, of_organization=False)
    # A batch hears of no account but its own, and has no gap of the organization's.
    its_own = replace(shared, accounts=(), organization=OrganizationRecord())
    manifest = replace(snapshot.manifest, accounts=())
    task = BatchTask(snapshot.folder, manifest, of_accounts, its_own, folder)
    segments = []
    for segment, unusable in each(task, list(enumerate(batches))):
        segments.append(segment)
        snapshot.unusable |= unusable
    organization = _of_organization(snapshot, criteria, shared, folder)
    large = TablesOnDisk(tuple(segments), organization, criteria.selection.controls, shared.accounts)
    return assessment_of(snapshot, criteria, shared, _put_together(large, criteria))


def _of_organization(snapshot: Snapshot, criteria: Criteria, shared: Shared, folder: Path) -> Segment:
    """Judged with the management account alone, whose own rows are another batch's."""
    management = snapshot.manifest.organization.management_account_id
    records = tuple(r for r in snapshot.manifest.accounts if r.account.id == management)
    own = _criteria_of(criteria, of_organization=True)
    judged = judged_tables(snapshot.narrowed(records), own, shared)
    gaps = judged.gaps[judged.gaps["account_id"] == ""]
    nobody = {name: getattr(judged, name).iloc[:0] for name in ("accounts", "remarks")}
    return _written(folder / "organization", replace(judged, gaps=gaps, **nobody), own, with_empty=True)


def _criteria_of(criteria: Criteria, *, of_organization: bool) -> Criteria:
    controls = tuple(c for c in criteria.selection.controls if _is_of_organization(c) == of_organization)
    return replace(criteria, selection=replace(criteria.selection, controls=controls))


def _is_of_organization(control: Control) -> bool:
    """Whether its units are of no account, or their evidence is the organization's."""
    is_common = bool(control.evidence) and KINDS[control.evidence[0]].owner is Owner.ORGANIZATION
    return is_common or control.unit is Unit.ORGANIZATION


def _written(folder: Path, judged: JudgedTables, criteria: Criteria, *, with_empty: bool) -> Segment:
    """``with_empty``: tables without rows, too, which say how a table looks that is empty everywhere."""
    tables = {_small_file(name): getattr(judged, name) for name in _SMALL}
    tables |= {name: judged.large.frame(name) for name in judged.large.names}
    tables["findings"] = tables["findings"].astype(dict.fromkeys(_OWN_TEXTS, "str"))
    tables = {name: frame for name, frame in tables.items() if with_empty or len(frame) or name in _ALWAYS}
    return write_segment(folder, tables, {"findings": _rows_of_controls(tables["findings"], criteria)})


def _small_file(name: str) -> str:
    """Tables of evidence may have any name."""
    return f"{name}+"


def _rows_of_controls(findings: pd.DataFrame, criteria: Criteria) -> list[int]:
    counts = findings["control_id"].value_counts(sort=False)
    return [int(counts.get(control.id, 0)) for control in criteria.selection.controls]


def _put_together(large: TablesOnDisk, criteria: Criteria) -> JudgedTables:
    parts = {name: [s.frame(_small_file(name)) for s in large.segments if s.has(_small_file(name))] for name in _SMALL}
    controls = [control.id for control in criteria.selection.controls]
    by_account = large.with_all_places(_by_control(stacked(parts["by_account"]), controls))
    return JudgedTables(
        accounts=stacked(parts["accounts"]),
        gaps=stacked(parts["gaps"]),
        remarks=stacked(parts["remarks"]),
        controls=controls_frame(criteria.selection, by_account),
        by_account=by_account,
        bridge=large.with_all_places(_by_control(stacked(parts["bridge"]), controls)),
        waivers=waivers_of_batches(criteria.waivers, parts["waivers"], criteria.as_of, controls),
        waiver_matches=stacked(parts["waiver_matches"]),
        large=large,
    )


def _by_control(rows: pd.DataFrame, controls: Sequence[str]) -> pd.DataFrame:
    """In the order of the controls; the rows of one keep theirs."""
    found = rows.assign(control_id=rows["control_id"].cat.set_categories(pd.Index(list(controls), dtype="str")))
    order = np.argsort(found["control_id"].cat.codes.to_numpy(), kind="stable")
    return found.take(order).reset_index(drop=True)


@dataclass(frozen=True)
class TablesOnDisk:
    """The large tables of all batches: ``of_accounts`` in their order, and those of the organization."""

    of_accounts: tuple[Segment, ...]
    of_organization: Segment
    controls: tuple[Control, ...]
    accounts: tuple[Any, ...]

    @property
    def segments(self) -> tuple[Segment, ...]:
        return (*self.of_accounts, self.of_organization)

    @property
    def in_memory(self) -> bool:
        return False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self.of_organization.rows if name not in map(_small_file, _SMALL))

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
        numbers = {True: 0, False: 0}
        yield self.of_organization.frame("findings").iloc[:0]
        for control in self.controls:
            is_common = _is_of_organization(control)
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
