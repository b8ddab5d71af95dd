"""Rows of findings: what is decided, what the evidence leaves open, what is missing, what a person answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditor.catalog import Control
from auditor.checks import Verdict
from auditor.evaluator.counting import CREDENTIAL, STATUS, mask
from auditor.evaluator.units import units_of
from auditor.frames import NOT_COLLECTED, ORGANIZATION, Collected, Frames
from auditor.model import Organization, Outcome, Status, Unit

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
_ONE_EACH = (Unit.ACCOUNT, Unit.ORGANIZATION, Unit.ROOT)
_NO_ROOT = "the report has no root row"
_BY_HAND = "to be answered by a person"
_PASS, _FAIL, _BY_PERSON = (list(STATUS.categories).index(s.value) for s in (Status.PASS, Status.FAIL, Status.MANUAL))


def decided_rows(units: pd.DataFrame, verdict: Verdict, chosen: np.ndarray[Any, Any]) -> pd.DataFrame:
    places = np.flatnonzero(chosen)
    rows = pd.DataFrame({name: units[source].array.take(places) for name, source in _WHO.items()})
    passed = verdict.passed.array.take(places).to_numpy(dtype=bool, na_value=False)
    by_person = mask(verdict.by_person, units).to_numpy()[places]
    codes = np.where(by_person, _BY_PERSON, np.where(passed, _PASS, _FAIL))
    rows["status"] = pd.Categorical.from_codes(codes, dtype=STATUS)
    rows["credential"] = _credentials_of(units, places)
    rows["observed"] = pd.Series(verdict.observed.array.take(places)).astype("str").fillna("")
    rows["reason"] = verdict.reason.array.take(places).remove_unused_categories()
    return rows


def _credentials_of(units: pd.DataFrame, places: np.ndarray[Any, Any]) -> Any:
    if "credential" not in units:
        return pd.Categorical.from_codes(np.zeros(len(places), dtype=int), dtype=CREDENTIAL)
    return units["credential"].array.take(places).set_categories(CREDENTIAL.categories)


def undecided_rows(
    control: Control, frames: Frames, units: pd.DataFrame, verdict: Verdict, chosen: np.ndarray[Any, Any]
) -> pd.DataFrame:
    """One NO_EVIDENCE row for every account with units that its evidence does not decide."""
    open_units = units.loc[chosen, ["account_id", "evidence_file", "evidence_line"]]
    open_units = open_units.assign(reason=verdict.reason[chosen].astype("str"))
    rows = []
    for found, group in open_units.groupby("account_id", observed=True, sort=True, dropna=False):
        account_id = found if isinstance(found, str) else None  # a management account that was not listed
        first = group.sort_values("evidence_line").iloc[0]
        reason = f"{len(group)} {'unit' if len(group) == 1 else 'units'} undecided; line {first['evidence_line']}: "
        reason += first["reason"] + _why_lacking(control, frames, account_id)
        rows.append((account_id, reason, first["evidence_file"], first["evidence_line"]))
    return account_rows(frames, rows, Status.NO_EVIDENCE)


def _why_lacking(control: Control, frames: Frames, account_id: str | None) -> str:
    """What is told of the other evidence that the control reads, where it could not be had."""
    owner = ORGANIZATION if control.unit is Unit.ORGANIZATION or account_id is None else account_id
    found = [(kind, frames.collected.get(kind, Collected())) for kind in control.evidence]
    gaps = [(kind, c.why_not(owner) or ("" if owner in c.owners else NOT_COLLECTED)) for kind, c in found]
    return "".join(f"; {kind}: {why}" for kind, why in gaps if why)


def missing_rows(control: Control, frames: Frames, organization: Organization) -> pd.DataFrame:
    """One row for every account in scope without the evidence that has the units, or without a root to judge.

    An account of which some units could not be had has a row beside theirs. NO_EVIDENCE, or MANUAL where a person has
    to answer anyway.
    """
    kind = control.evidence[0]
    found = frames.collected.get(kind, Collected())
    of_root = control.unit is Unit.ROOT
    present = set(units_of(control, frames)["account_id"].unique()) if of_root else found.owners
    rows: list[_AccountRow] = []
    for owner, account_id, file in _owners(control, frames, organization):
        if owner not in found.owners and not (of_root and owner in present):
            rows.append((account_id, found.why_not(owner) or f"{kind}: {NOT_COLLECTED}", None, None))
        elif owner not in present:
            rows.append((account_id, _NO_ROOT, file, None))
        elif control.unit not in _ONE_EACH and (why := found.why_not(owner)):
            rows.append((account_id, f"some units may be missing; {why}", None, None))
    by_person = control.by_hand or (control.optional and not found.owners and not found.gaps)
    return account_rows(frames, rows, Status.MANUAL if by_person else Status.NO_EVIDENCE)


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


def manual_rows(control: Control, frames: Frames, organization: Organization) -> pd.DataFrame:
    """One MANUAL row for every account in scope, or for the organization."""
    ids = [account_id for _, account_id, _ in _owners(control, frames, organization)]
    return account_rows(frames, [(i, _BY_HAND, None, None) for i in ids], Status.MANUAL)


def account_rows(frames: Frames, rows: Sequence[_AccountRow], status: Status) -> pd.DataFrame:
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
            "evidence_file": _files(files, users["evidence_file"].cat.categories),
            "evidence_line": pd.array(lines, dtype="Int64"),
            "status": pd.Categorical([status.value] * len(rows), dtype=STATUS),
            "credential": pd.Categorical([""] * len(rows), dtype=CREDENTIAL),
            "observed": pd.array([""] * len(rows), dtype="str"),
            "reason": pd.Categorical(pd.array(reasons, dtype="str")),
        }
    )


def _files(files: Sequence[Any], reports: pd.Index) -> pd.Categorical:
    """The categories are the reports, and what else is named."""
    others = pd.Index([file for file in files if file is not None], dtype="str").unique().difference(reports)
    return pd.Categorical(files, categories=reports.append(others) if len(others) else reports)


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows by account, line and credential; an account's own row stands at the line it names, else last."""
    line = rows["evidence_line"].fillna(np.iinfo(np.int64).max).to_numpy(dtype=np.int64)
    order = np.lexsort((rows["credential"].cat.codes, line, rows["account_id"].cat.codes))
    return rows.take(order)
