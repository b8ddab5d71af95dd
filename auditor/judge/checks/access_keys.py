"""Predicates over access keys: their age, their number, and how they came to be."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.ages import days_after
from auditor.judge.checks.further_keys import MORE, with_further_keys
from auditor.judge.checks.quoting import USER_MADE, quoted_flags, quoted_times
from auditor.judge.checks.verdict import (
    NO_PASSWORD,
    SWITCHED_OFF,
    Parameters,
    Verdict,
    constant,
    joined,
    never,
    sentences,
)
from auditor.model import NOT_LISTED


def key_age(keys: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """An active key was rotated at most ``max_age_days`` whole days ago. Frame: credentials."""
    limit = parameters["max_age_days"]

    def sentence(active: bool | None, age: int | None) -> str:
        if active is None:
            return "the report does not show whether the key is active"
        if age is None:
            return "the key is active, but the report does not show when it was rotated"
        return f"rotated {age} days before the as-of time; the limit is {limit}"

    reason = sentences(keys[["active", "age_days"]], sentence)
    undecided = keys["active"].isna() | keys["age_days"].isna()
    return Verdict(
        applies=keys["active"],
        passed=keys["age_days"] <= limit,
        observed=quoted_times(keys, "last_rotated"),
        reason=with_further_keys(reason, keys, undecided, "when it was created"),
        also_seen_in=keys["report_places"],
        not_applicable=constant(keys, SWITCHED_OFF),
        violated_since=days_after(keys["last_rotated"], limit + 1),
    )


def active_key_count(users: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """A user who has active keys has no more than ``max_active_keys``. Frame: users.

    ``further_active_keys`` counts those that the report does not list; a frame without it is of reports that list all.
    Users without an active key are not in the population: counting them would flatter the rate.
    """
    first, second = users["access_key_1_active"], users["access_key_2_active"]
    none = pd.Series(0, index=users.index, dtype="Int64")
    further, limit = users.get("further_active_keys", none), parameters["max_active_keys"]
    count = first.astype("Int64") + second.astype("Int64") + further
    counted = first.fillna(False).astype("Int64") + second.fillna(False).astype("Int64")
    count = count.mask(further.isna() & (counted > limit), counted)  # too many, whatever there is beyond the report
    facts = pd.DataFrame({"count": count, "more": further.isna(), "further": further})
    return Verdict(
        applies=first | second | (further > 0),
        passed=count <= limit,
        observed=quoted_flags(users, "access_key_1_active", "access_key_2_active"),
        reason=sentences(facts, lambda count, more, further: _counted(count, more, further, limit)),
        also_seen_in=users["further_places"],
        not_applicable=constant(users, "no active access key"),
        violated_since=_too_many_since(users, limit).where(further == 0),
    )


def _too_many_since(users: pd.DataFrame, limit: int) -> pd.Series:
    """When the first active key beyond ``limit`` was made, of users who have none but those of the report."""
    slots = ("access_key_1", "access_key_2")
    made = [users[f"{slot}_last_rotated"].where(users[f"{slot}_active"].fillna(False)) for slot in slots]
    both = (users["access_key_1_active"] & users["access_key_2_active"]).fillna(False)
    dates = pd.concat(made, axis=1)
    if limit >= 1:
        return dates.max(axis=1, skipna=False).where(both & (limit == 1))
    return dates.min(axis=1, skipna=False).where(both, dates.min(axis=1))


def _counted(count: int | None, more: bool, further: int | None, limit: int) -> str:
    if count is None:
        return MORE if more else "the report does not show whether both keys are active"
    at_least = "at least " if more else ""
    beyond = f", {further} of them in the list of access keys only" if further else ""
    return f"{at_least}{count} active access {'key' if count == 1 else 'keys'}{beyond}; the limit is {limit}"


def key_at_setup(keys: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """A console user's active key was used, and was not made together with the user. Frame: credentials.

    Made together: within ``same_time_tolerance_seconds`` of the user's creation.
    """
    unused = never(keys["last_used_note"]).astype("boolean")
    unused = unused.mask(keys["last_used"].isna() & ~unused)
    apart = (keys["last_rotated"] - keys["user_creation_time"]).abs()
    together = (apart <= pd.Timedelta(seconds=parameters["same_time_tolerance_seconds"])).astype("boolean")
    together = together.mask(apart.isna())
    made = quoted_times(keys, USER_MADE, "last_rotated")
    in_report = keys["last_used_note"] != NOT_LISTED  # a list of access keys does not show the last use
    facts = pd.DataFrame({"unused": unused, "together": together})
    applies, passed = keys["password_enabled"] & keys["active"], ~(unused | together)
    undecided = keys["active"].isna() | (applies.fillna(False) & passed.isna())
    return Verdict(
        applies=applies,
        passed=passed,
        observed=made.mask(in_report, joined(made, ", ", quoted_times(keys, "last_used"))),
        reason=with_further_keys(sentences(facts, _set_up), keys, undecided, "when it was last used or created"),
        also_seen_in=keys["report_places"],
        not_applicable=sentences(keys[["active"]], lambda active: NO_PASSWORD if active else SWITCHED_OFF),
    )


def _set_up(unused: bool | None, together: bool | None) -> str:
    if together is not None and together:
        return "the console user's key was created together with the user"
    if unused is not None and unused:
        return "the console user's active key was never used"
    if unused is None or together is None:
        return "the report does not show when the key was created or last used"
    return "the key was created later than the user and is in use; an earlier key may have been replaced"
