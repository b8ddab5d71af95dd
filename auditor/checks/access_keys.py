"""Predicates over access keys: their age, their number, and how they came to be."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.ages import time_text
from auditor.checks.further_keys import MORE, with_further_keys
from auditor.checks.verdict import Parameters, Verdict, flag, joined, never, told


def key_age(keys: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """An active key was rotated at most ``max_age_days`` whole days ago. Frame: credentials."""
    limit = parameters["max_age_days"]

    def sentence(active: bool | None, age: int | None) -> str:
        if active is None:
            return "the report does not tell whether the key is active"
        if age is None:
            return "the key is active, but the report does not tell when it was rotated"
        return f"rotated {age} days before the as-of time; {limit} or less are allowed"

    reason = told(keys[["active", "age_days"]], sentence)
    undecided = keys["active"].isna() | keys["age_days"].isna()
    return Verdict(
        applies=keys["active"],
        passed=keys["age_days"] <= limit,
        observed=time_text(keys["last_rotated"]),
        reason=with_further_keys(reason, keys, undecided, "when it was made"),
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
    facts = pd.DataFrame({"count": count, "more": further.isna()})
    return Verdict(
        applies=first | second | (further > 0),
        passed=count <= limit,
        observed=told(pd.DataFrame({"one": first, "two": second, "further": further}), _flags),
        reason=told(facts, lambda count, more: _counted(count, more, limit)),
    )


def _flags(one: bool | None, two: bool | None, further: int | None) -> str:
    report = f"access_key_1_active {flag(one)}, access_key_2_active {flag(two)}"
    if further == 0:
        return report
    return f"{report}, further active keys {'unknown' if further is None else further}"


def _counted(count: int | None, more: bool, limit: int) -> str:
    if count is None:
        return MORE if more else "the report does not tell whether both keys are active"
    at_least = "at least " if more else ""
    return f"{at_least}{count} active access {'key' if count == 1 else 'keys'}; {limit} or less are allowed"


def key_at_setup(keys: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """A console user's active key was used, and was not made together with the user. Frame: credentials.

    Made together: within ``same_time_tolerance_seconds`` of the user's creation.
    """
    unused = never(keys["last_used_note"]).astype("boolean")
    unused = unused.mask(keys["last_used"].isna() & ~unused)
    apart = (keys["last_rotated"] - keys["user_creation_time"]).abs()
    together = (apart <= pd.Timedelta(seconds=parameters["same_time_tolerance_seconds"])).astype("boolean")
    together = together.mask(apart.isna())
    last_used = time_text(keys["last_used"]).mask(never(keys["last_used_note"]), "never")
    facts = pd.DataFrame({"unused": unused, "together": together})
    applies, passed = keys["password_enabled"] & keys["active"], ~(unused | together)
    undecided = keys["active"].isna() | (applies.fillna(False) & passed.isna())
    return Verdict(
        applies=applies,
        passed=passed,
        observed=joined(
            "user made ",
            time_text(keys["user_creation_time"]),
            ", key made ",
            time_text(keys["last_rotated"]),
            ", last used ",
            last_used,
        ),
        reason=with_further_keys(told(facts, _set_up), keys, undecided, "when it was last used, or when it was made"),
    )


def _set_up(unused: bool | None, together: bool | None) -> str:
    if together is not None and together:
        return "the console user's key was made together with the user"
    if unused is not None and unused:
        return "the console user's active key was never used"
    if unused is None or together is None:
        return "the report does not tell when the key was made or last used"
    return "the key was made later than the user and is in use; an earlier key may have been replaced"
