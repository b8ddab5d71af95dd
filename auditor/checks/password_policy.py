"""Predicates over the account password policy; an account without one fails them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pandas as pd

from auditor.checks.verdict import Parameters, Verdict, all_of, joined, told

_NO_POLICY = "the account has no password policy"


def length(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Passwords have ``minimum_length`` characters or more. Frame: one row an account."""
    limit = parameters["minimum_length"]
    return _judged(
        accounts,
        accounts["minimum_length"] >= limit,
        ("MinimumPasswordLength ", _number(accounts["minimum_length"])),
        lambda ok: f"{'at least' if ok else 'less than'} {limit} characters are asked for",
    )


def reuse(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """The last ``reuse_prevention`` passwords are remembered (24 is the most AWS takes). Frame: one row an account."""
    limit = parameters["reuse_prevention"]
    return _judged(
        accounts,
        accounts["reuse_prevention"] >= limit,
        ("PasswordReusePrevention ", _number(accounts["reuse_prevention"])),
        lambda ok: f"{'the last' if ok else 'fewer than'} {limit} passwords are remembered",
    )


def character(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Passwords hold a ``character`` of a class: uppercase, lowercase, symbol or number. Frame: one row an account."""
    wanted = str(parameters["character"])
    asked: pd.Series = accounts[wanted]
    return _judged(
        accounts,
        asked,
        (f"{wanted} required ", asked.astype("str")),
        lambda ok: f"{_CLASSES[wanted]} is {'' if ok else 'not '}asked for",
    )


_CLASSES = {
    "uppercase": "an upper-case letter",
    "lowercase": "a lower-case letter",
    "symbol": "a symbol",
    "number": "a digit",
}


def expiry(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Passwords expire after ``max_password_age_days`` days or fewer. Frame: one row an account."""
    limit, age = parameters["max_password_age_days"], accounts["max_password_age_days"]
    return _judged(
        accounts,
        accounts["expires"] & (age >= 1) & (age <= limit),
        ("ExpirePasswords ", accounts["expires"].astype("str"), ", MaxPasswordAge ", _number(age)),
        lambda ok: f"passwords {'expire' if ok else 'do not expire'} within {limit} days",
    )


def _judged(
    accounts: pd.DataFrame, passed: pd.Series, observed: tuple[str | pd.Series, ...], sentence: Callable[[bool], str]
) -> Verdict:
    """A setting that is not there is as good as off."""
    exists, kept = accounts["policy_exists"], passed.fillna(False)
    return Verdict(
        applies=all_of(accounts),
        passed=exists & kept,
        observed=joined(*observed).mask(~exists, "no password policy"),
        reason=told(
            pd.DataFrame({"exists": exists, "kept": kept}), lambda there, ok: sentence(ok) if there else _NO_POLICY
        ),
    )


def _number(values: pd.Series) -> pd.Series:
    return values.astype("str").fillna("not set")
