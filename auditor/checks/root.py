"""Predicates over the root user's row of each account."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_

import pandas as pd

from auditor.ages import days_between, time_text
from auditor.checks.verdict import Parameters, Verdict, flag, joined, never, told

_USES = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")


def no_key(root: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Root has no active access key. Frame: the root rows of users."""
    keys = root[["access_key_1_active", "access_key_2_active"]]
    active = keys["access_key_1_active"] | keys["access_key_2_active"]
    return Verdict(
        applies=_always(root),
        passed=~active,
        observed=told(keys, lambda a, b: f"access_key_1_active {flag(a)}, access_key_2_active {flag(b)}"),
        reason=told(
            active.to_frame(),
            lambda a: _one_of(a, "root has an active access key", "root has no active access key"),
        ),
    )


def mfa(root: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Root has MFA, or (``pass_when_root_password_absent``, CIS 5.0.0 and later) no password. Frame: root rows.

    ``not_supported`` in older reports means that AWS did not tell about root's password then: root had one.
    """
    password = root["password_enabled"].mask(root["password_enabled_note"] == "not_supported", True)
    protected = root["mfa_active"]
    if parameters["pass_when_root_password_absent"]:
        protected = protected | ~password
    keys = pd.DataFrame({"password": password, "mfa": root["mfa_active"], "protected": protected})
    return Verdict(
        applies=_always(root),
        passed=protected,
        observed=told(keys, lambda password, mfa, _: f"password_enabled {flag(password)}, mfa_active {flag(mfa)}"),
        reason=told(keys, lambda _, mfa, protected: _guarded(mfa, protected)),
    )


def _guarded(mfa: bool | None, protected: bool | None) -> str:
    if protected is None:
        return "the report does not tell enough of root's MFA and password"
    if not protected:
        return "root has no MFA"
    return "root has MFA" if mfa is not None and mfa else "root has no password, so nobody can sign in with one"


def unused(root: pd.DataFrame, parameters: Parameters, as_of: datetime) -> Verdict:
    """Neither root's password nor a root key was used in the last ``lookback_days`` whole days. Frame: root rows.

    All three columns count, also the use of a key that has been switched off since.
    """
    window = parameters["lookback_days"]
    recent = reduce(or_, (_recent(root, column, window, as_of) for column in _USES))
    texts = [time_text(root[c]).fillna(root[f"{c}_note"].astype("str")) for c in _USES]
    return Verdict(
        applies=_always(root),
        passed=~recent,
        observed=joined("password ", texts[0], ", access_key_1 ", texts[1], ", access_key_2 ", texts[2]),
        reason=told(
            recent.to_frame(),
            lambda r: _one_of(
                r, f"root was used in the last {window} days", f"no use of root in the last {window} days"
            ),
        ),
    )


def _recent(root: pd.DataFrame, column: str, window: int, as_of: datetime) -> pd.Series:
    """True, False, or <NA> where the report does not tell; ``not_supported`` means there is nothing to use."""
    note = root[f"{column}_note"]
    idle = never(note) | (note == "not_supported")
    recent = (days_between(root[column], as_of) < window).astype("boolean")
    return recent.mask(idle, False)


def _one_of(value: bool | None, yes: str, no: str) -> str:
    if value is None:
        return "the report lacks a column or value that decides"
    return yes if value else no


def _always(root: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=root.index, dtype="boolean")
