"""What a failure was measured against, in words and in days."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from auditor.judge.assessment import Assessment

# Parameters that are limits, and how people read them.
_WORDS: Mapping[str, str] = {
    "max_age_days": "{} days or less",
    "max_unused_days": "less than {} days",
    "lookback_days": "no use in {} days",
    "max_active_keys": "{} or fewer",
    "same_time_tolerance_seconds": "more than {} s apart",
    "minimum_length": "{} or more",
    "reuse_prevention": "{} or more",
    "max_password_age_days": "{} days or less",
}
# The last number of days that passes, of the parameters that count days.
_LAST_PASSING: Mapping[str, int] = {"max_age_days": 0, "max_unused_days": -1}
# Every sentence about an age has it.
_DAYS = re.compile(r"(-?\d+) days? before the as-of time")


def limit_words(findings: pd.DataFrame, assessment: Assessment) -> pd.Series:
    """``45 days or less``: the limit that holds for each finding, empty where there is none to name."""
    return _by_control(findings, assessment, _words, "").astype("str")


def days_of(reasons: pd.Series) -> pd.Series:
    """The whole days that a reason tells of, nullable ``Int64``."""
    days = {text: _first_number(text) for text in reasons.astype("str").unique()}
    return reasons.astype("str").map(days).astype("Int64")


def days_over(days: pd.Series, findings: pd.DataFrame, assessment: Assessment) -> pd.Series:
    """How many days beyond the last that would have passed; <NA> where no days are counted."""
    return (days - _by_control(findings, assessment, _last_passing, None).astype("Int64")).astype("Int64")


def _first_number(text: str) -> int | None:
    found = _DAYS.search(text)
    return int(found[1]) if found else None


def _words(parameters: Mapping[str, Any]) -> str:
    return "; ".join(words.format(parameters[name]) for name, words in _WORDS.items() if name in parameters)


def _last_passing(parameters: Mapping[str, Any]) -> int | None:
    limits = [parameters[name] + offset for name, offset in _LAST_PASSING.items() if name in parameters]
    return limits[0] if limits else None


def _by_control(
    findings: pd.DataFrame, assessment: Assessment, worked_out: Callable[[Mapping[str, Any]], Any], default: Any
) -> pd.Series:
    """Something made of the parameters that hold for each finding's control and account."""
    usual = {control.id: worked_out(control.parameters) for control in assessment.catalog_controls}
    found = findings["control_id"].astype("str").map(usual).astype("object")
    for control_id, accounts in assessment.own_parameters.items():
        of_control = findings["control_id"] == control_id
        for account_id, parameters in accounts.items():
            found = found.mask(of_control & (findings["account_id"] == account_id), worked_out(parameters))
    return found.where(found.notna(), default)
