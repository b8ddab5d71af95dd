"""Rows of findings: what is decided, what the evidence leaves open, what is missing, what a person answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from auditor.catalog import Control
from auditor.judge.checks import Verdict
from auditor.judge.evaluator.account_rows import TIME, AccountRow, no_times
from auditor.judge.evaluator.counting import CREDENTIAL, STATUS, Mask
from auditor.judge.evaluator.units import units_of
from auditor.kinds import KINDS
from auditor.kinds.declaration import Owner
from auditor.model import CREDENTIAL_REPORT, Organization, Outcome, Status, Unit
from auditor.tables import NOT_COLLECTED, ORGANIZATION, Collected, Frames

_WHO = {
    "account_id": "account_id",
    "account_name": "account_name",
    "ou_path": "ou_path",
    "resource_arn": "arn",
    "resource_name": "user",
    "evidence_file": "evidence_file",
    "evidence_line": "evidence_line",
}
ONE_EACH = (Unit.ACCOUNT, Unit.ORGANIZATION, Unit.ROOT, Unit.RESOURCE)
_NO_ROOT = "the report has no root row"
_BY_HAND = "needs manual review"
_PASS, _FAIL, _BY_PERSON = (list(STATUS.categories).index(s.value) for s in (Status.PASS, Status.FAIL, Status.MANUAL))


def decided_rows(units: pd.DataFrame, verdict: Verdict, chosen: Mask, by_person: Mask) -> pd.DataFrame:
    places = np.flatnonzero(chosen)
    rows: dict[str, Any] = {name: units[source].array.take(places) for name, source in _WHO.items()}
    passed = verdict.passed.array.take(places).to_numpy(dtype=bool, na_value=False)
    codes = np.where(by_person[places], _BY_PERSON, np.where(passed, _PASS, _FAIL))
    rows["status"] = pd.Categorical.from_codes(codes, dtype=STATUS)
    rows["credential"] = _credentials_of(units, places)
    rows["observed"] = _texts(verdict.observed, places)
    rows["reason"] = verdict.reason.array.take(places).remove_unused_categories()
    if verdict.line is not None:
        own = pd.Series(verdict.line.array.take(places))
        rows["evidence_line"] = own.fillna(pd.Series(rows["evidence_line"])).astype("Int64").array
    rows["also_seen_in"] = _texts(verdict.also_seen_in, places)
    rows["in_violation_since"] = _since(verdict, places, failed=codes == _FAIL)
    return pd.DataFrame(rows)


def _texts(texts: pd.Series | None, places: np.ndarray[Any, Any]) -> Any:
    if texts is None:
        return pd.array([""] * len(places), dtype="str")
    return pd.Series(texts.array.take(places)).astype("str").fillna("").array


def _since(verdict: Verdict, places: np.ndarray[Any, Any], *, failed: Mask) -> Any:
    if verdict.violated_since is None:
        return no_times(len(places))
    return pd.Series(verdict.violated_since.array.take(places)).astype(TIME).where(failed).array


def _credentials_of(units: pd.DataFrame, places: np.ndarray[Any, Any]) -> Any:
    if "credential" not in units:
        return pd.Categorical.from_codes(np.zeros(len(places), dtype=int), dtype=CREDENTIAL)
    return units["credential"].array.take(places).set_categories(CREDENTIAL.categories)


def undecided_rows(
    control: Control, frames: Frames, units: pd.DataFrame, verdict: Verdict, chosen: Mask
) -> list[AccountRow]:
    """One NO_EVIDENCE row for every account with units that its evidence does not decide."""
    contradicted = contradicted_users(control, frames)
    if not chosen.any() and contradicted.empty:
        return []
    open_units = units.loc[chosen, ["account_id", "evidence_file", "evidence_line"]]
    open_units = open_units.assign(reason=verdict.reason[chosen].astype("str"))
    if len(contradicted):
        open_units = pd.concat([contradicted[open_units.columns], open_units.astype({"account_id": "str"})])
    open_units = open_units.sort_values("evidence_line", kind="stable")
    rows = []
    for found, group in open_units.groupby("account_id", observed=True, sort=True, dropna=False):
        account_id = found if isinstance(found, str) else None  # a management account that was not listed
        first = group.iloc[0]
        reason = f"{len(group)} {'unit' if len(group) == 1 else 'units'} undecided; line {first['evidence_line']}: "
        reason += first["reason"] + _why_lacking(control, frames, account_id)
        rows.append(AccountRow(account_id, reason, Status.NO_EVIDENCE, first["evidence_file"], first["evidence_line"]))
    return rows


def contradicted_users(control: Control, frames: Frames) -> pd.DataFrame:
    """The users whom the control would judge, if their report told one thing only."""
    found = frames.contradictions
    if control.evidence[0] != CREDENTIAL_REPORT:
        return found.iloc[:0]
    return found[found["is_root"] == (control.unit is Unit.ROOT)]


def _why_lacking(control: Control, frames: Frames, account_id: str | None) -> str:
    """What is told of the other evidence that the control reads, where it could not be had."""
    of_account = ORGANIZATION if control.unit is Unit.ORGANIZATION or account_id is None else account_id
    told = ""
    for kind in control.evidence:
        owner = ORGANIZATION if KINDS[kind].owner is Owner.ORGANIZATION else of_account
        found = frames.collected.get(kind, Collected())
        if why := found.why_not(owner) or ("" if owner in found.owners else NOT_COLLECTED):
            told += f"; {kind}: {why}"
    return told


def missing_rows(
    control: Control, frames: Frames, organization: Organization, undecided: Collection[str | None]
) -> list[AccountRow]:
    """One row for every account in scope without the evidence that has the units, or without a root to judge.

    An account of which some units could not be had has a row beside theirs, unless it is among those with ``undecided``
    units, whose row says so. NO_EVIDENCE, or MANUAL where a person has to answer anyway.
    """
    kind = control.evidence[0]
    found = frames.collected.get(kind, Collected())
    of_root = control.unit is Unit.ROOT
    present = set(units_of(control, frames)["account_id"].unique()) if of_root else found.owners
    if of_root:
        present |= set(contradicted_users(control, frames)["account_id"])
    by_person = control.by_hand or (control.optional and kind not in frames.seen)
    status = Status.MANUAL if by_person else Status.NO_EVIDENCE
    rows: list[AccountRow] = []
    for owner, account_id, file in _owners(control, frames, organization):
        if owner not in found.owners and not (of_root and owner in present):
            rows.append(AccountRow(account_id, found.why_not(owner) or f"{kind}: {NOT_COLLECTED}", status))
        elif owner not in present:
            rows.append(AccountRow(account_id, _NO_ROOT, status, file))
        elif control.unit not in ONE_EACH and owner not in undecided and (why := found.why_not(owner)):
            rows.append(AccountRow(account_id, f"some units may be missing; {why}", status))
    return rows


def _owners(control: Control, frames: Frames, organization: Organization) -> list[tuple[str, str | None, Any]]:
    """(whose evidence, the account its row is about, its credential report): accounts in scope or the organization."""
    if control.unit is Unit.ORGANIZATION:
        return [(ORGANIZATION, account_id, None) for account_id in _management(frames, organization)]
    accounts = frames.accounts[frames.accounts["outcome"] != Outcome.EXCLUDED.value]
    return [(account_id, account_id, file) for account_id, file in accounts[["account_id", "evidence_file"]].values]


def _management(frames: Frames, organization: Organization) -> list[str | None]:
    ids = frames.accounts["account_id"]
    found: list[str | None] = ids[ids == organization.management_account_id].to_list()
    return found or [None]


def manual_rows(control: Control, frames: Frames, organization: Organization) -> list[AccountRow]:
    """One MANUAL row for every account in scope, or for the organization."""
    return [AccountRow(i, _BY_HAND, Status.MANUAL) for _, i, _ in _owners(control, frames, organization)]


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows by account, line and credential; an account's own row stands at the line it names, else last."""
    line = rows["evidence_line"].array.to_numpy(dtype=np.int64, na_value=np.iinfo(np.int64).max)
    order = np.lexsort((rows["credential"].cat.codes, line, rows["account_id"].cat.codes))
    return rows.take(order)
