"""Steps over the account password policy."""

from __future__ import annotations

from datetime import datetime

from auditor.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    ended,
    flag,
)


def _without(facts: Facts) -> Told | None:
    if facts["policy_exists"]:
        return None
    return ended([], False, "the account has no password policy, which fails every control of it")


def length(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    return _without(facts) or _at_least("MinimumPasswordLength", facts["minimum_length"], parameters["minimum_length"])


def reuse(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    limit = parameters["reuse_prevention"]
    return _without(facts) or _at_least("PasswordReusePrevention", facts["reuse_prevention"], limit)


def _at_least(name: str, value: int | None, limit: int) -> Told:
    if value is None:
        return ended([f"limit {limit} or more"], False, f"{name} is not set, which is as good as 0")
    return ended([f"{name} {value}; limit {limit} or more"], value >= limit, _compared(value, limit))


def _compared(value: int, limit: int) -> str:
    return f"{value} {'>=' if value >= limit else '<'} {limit}"


def character(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    wanted = parameters["character"]
    return _without(facts) or ended([], bool(facts[wanted]), f"{wanted} required {flag(facts[wanted])}")


def expiry(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    if end := _without(facts):
        return end
    limit, age = parameters["max_password_age_days"], facts["max_password_age_days"]
    steps = [f"ExpirePasswords {flag(facts['expires'])}; limit 1 to {limit} days"]
    if not facts["expires"]:
        return ended(steps, False, "passwords do not expire")
    if age is None:
        return ended(steps, False, "MaxPasswordAge is not set")
    kept = 1 <= age <= limit
    return ended(steps, kept, f"MaxPasswordAge {age} is {'' if kept else 'not '}within 1 to {limit}")
