"""Steps over the account password policy."""

from __future__ import annotations

from datetime import datetime

from auditor.reperform.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    ended,
    flag,
)


def _without(facts: Facts) -> Told | None:
    if facts["policy_exists"]:
        return None
    end = ended([], False, "the account has no password policy, which fails every control of it")
    return end.quoting(f"Code {facts['policy_error_raw']}")


def length(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    return _without(facts) or _at_least("MinimumPasswordLength", facts["minimum_length"], parameters["minimum_length"])


def reuse(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    limit = parameters["reuse_prevention"]
    return _without(facts) or _at_least("PasswordReusePrevention", facts["reuse_prevention"], limit)


def _at_least(name: str, value: int | None, limit: int) -> Told:
    if value is None:
        end = ended([f"limit {limit} or more"], False, f"{name} is not set, which counts as 0")
    else:
        end = ended([f"{name} {value}; limit {limit} or more"], value >= limit, _compared(value, limit))
    return end.quoting(f"{name} {_cell(value)}")


def _compared(value: int, limit: int) -> str:
    return f"{value} {'>=' if value >= limit else '<'} {limit}"


def uppercase(facts: Facts, _: Parameters, __: datetime) -> Told:
    return _character(facts, "uppercase", "RequireUppercaseCharacters")


def lowercase(facts: Facts, _: Parameters, __: datetime) -> Told:
    return _character(facts, "lowercase", "RequireLowercaseCharacters")


def symbol(facts: Facts, _: Parameters, __: datetime) -> Told:
    return _character(facts, "symbol", "RequireSymbols")


def number(facts: Facts, _: Parameters, __: datetime) -> Told:
    return _character(facts, "number", "RequireNumbers")


def _character(facts: Facts, wanted: str, member: str) -> Told:
    if end := _without(facts):
        return end
    end = ended([], bool(facts[wanted]), f"{wanted} required {flag(facts[wanted])}")
    return end.quoting(f"{member} {_cell(facts[f'{wanted}_raw'])}")


def _cell(value: str | int | None) -> str:
    """As JSON has it."""
    return "not set" if value is None else str(value)


def expiry(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    if end := _without(facts):
        return end
    limit, age = parameters["max_password_age_days"], facts["max_password_age_days"]
    steps = [f"ExpirePasswords {flag(facts['expires'])}; limit 1 to {limit} days"]
    kept = age is not None and bool(facts["expires"]) and 1 <= age <= limit
    last = f"MaxPasswordAge {age} is {'' if kept else 'not '}within 1 to {limit}"
    if not facts["expires"]:
        last = "passwords do not expire"
    elif age is None:
        last = "MaxPasswordAge is not set"
    quoted = f"ExpirePasswords {_cell(facts['expires_raw'])}, MaxPasswordAge {_cell(age)}"
    return ended(steps, kept, last).quoting(quoted)
