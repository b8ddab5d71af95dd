"""A snapshot judged in batches of accounts, so that memory depends on the batch and not on the organization.

What the accounts have in common is gathered first. Then each batch is judged by itself, and its tables are written to
the disk; who runs the batches, one after another or in many processes, is up to the caller. At the end the small
tables are put together, and the large ones are read from the disk a block at a time. Every byte that is made of them
is the same as that of a snapshot judged at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from auditor.judge.assessing import Criteria, JudgedTables, assessment_of, judged_tables
from auditor.judge.assessment import Assessment
from auditor.judge.evaluator import controls_frame, stacked
from auditor.judge.tables_on_disk import SMALL_TABLES, TablesOnDisk, is_of_organization, write_judged
from auditor.judge.waivers import waivers_of_batches
from auditor.model import CREDENTIAL_REPORT, AccountRecord, OrganizationRecord
from auditor.store.snapshot import Manifest, Snapshot
from auditor.tables.segments import Segment
from auditor.tables.shared import Shared

BATCH_BYTES = 8 << 20
"""Evidence of one batch: some 35,000 users."""
_DOCUMENT_WEIGHT = 2
"""A byte of JSON becomes this many times as much in memory as one of a credential report."""
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
        segment = write_judged(self.segments / str(number), judged, self.criteria, with_empty=False)
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
    return write_judged(folder / "organization", replace(judged, gaps=gaps, **nobody), own, with_empty=True)


def _criteria_of(criteria: Criteria, *, of_organization: bool) -> Criteria:
    controls = tuple(c for c in criteria.selection.controls if is_of_organization(c) == of_organization)
    return replace(criteria, selection=replace(criteria.selection, controls=controls))


def _put_together(large: TablesOnDisk, criteria: Criteria) -> JudgedTables:
    parts = {name: large.small(name) for name in SMALL_TABLES}
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
