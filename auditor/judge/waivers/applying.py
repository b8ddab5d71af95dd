"""Findings x waivers x as-of -> findings that carry their waivers, and what became of each waiver; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from auditor import schema
from auditor.judge.waivers.loading import Waiver, Waivers
from auditor.judge.waivers.matching import Failures, Places, Tags
from auditor.judge.waivers.names import Ints
from auditor.model import Account


class State(StrEnum):
    """How a waiver stands at the as-of time, what needs a person first."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    UNMATCHED = "unmatched"  # valid, and nothing that fails is in its scope
    NOT_TESTED = "not tested"  # valid, but no chosen benchmark asks for its control
    ACTIVE = "active"


@dataclass(frozen=True)
class Waived:
    """``findings`` and ``controls`` as they were but for ``waiver_id`` and ``waived``; ``waivers`` has the columns of
    ``schema.WAIVERS``, in the order of the ids, ``matches`` those of ``schema.WAIVER_MATCHES``."""

    findings: pd.DataFrame
    controls: pd.DataFrame
    waivers: pd.DataFrame
    matches: pd.DataFrame


def no_waivers() -> pd.DataFrame:
    """The waivers frame of an assessment without a waivers file."""
    return waivers_frame(Waivers(), {})


def no_matches() -> pd.DataFrame:
    """Where no waiver covers anything."""
    return schema.typed(pd.DataFrame(columns=list(schema.WAIVER_MATCHES)), schema.WAIVER_MATCHES)


def in_force(waiver: Waiver, as_of: datetime) -> State:
    """EXPIRED, NOT_YET_VALID or ACTIVE on the UTC day of ``as_of``; the last day ends at midnight."""
    today = day_of(as_of)
    if waiver.expires < today:
        return State.EXPIRED
    return State.ACTIVE if waiver.created <= today else State.NOT_YET_VALID


def day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


SAME_PERSON = "owner and approver are the same person"


def approved_by_owner(waivers: pd.DataFrame) -> pd.Series:
    """Which rows of a waivers frame name one person as owner and approver, however spelt."""
    owner, approver = (waivers[name].str.casefold().str.split().str.join(" ") for name in ("owner", "approver"))
    return (owner == approver) & (owner != "")


def apply_waivers(
    findings: pd.DataFrame,
    controls: pd.DataFrame,
    waivers: Waivers,
    accounts: Iterable[Account],
    as_of: datetime,
    tags: Tags | None = None,
) -> Waived:
    """Put the ids of the waivers that are valid at ``as_of`` on the failures they cover.

    Statuses and populations stay. Of several waivers that cover a failure, the one that expires last counts, and
    among those the one whose id comes first. ``tags`` are those of the accounts, by account id.
    """
    tested = set(controls["control_id"])
    places = Places(accounts, tags or {}, list(findings["account_id"].cat.categories))
    failures = Failures(findings, {w.control_id for w in waivers.entries}, places)
    outcome = _outcome(waivers, failures, as_of)
    table = _counted_waivers(waivers, as_of, tested, outcome.matched, outcome.waived)
    marked = findings.assign(waiver_id=_ids(len(findings), failures.rows, outcome.winners, waivers))
    return Waived(marked, _counted(controls, marked), table, _matches(outcome, findings["account_id"].cat.categories))


@dataclass(frozen=True)
class _Outcome:
    """``winners`` has a position in the waivers for every failure, -1 where there is none; ``accounts`` are the codes
    of the accounts in which each waiver's failures are, with their numbers."""

    winners: Ints
    matched: Mapping[str, int]
    accounts: Mapping[str, tuple[Ints, Ints]]
    waived: Mapping[str, int] = field(default_factory=dict)


def _outcome(waivers: Waivers, failures: Failures, as_of: datetime) -> _Outcome:
    """Waivers are taken in the order of their weight, so that the last one on a failure is the one that counts."""
    winners = np.full(len(failures.rows), -1, dtype=np.intp)
    matched, accounts = {}, {}
    numbered = sorted(enumerate(waivers.entries), key=lambda item: (item[1].expires, -item[0]))
    for number, waiver in numbered:
        rows = failures.covered(waiver)
        matched[waiver.id] = len(rows)
        if len(rows):
            accounts[waiver.id] = failures.counted_by_account(rows)
        if in_force(waiver, as_of) is State.ACTIVE:
            winners[rows] = number
    counts = np.bincount(winners[winners >= 0], minlength=len(waivers.entries))
    waived = {w.id: int(n) for w, n in zip(waivers.entries, counts, strict=True)}
    return _Outcome(winners, matched, accounts, waived)


def _matches(outcome: _Outcome, account_ids: pd.Index) -> pd.DataFrame:
    if not outcome.accounts:
        return no_matches()
    names, found = pd.Index(list(outcome.accounts), dtype="str"), list(outcome.accounts.values())
    numbers = np.repeat(np.arange(len(names)), [len(codes) for codes, _ in found])
    codes, counts = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return pd.DataFrame(
        {
            "waiver_id": pd.Categorical.from_codes(numbers, categories=names),
            "account_id": pd.Categorical.from_codes(codes, categories=account_ids),
            "matched": pd.array(counts, dtype="Int64"),
        }
    )


def waivers_of_batches(
    waivers: Waivers, batches: Sequence[pd.DataFrame], as_of: datetime, tested: Collection[str]
) -> pd.DataFrame:
    """The waivers frame of all accounts, out of those of batches of them; ``tested`` are the controls."""
    rows = pd.concat([frame[["waiver_id", "matched", "waived"]] for frame in batches])
    sums = rows.groupby("waiver_id")[["matched", "waived"]].sum()
    matched, waived = ({str(i): int(n) for i, n in sums[name].items()} for name in ("matched", "waived"))
    return _counted_waivers(waivers, as_of, tested, matched, waived)


def _counted_waivers(
    waivers: Waivers,
    as_of: datetime,
    tested: Collection[str],
    matched: Mapping[str, int],
    waived: Mapping[str, int],
) -> pd.DataFrame:
    states = {w.id: _state(w, as_of, tested, matched[w.id]) for w in waivers.entries}
    return waivers_frame(waivers, states, matched, waived)


def _state(waiver: Waiver, as_of: datetime, tested: Collection[str], matched: int) -> State:
    state = in_force(waiver, as_of)
    if state is not State.ACTIVE:
        return state
    if waiver.control_id not in tested:
        return State.NOT_TESTED
    return State.ACTIVE if matched else State.UNMATCHED


def waivers_frame(
    waivers: Waivers,
    states: Mapping[str, State],
    matched: Mapping[str, int] = MappingProxyType({}),
    waived: Mapping[str, int] = MappingProxyType({}),
) -> pd.DataFrame:
    """Columns of ``schema.WAIVERS``; counts that are not known are missing."""
    rows = [
        _facts(w) | {"state": states[w.id].value, "matched": matched.get(w.id), "waived": waived.get(w.id)}
        for w in waivers.entries
    ]
    return schema.typed(pd.DataFrame(rows, columns=list(schema.WAIVERS)), schema.WAIVERS)


def _facts(waiver: Waiver) -> dict[str, Any]:
    return {
        "waiver_id": waiver.id,
        "control_id": waiver.control_id,
        "requirement": waiver.requirement,
        "scope": str(waiver.scope),
        "reason": waiver.reason,
        "owner": waiver.owner,
        "approver": waiver.approver,
        "ticket": waiver.ticket,
        "created": waiver.created.isoformat(),
        "expires": waiver.expires.isoformat(),
        "line": waiver.line,
    }


def _ids(length: int, rows: Ints, winners: Ints, waivers: Waivers) -> pd.Categorical:
    """The column ``waiver_id``: an empty text where there is no waiver."""
    used = np.unique(winners[winners >= 0])
    codes = np.zeros(length, dtype=np.int32)
    codes[rows] = np.where(winners < 0, 0, np.searchsorted(used, winners) + 1)
    texts = ["", *(waivers.entries[number].id for number in used)]
    return pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype="str"))


def waived_by_account(counts: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """``counts`` (``schema.BY_ACCOUNT``) with the failures of ``findings`` that carry a waiver."""
    names = ["control_id", "account_id"]
    found = findings.loc[(findings["waiver_id"] != "").to_numpy(), names].astype("str").value_counts(sort=False)
    keys = pd.MultiIndex.from_frame(counts[names].astype("str"))
    return counts.assign(waived=pd.array(found.reindex(keys, fill_value=0).to_numpy(), dtype="Int64"))


def _counted(controls: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    waived = findings.loc[(findings["waiver_id"] != "").to_numpy(), "control_id"].value_counts(sort=False)
    counts = [int(waived.get(control_id, 0)) for control_id in controls["control_id"]]
    return controls.assign(waived=pd.array(counts, dtype="Int64"))
