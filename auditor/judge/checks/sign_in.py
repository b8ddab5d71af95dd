"""Predicates over signing in: credentials that nobody uses, and console passwords without MFA."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.ages import days_after, days_between
from auditor.judge.checks.further_keys import with_further_keys
from auditor.judge.checks.quoting import USER_MADE, quoted_flags, quoted_times
from auditor.judge.checks.verdict import NO_PASSWORD, SWITCHED_OFF, Parameters, Verdict, constant, never, sentences
from auditor.model import NOT_LISTED

_USED, _ROTATED, _CREATED = "last used", "never used; rotated or changed", "never used; user created"
_MADE = "last use not shown; created"


def unused(credentials: pd.DataFrame, parameters: Parameters, as_of: datetime) -> Verdict:
    """An active credential was used less than ``max_unused_days`` whole days ago. Frame: credentials.

    A never-used one is judged by its rotation (a password by its last change, else by the user's creation), as the
    audit steps of CIS do; some other tools let it pass. A key of which nobody tells the use passes where it was made
    so lately: used or not, it cannot have been idle for longer than it exists.
    """
    limit = parameters["max_unused_days"]
    basis, kind = _basis(credentials)
    age = days_between(basis, as_of)
    age = age.mask((kind == _MADE) & (age >= limit))  # it may have been used since
    keys = pd.DataFrame({"active": credentials["active"], "kind": kind, "age": age})
    reason = sentences(keys, lambda active, kind, age: _idle(active, kind, age, limit))
    undecided = credentials["active"].isna() | age.isna()
    return Verdict(
        applies=credentials["active"],
        passed=age < limit,
        observed=_signs_of_life(credentials, kind),
        reason=with_further_keys(reason, credentials, undecided, "when it was last used"),
        also_seen_in=credentials["report_places"],
        not_applicable=constant(credentials, SWITCHED_OFF),
        violated_since=days_after(basis, limit),
    )


def _signs_of_life(credentials: pd.DataFrame, kind: pd.Series) -> pd.Series:
    """The cells up to the one that counts: of a credential that was never used also what says so."""
    names = {
        _USED: ("last_used",),
        _ROTATED: ("last_used", "last_rotated"),
        _CREATED: ("last_used", "last_rotated", USER_MADE),
        _MADE: ("last_rotated",),
    }
    groups = [(read, credentials[(kind == word).to_numpy(dtype=bool)]) for word, read in names.items()]
    parts = [quoted_times(group, *read) for read, group in groups if len(group)]
    return pd.concat(parts).reindex(credentials.index) if parts else kind.astype("str")


def _basis(credentials: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The time that counts as the last sign of life of each credential, and what kind of time it is."""
    used, rotated = credentials["last_used"], credentials["last_rotated"]
    unused = used.isna() & never(credentials["last_used_note"])
    by_rotation = unused & rotated.notna()
    by_making = used.isna() & (credentials["last_used_note"] == NOT_LISTED) & rotated.notna()
    by_creation = unused & rotated.isna() & never(credentials["last_rotated_note"])  # told of passwords only
    basis = used.mask(by_rotation | by_making, rotated).mask(by_creation, credentials["user_creation_time"])
    codes = by_rotation.to_numpy() * 1 + by_creation.to_numpy() * 2 + by_making.to_numpy() * 3
    kinds = pd.Categorical.from_codes(codes, categories=pd.Index([_USED, _ROTATED, _CREATED, _MADE], dtype="str"))
    return basis, pd.Series(kinds, index=credentials.index)


def _idle(active: bool | None, kind: str, age: int | None, limit: int) -> str:
    if active is None:
        return "the report does not show whether the credential is active"
    if age is None:
        return "the credential is active, but the report does not show when it was last used"
    if kind == _MADE:
        return f"created {age} days before the as-of time, so it cannot be unused for {limit} days"
    return f"{kind} {age} days before the as-of time; must be less than {limit} days"


def console_mfa(users: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """A user with a console password has MFA. Frame: users."""
    keys = users[["password_enabled", "mfa_active"]]
    return Verdict(
        applies=users["password_enabled"],
        passed=users["mfa_active"],
        observed=quoted_flags(users, "password_enabled", "mfa_active"),
        reason=sentences(keys, _protected),
        not_applicable=constant(users, NO_PASSWORD),
    )


def _protected(password: bool | None, mfa: bool | None) -> str:
    if password is None or mfa is None:
        return "the report does not show whether the user has a password and MFA"
    return "console password with MFA" if mfa else "console password without MFA"
