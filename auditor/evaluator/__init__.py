"""Controls x frames x as-of -> findings; no I/O, no clock.

Every unit of a control gets exactly one status: PASS, FAIL, MANUAL, NOT_APPLICABLE (counted only) or NO_EVIDENCE (one
row for the account, which names the first such unit). Every account in scope is judged by every control.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from auditor import schema
from auditor.catalog import Control, Selection
from auditor.checks import CHECKS
from auditor.errors import CatalogError, nearest
from auditor.evaluator.counting import Codes, Judged, by_account, described, mask, stacked, stamped, totals
from auditor.evaluator.rows import account_rows, decided_rows, in_order, manual_rows, missing_rows, undecided_rows
from auditor.evaluator.units import Units, verdict_on
from auditor.frames import Frames
from auditor.model import Organization, Status, Unit

__all__ = ["Verdicts", "evaluate", "totals"]

_NONE: Codes = np.array([], dtype=np.int64)


@dataclass(frozen=True)
class Verdicts:
    """``findings`` (``schema.FINDINGS``) ordered by control, account, line and credential; ``controls``
    (``schema.CONTROLS``) ordered by id; ``by_account`` is what the controls' counts are the sums of
    (``schema.BY_ACCOUNT``)."""

    findings: pd.DataFrame
    controls: pd.DataFrame
    by_account: pd.DataFrame


def evaluate(
    frames: Frames, selection: Selection, organization: Organization, snapshot_id: str, as_of: datetime
) -> Verdicts:
    """Judge every unit by every selected control; CatalogError when a control names an unknown predicate."""
    for control in selection.controls:
        if control.check and control.check not in CHECKS:
            raise CatalogError(
                f"control {control.id!r}: there is no check {control.check!r}{nearest(control.check, CHECKS)}"
            )
    units = Units(frames)
    judged = [_judge(control, frames, units, selection, organization, as_of) for control in selection.controls]
    findings = stacked([stamped(j, selection, snapshot_id, as_of) for j in judged])
    controls = pd.DataFrame([described(c, selection) for c in selection.controls], columns=list(schema.CONTROLS))
    counts = by_account(judged)
    return Verdicts(findings, schema.typed(totals(controls, counts), schema.CONTROLS), counts)


def _judge(
    control: Control,
    frames: Frames,
    shared: Units,
    selection: Selection,
    organization: Organization,
    as_of: datetime,
) -> Judged:
    if control.check is None:
        return Judged(control, manual_rows(control, frames, organization), _NONE)
    if control.unit is Unit.ORGANIZATION and organization.id == organization.management_account_id:
        return _without_organization(control, frames, organization)
    units = shared.of(control)
    verdict = verdict_on(control, units, frames, selection, as_of)
    by_person = mask(verdict.by_person, units)
    undecided = verdict.applies.isna() | (verdict.applies & verdict.passed.isna()).fillna(False)
    undecided &= ~by_person
    decided = verdict.applies.fillna(False) & ~undecided
    rows = [
        decided_rows(units, verdict, decided.to_numpy(dtype=bool)),
        undecided_rows(control, frames, units, verdict, undecided.to_numpy(dtype=bool)),
        missing_rows(control, frames, organization),
    ]
    left = units["account_id"].cat.codes.to_numpy(dtype=np.int64)[~(decided | undecided).to_numpy(dtype=bool)]
    return Judged(control, in_order(stacked(rows)), left)


def _without_organization(control: Control, frames: Frames, organization: Organization) -> Judged:
    """A control of the organization does not apply to the one account that is in none."""
    account = frames.users["account_id"].cat.categories.get_indexer(pd.Index([organization.id]))  # -1: not listed
    return Judged(control, account_rows(frames, [], Status.MANUAL), account)
