"""Controls x frames x as-of -> findings; no I/O, no clock.

Every unit of a control gets exactly one status: PASS, FAIL, NOT_APPLICABLE (counted only) or NO_EVIDENCE (one row for
the account, which names the first such unit). Every account in scope is judged by every control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from auditor import schema
from auditor.catalog import Control, Selection
from auditor.checks import CHECKS, Verdict
from auditor.errors import CatalogError, nearest
from auditor.frames import Frames
from auditor.model import CREDENTIALS, Organization, Outcome, Status, Unit
from auditor.times import iso

_STATUS = pd.CategoricalDtype(pd.Index([s.value for s in Status if s is not Status.NOT_APPLICABLE], dtype="str"))
_CREDENTIAL = pd.CategoricalDtype(pd.Index(["", *CREDENTIALS], dtype="str"))
_WHO = {
    "account_id": "account_id",
    "account_name": "account_name",
    "ou_path": "ou_path",
    "resource_arn": "arn",
    "resource_name": "user",
    "evidence_file": "evidence_file",
    "evidence_line": "evidence_line",
}
_AccountRow = tuple[Any, str, Any, Any]
"""Account id, reason, evidence file, evidence line."""
_NO_ROOT = "the report has no root row"
_BY_HAND = "to be answered by a person"
_NOT_BUILT = "no automatic check yet; to be answered by a person"


@dataclass(frozen=True)
class Verdicts:
    """``findings`` (``schema.FINDINGS``) ordered by control, account, line and credential; ``controls``
    (``schema.CONTROLS``) ordered by id."""

    findings: pd.DataFrame
    controls: pd.DataFrame


@dataclass(frozen=True)
class _Judged:
    """One control's rows, columns of FINDINGS but for the stamped ones, and how many units it does not apply to."""

    control: Control
    rows: pd.DataFrame
    not_applicable: int = 0

    def count(self, status: Status) -> int:
        return int((self.rows["status"] == status.value).sum())


def evaluate(
    frames: Frames, selection: Selection, organization: Organization, snapshot_id: str, as_of: datetime
) -> Verdicts:
    """Judge every unit by every selected control; CatalogError when a control names an unknown predicate."""
    for control in selection.controls:
        if control.check and control.check not in CHECKS:
            raise CatalogError(
                f"control {control.id!r}: there is no check {control.check!r}{nearest(control.check, CHECKS)}"
            )
    judged = [_judge(control, frames, organization, as_of) for control in selection.controls]
    findings = _stacked([_stamped(j, selection, snapshot_id, as_of) for j in judged])
    controls = pd.DataFrame([_counted(j, selection) for j in judged], columns=list(schema.CONTROLS))
    return Verdicts(findings, schema.typed(controls, schema.CONTROLS))


def _judge(control: Control, frames: Frames, organization: Organization, as_of: datetime) -> _Judged:
    if control.check is None:
        return _Judged(control, _manual_rows(control, frames, organization))
    units = _units(control, frames)
    verdict = CHECKS[control.check](units, control.parameters, as_of)
    undecided = verdict.applies.isna() | (verdict.applies & verdict.passed.isna()).fillna(False)
    decided = verdict.applies.fillna(False) & ~undecided
    rows = [
        _decided_rows(units, verdict, decided.to_numpy(dtype=bool)),
        _undecided_rows(frames, units, verdict, undecided.to_numpy(dtype=bool)),
        _missing_rows(control, frames),
    ]
    not_applicable = len(units) - int(decided.sum()) - int(undecided.sum())
    return _Judged(control, _in_order(_stacked(rows)), not_applicable)


def _units(control: Control, frames: Frames) -> pd.DataFrame:
    """The rows that are the control's units; root belongs to the root controls only."""
    if control.unit is Unit.CREDENTIAL:
        frame = frames.credentials
        chosen = frame["credential"].isin(control.credentials) & ~frame["is_root"]
    else:
        frame = frames.users
        chosen = frame["is_root"] if control.unit is Unit.ROOT else ~frame["is_root"]
    return frame[chosen].reset_index(drop=True)


def _decided_rows(units: pd.DataFrame, verdict: Verdict, chosen: np.ndarray[Any, Any]) -> pd.DataFrame:
    rows = pd.DataFrame({name: units.loc[chosen, source] for name, source in _WHO.items()})
    codes = np.where(verdict.passed[chosen].to_numpy(dtype=bool), 0, 1)
    rows["status"] = pd.Categorical.from_codes(codes, dtype=_STATUS)
    rows["credential"] = _credentials_of(units[chosen])
    rows["observed"] = verdict.observed[chosen].astype("str").fillna("")
    rows["reason"] = verdict.reason[chosen].cat.remove_unused_categories()
    return rows


def _credentials_of(units: pd.DataFrame) -> Any:
    if "credential" not in units:
        return pd.Categorical.from_codes(np.zeros(len(units), dtype=int), dtype=_CREDENTIAL)
    return units["credential"].cat.set_categories(_CREDENTIAL.categories)


def _undecided_rows(
    frames: Frames, units: pd.DataFrame, verdict: Verdict, chosen: np.ndarray[Any, Any]
) -> pd.DataFrame:
    """One NO_EVIDENCE row for every account with units that its evidence does not decide."""
    open_units = units[chosen].assign(reason=verdict.reason[chosen].astype("str"))
    rows = []
    for account_id, group in open_units.groupby("account_id", observed=True, sort=True):
        first = group.sort_values("evidence_line").iloc[0]
        reason = f"{len(group)} {'unit' if len(group) == 1 else 'units'} undecided; line {first['evidence_line']}: "
        rows.append((account_id, reason + first["reason"], first["evidence_file"], first["evidence_line"]))
    return _account_rows(frames, rows, Status.NO_EVIDENCE)


def _missing_rows(control: Control, frames: Frames) -> pd.DataFrame:
    """One NO_EVIDENCE row for every account in scope that has no report, or no root row where root is judged."""
    users = frames.users[frames.users["is_root"]] if control.unit is Unit.ROOT else frames.users
    reported, present = set(frames.users["account_id"].unique()), set(users["account_id"].unique())
    rows: list[_AccountRow] = []
    for account in frames.accounts[frames.accounts["outcome"] != Outcome.EXCLUDED.value].itertuples():
        if account.account_id not in reported:
            reason = f"{account.gap_stage}: {account.gap_code}: {account.gap_message}"
            rows.append((account.account_id, reason, None, None))
        elif account.account_id not in present:
            rows.append((account.account_id, _NO_ROOT, account.evidence_file, None))
    return _account_rows(frames, rows, Status.NO_EVIDENCE)


def _manual_rows(control: Control, frames: Frames, organization: Organization) -> pd.DataFrame:
    """One MANUAL row for every account in scope, or for the organization."""
    reason = _NOT_BUILT if control.planned else _BY_HAND
    accounts = frames.accounts
    if control.unit is Unit.ORGANIZATION:
        accounts = accounts[accounts["account_id"] == organization.management_account_id]
        ids: list[str | None] = accounts["account_id"].to_list() or [None]
    else:
        ids = accounts.loc[accounts["outcome"] != Outcome.EXCLUDED.value, "account_id"].to_list()
    return _account_rows(frames, [(i, reason, None, None) for i in ids], Status.MANUAL)


def _account_rows(frames: Frames, rows: Sequence[_AccountRow], status: Status) -> pd.DataFrame:
    """Rows about whole accounts from (account id, reason, evidence file, line); no resource."""
    users, accounts = frames.users, frames.accounts.set_index("account_id")
    ids, reasons, files, lines = zip(*rows, strict=True) if rows else ((), (), (), ())
    known = accounts.reindex(list(ids))

    def category(values: Any, column: str) -> Any:
        return pd.Categorical(values, categories=users[column].cat.categories)

    return pd.DataFrame(
        {
            "account_id": category(ids, "account_id"),
            "account_name": category(known["account_name"].array, "account_name"),
            "ou_path": category(known["ou_path"].astype("str").array, "ou_path"),
            "resource_arn": category([None] * len(rows), "arn"),
            "resource_name": category([None] * len(rows), "user"),
            "evidence_file": category(files, "evidence_file"),
            "evidence_line": pd.array(lines, dtype="Int64"),
            "status": pd.Categorical([status.value] * len(rows), dtype=_STATUS),
            "credential": pd.Categorical([""] * len(rows), dtype=_CREDENTIAL),
            "observed": pd.array([""] * len(rows), dtype="str"),
            "reason": pd.Categorical(pd.array(reasons, dtype="str")),
        }
    )


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows by account, line and credential; an account's own row stands at the line it names, else last."""
    line = rows["evidence_line"].fillna(np.iinfo(np.int64).max).to_numpy(dtype=np.int64)
    order = np.lexsort((rows["credential"].cat.codes, line, rows["account_id"].cat.codes))
    return rows.take(order)


def _stamped(judged: _Judged, selection: Selection, snapshot_id: str, as_of: datetime) -> pd.DataFrame:
    control = judged.control
    stamps = {
        "snapshot_id": snapshot_id,
        "as_of": iso(as_of),
        "control_id": control.id,
        "severity": control.severity.value,
        "requirements": "; ".join(selection.requirements[control.id]),
        "waiver_id": "",
    }
    codes = np.zeros(len(judged.rows), dtype=np.int8)
    constant = {name: pd.Categorical.from_codes(codes, pd.Index([text], dtype="str")) for name, text in stamps.items()}
    return judged.rows.assign(**constant)[list(schema.FINDINGS)]


def _stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The parts one below the other; categoricals stay categorical."""
    if not parts:
        return schema.typed(pd.DataFrame(columns=list(schema.FINDINGS)), schema.FINDINGS)
    columns: dict[str, Any] = {}
    for name in parts[0].columns:
        if schema.FINDINGS[name] == "category":
            columns[name] = _joined([part[name].array for part in parts])
        else:
            columns[name] = pd.concat([part[name] for part in parts], ignore_index=True).array
    return pd.DataFrame(columns)


def _joined(parts: Sequence[Any]) -> Any:
    """Categoricals one after another. pandas would compare a million ARNs that are the very same object."""
    categories = parts[0].categories
    if all(part.categories is categories for part in parts):
        return pd.Categorical.from_codes(np.concatenate([part.codes for part in parts]), categories=categories)
    return union_categoricals(list(parts))


def _counted(judged: _Judged, selection: Selection) -> dict[str, Any]:
    control = judged.control
    passed, failed = judged.count(Status.PASS), judged.count(Status.FAIL)
    return {
        "control_id": control.id,
        "title": control.title,
        "severity": control.severity.value,
        "unit": control.unit.value,
        "assessment": "automated" if control.check else "planned" if control.planned else "manual",
        "requirements": "; ".join(selection.requirements[control.id]),
        "population": passed + failed,
        "passed": passed,
        "failed": failed,
        "waived": 0,
        "not_applicable": judged.not_applicable,
        "no_evidence": judged.count(Status.NO_EVIDENCE),
        "manual": judged.count(Status.MANUAL),
    }
