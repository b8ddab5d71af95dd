"""How the users or accounts that there are become the units that a control tested: each step has a reason and a number.

What a control starts from (``start``), plus FURTHER, minus all other steps, is its population, in every account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditor import schema
from auditor.catalog import Control
from auditor.judge.checks import Verdict
from auditor.judge.evaluator.counting import Codes, Judged, Mask, Step
from auditor.judge.evaluator.rows import ONE_EACH, contradicted_users
from auditor.model import CREDENTIAL_REPORT, FURTHER_KEYS, Outcome, Unit
from auditor.schema import ABSENT, BY_PERSON, FURTHER, NO_EVIDENCE, NOT_APPLICABLE, STEPS
from auditor.tables import Collected, Frames

_NO_CREDENTIAL = "no such credential"
_NOT_LISTED = "not in this evidence"
_NO_LIST = "account without this evidence"
_NO_ORGANIZATION = "account in no organization"
_UNDECIDED = "the evidence does not decide"
_CONTRADICTED = "the report's lines about them differ"
_ASKED = "manual review"
_BEYOND = "beyond those"


@dataclass(frozen=True)
class Chosen:
    """A unit is ``decided``, ``undecided`` or ``left``; ``by_person``: where a person answers, whatever is decided."""

    decided: Mask
    undecided: Mask
    left: Mask
    by_person: Mask


def chosen_by(verdict: Verdict) -> Chosen:
    """A unit is undecided where the evidence does not tell whether the control applies, or the verdict of one that
    does."""
    applies = verdict.applies.array.to_numpy(dtype=bool, na_value=False)
    asked = verdict.by_person
    by_person = np.zeros(len(applies), dtype=bool) if asked is None else asked.to_numpy(dtype=bool)
    is_open = verdict.applies.isna().to_numpy() | (applies & verdict.passed.isna().to_numpy())
    undecided = is_open & ~by_person
    decided = applies & ~undecided
    return Chosen(decided, undecided, ~(decided | undecided), by_person)


@dataclass(frozen=True)
class Missing:
    """The accounts without the evidence of a control, by number (-1: no account), and whether a person answers."""

    accounts: Codes
    by_person: bool


def steps_of(
    control: Control, frames: Frames, units: pd.DataFrame, verdict: Verdict, chosen: Chosen, missing: Missing
) -> tuple[Step, ...]:
    found = [
        *_start_steps(control, frames, units, missing),
        *_reasons(units, verdict, chosen.left),
        *_contradicted_steps(control, frames),
        Step(NO_EVIDENCE, _UNDECIDED, _counted(units, chosen.undecided)),
        Step(BY_PERSON, _ASKED, _counted(units, chosen.decided & chosen.by_person)),
    ]
    return tuple(step for step in found if step.units.any())


def steps_by_person(asked: Codes, accounts: int) -> tuple[Step, ...]:
    """The one step of a control that no evidence decides: of each account, by number, a person is asked."""
    return (Step(BY_PERSON, _ASKED, np.bincount(asked + 1, minlength=accounts + 1)),)


def steps_without_organization(account: Codes, accounts: int) -> tuple[Step, ...]:
    return (Step(NOT_APPLICABLE, _NO_ORGANIZATION, np.bincount(account + 1, minlength=accounts + 1)),)


def bridge_of(judged: Sequence[Judged], account_ids: pd.Index) -> pd.DataFrame:
    """``schema.BRIDGE``, in the order of the controls, their steps and then the accounts."""
    rows = [
        (place - 1, number, step.name, step.reason, int(step.units[place]))
        for number, one in enumerate(judged)
        for step in one.steps
        for place in np.flatnonzero(step.units)
    ]
    accounts, controls, names, reasons, units = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    columns: dict[str, Any] = {
        "account_id": pd.Categorical.from_codes(np.array(accounts, dtype=np.int64), categories=account_ids),
        "control_id": pd.Categorical.from_codes(
            np.array(controls, dtype=np.int64), categories=pd.Index([one.control.id for one in judged], dtype="str")
        ),
        "step": pd.Categorical(pd.array(names, dtype="str"), categories=pd.Index(STEPS, dtype="str")),
        "reason": pd.Categorical(pd.array(reasons, dtype="str")),
        "units": pd.array(units, dtype="Int64"),
    }
    return pd.DataFrame(columns)[list(schema.BRIDGE)]


def no_bridge() -> pd.DataFrame:
    """Where nothing was judged."""
    return bridge_of((), pd.Index([], dtype="str"))


def _start_steps(control: Control, frames: Frames, units: pd.DataFrame, missing: Missing) -> Iterator[Step]:
    """From users or accounts to units."""
    listed = _counted(units)
    if control.unit in ONE_EACH:
        asked, accounts = missing.by_person, np.bincount(missing.accounts + 1, minlength=len(listed))
        yield Step(BY_PERSON if asked else ABSENT, _ASKED if asked else _NO_LIST, accounts)
        yield Step(FURTHER, _BEYOND, np.maximum(listed - _accounts(control, frames, listed), 0))
    elif control.unit in (Unit.USER, Unit.CREDENTIAL):
        people = ~frames.users["is_root"].array.to_numpy(dtype=bool, na_value=False)
        users = _counted(frames.users, people) * control.units_a_user
        has_further = "credential" in units
        beyond = _counted(units, units["credential"].isin(FURTHER_KEYS).to_numpy()) if has_further else listed * 0
        difference = users - (listed - beyond)
        yield from _absent(control, frames, np.maximum(difference, 0))
        yield Step(FURTHER, _BEYOND, beyond + np.maximum(-difference, 0))


def _contradicted_steps(control: Control, frames: Frames) -> Iterator[Step]:
    """Users whose lines differ are not counted among the users, so they are added before they are taken away."""
    if contradicted_users(control, frames).empty:
        return
    ids = frames.users["account_id"].cat.categories
    codes = ids.get_indexer(pd.Index(contradicted_users(control, frames)["account_id"], dtype="str"))
    users = np.bincount(codes + 1, minlength=len(ids) + 1)
    if control.unit is not Unit.ROOT:
        yield Step(FURTHER, _CONTRADICTED, users)
    yield Step(NO_EVIDENCE, _CONTRADICTED, users)


def _accounts(control: Control, frames: Frames, listed: Codes) -> Codes:
    """One for each account in scope; of the organization one where it is seen."""
    if control.unit is Unit.ORGANIZATION:
        return np.minimum(listed, 1)
    ids = frames.users["account_id"].cat.categories
    in_scope = frames.accounts.loc[frames.accounts["outcome"] != Outcome.EXCLUDED.value, "account_id"]
    return np.append(0, ids.isin(list(in_scope))).astype(np.int64)


def _absent(control: Control, frames: Frames, numbers: Codes) -> Iterator[Step]:
    """Users who have no such credential, or whom other evidence than the credential report does not list."""
    kind = control.evidence[0]
    if kind == CREDENTIAL_REPORT:
        yield Step(ABSENT, _NO_CREDENTIAL, numbers)
        return
    owners = frames.collected.get(kind, Collected()).owners
    has_list = np.append(False, frames.users["account_id"].cat.categories.isin(list(owners)))
    yield Step(ABSENT, _NO_LIST, np.where(has_list, 0, numbers))
    yield Step(ABSENT, _NOT_LISTED, np.where(has_list, numbers, 0))


def _reasons(units: pd.DataFrame, verdict: Verdict, left: Mask) -> Iterator[Step]:
    """Why the control does not apply to the units that are left, in the order of the words."""
    if verdict.not_applicable is None:
        yield Step(NOT_APPLICABLE, "not applicable", _counted(units, left))
        return
    reasons = verdict.not_applicable.astype("category").cat
    codes = reasons.codes.to_numpy()
    for number in np.unique(codes[left]):
        if number >= 0:
            yield Step(NOT_APPLICABLE, str(reasons.categories[number]), _counted(units, left & (codes == number)))


def _counted(units: pd.DataFrame, chosen: Mask | None = None) -> Codes:
    """Rows by account, after those of no account."""
    codes = units["account_id"].cat.codes.to_numpy(dtype=np.int64)
    if chosen is not None:
        codes = codes[chosen]
    return np.bincount(codes + 1, minlength=len(units["account_id"].cat.categories) + 1)
