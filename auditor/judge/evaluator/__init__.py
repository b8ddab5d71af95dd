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
from auditor.errors import CatalogError, nearest
from auditor.judge.checks import CHECKS
from auditor.judge.evaluator.account_rows import AccountRows
from auditor.judge.evaluator.bridge import (
    Missing,
    bridge_of,
    chosen_by,
    no_bridge,
    steps_by_person,
    steps_of,
    steps_without_organization,
)
from auditor.judge.evaluator.counting import Codes, Judged, by_account, described, stacked, stamped, totals
from auditor.judge.evaluator.rows import decided_rows, in_order, manual_rows, missing_rows, undecided_rows
from auditor.judge.evaluator.units import Units, verdict_on
from auditor.model import Organization, Status, Unit
from auditor.tables import Frames

__all__ = ["Verdicts", "controls_frame", "evaluate", "no_bridge", "stacked", "totals"]

_NONE: Codes = np.array([], dtype=np.int64)


@dataclass(frozen=True)
class Verdicts:
    """``findings`` (``schema.FINDINGS_TABLE``) ordered by control, account, line and credential; ``controls``
    (``schema.CONTROLS``) ordered by id; ``by_account`` is what the controls' counts are the sums of
    (``schema.BY_ACCOUNT``); ``bridge`` leads from users and accounts to the population (``schema.BRIDGE``)."""

    findings: pd.DataFrame
    controls: pd.DataFrame
    by_account: pd.DataFrame
    bridge: pd.DataFrame


def evaluate(
    frames: Frames, selection: Selection, organization: Organization, snapshot_id: str, as_of: datetime
) -> Verdicts:
    """Judge every unit by every selected control; CatalogError when a control names an unknown predicate."""
    for control in selection.controls:
        if control.check and control.check not in CHECKS:
            raise CatalogError(
                f"control {control.id!r}: there is no check {control.check!r}{nearest(control.check, CHECKS)}"
            )
    units, accounts = Units(frames), AccountRows(frames)
    judged = [_judge(c, frames, units, accounts, selection, organization, as_of) for c in selection.controls]
    findings = stamped(judged, selection, organization, snapshot_id, as_of)
    counts = by_account(judged)
    return Verdicts(findings, controls_frame(selection, counts), counts, bridge_of(judged, accounts.ids))


def controls_frame(selection: Selection, counts: pd.DataFrame) -> pd.DataFrame:
    """``schema.CONTROLS``: the sums of ``counts`` (``schema.BY_ACCOUNT``) for every selected control."""
    controls = pd.DataFrame([described(c, selection) for c in selection.controls], columns=list(schema.CONTROLS))
    return schema.typed(totals(controls, counts), schema.CONTROLS)


def _judge(
    control: Control,
    frames: Frames,
    shared: Units,
    accounts: AccountRows,
    selection: Selection,
    organization: Organization,
    as_of: datetime,
) -> Judged:
    if control.test is None:
        asked = manual_rows(control, frames, organization)
        steps = steps_by_person(accounts.places(asked), len(accounts.ids))
        return Judged(control, accounts.frame(asked), _NONE, steps)
    if control.unit is Unit.ORGANIZATION and organization.id == organization.management_account_id:
        return _without_organization(control, accounts, organization)
    units = shared.of(control)
    verdict = verdict_on(control, units, frames, selection, as_of)
    chosen = chosen_by(verdict)
    open_rows = undecided_rows(control, frames, units, verdict, chosen.undecided)
    missing = missing_rows(control, frames, organization, {row.account_id for row in open_rows})
    about_units = decided_rows(units, verdict, chosen.decided, chosen.by_person)
    rows = stacked([about_units, accounts.frame([*open_rows, *missing])]) if open_rows or missing else about_units
    lacking = Missing(accounts.places(missing), any(row.status is Status.MANUAL for row in missing))
    steps = steps_of(control, frames, units, verdict, chosen, lacking)
    idle = units["account_id"].cat.codes.to_numpy(dtype=np.int64)[chosen.left]
    return Judged(control, in_order(rows), idle, steps)


def _without_organization(control: Control, accounts: AccountRows, organization: Organization) -> Judged:
    """A control of the organization does not apply to the one account that is in none."""
    account = accounts.ids.get_indexer(pd.Index([organization.id]))  # -1: not listed
    return Judged(control, accounts.frame([]), account, steps_without_organization(account, len(accounts.ids)))
