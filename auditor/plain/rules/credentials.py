"""Steps over access keys, passwords and console users."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    all_of,
    any_of,
    at,
    column,
    counted,
    elapsed,
    ended,
    flag,
    flagged,
    last_moment,
    moment_told,
    negated,
    never,
    spared,
    whole_days,
)
from auditor.plain.words import NOT_LISTED
from auditor.times import iso


def _begun(facts: Facts) -> tuple[list[str], Told | None]:
    """Whether the credential is active, and the end where it is not."""
    said = f"{column(facts, 'active')} {flag(facts['active'])}"
    if facts["active"] is None:
        return [], ended([], None, f"{said}: the report does not tell whether the credential is active")
    if not facts["active"]:
        return [], spared([], f"{said}: only active credentials are judged")
    return [f"{said}: the control applies"], None


def key_age(facts: Facts, parameters: Parameters, as_of: datetime) -> Told:
    steps, end = _begun(facts)
    if end:
        return end
    limit, rotated, name = parameters["max_age_days"], facts["last_rotated"], column(facts, "last_rotated")
    if rotated is None:
        return ended(steps, None, f"{name} has no time: the age is not known")
    age = whole_days(rotated, as_of)
    steps += [
        f"{name} {iso(rotated)}; {at(as_of)}; {elapsed(rotated, as_of)}",
        f"limit {limit} or less; passes until {last_moment(rotated, limit + 1)}",
    ]
    return ended(steps, age <= limit, f"{age} {'<=' if age <= limit else '>'} {limit}")


def active_key_count(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    names = ("access_key_1_active", "access_key_2_active")
    further, limit = facts.get("further_active_keys", 0), parameters["max_active_keys"]
    said = f"{flagged(facts, *names)}, further active keys {'unknown' if further is None else further}"
    values = [facts[name] for name in names]
    has_any = any_of(*values, None if further is None else further > 0)
    if has_any is False:
        return spared([], f"{said}: only users with an active key are judged")
    count = values.count(True) + (further or 0)
    unknown = None in values or further is None
    if has_any is None or (None in values and further is not None) or (unknown and count <= limit):
        return ended([], None, f"{said}: how many keys are active is not known")
    about = "at least " if unknown else ""
    return ended([f"{said}: {about}{counted(count, 'active key')}"], count <= limit, _compared(count, limit))


def _compared(value: int, limit: int) -> str:
    return f"{value} {'<=' if value <= limit else '>'} {limit}"


def key_at_setup(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    applies = all_of(facts["password_enabled"], facts["active"])
    said = f"password_enabled {flag(facts['password_enabled'])}, {column(facts, 'active')} {flag(facts['active'])}"
    if applies is None:
        return ended([], None, f"{said}: the report does not tell both")
    if not applies:
        return spared([], f"{said}: only active keys of users with a console password are judged")
    unused, used = _unused(facts)
    together, made = _together(facts, timedelta(seconds=parameters["same_time_tolerance_seconds"]))
    wrong = any_of(unused, together)
    last = f"never used {flag(unused)} or made together {flag(together)}"
    return ended([f"{said}: the control applies", used, made], negated(wrong), last)


def _unused(facts: Facts) -> tuple[bool | None, str]:
    unused = True if never(facts["last_used_note"]) else None if facts["last_used"] is None else False
    return unused, f"{moment_told(facts, 'last_used', column(facts, 'last_used'))}: never used {flag(unused)}"


def _together(facts: Facts, tolerance: timedelta) -> tuple[bool | None, str]:
    """``last_rotated`` of a key that was never replaced is when it was made."""
    made, user_made = facts["last_rotated"], facts["user_creation_time"]
    name = column(facts, "last_rotated")
    if made is None or user_made is None:
        return None, f"{name} or user_creation_time has no time"
    apart = abs(made - user_made)
    seconds, limit = apart.total_seconds(), tolerance.total_seconds()
    sign = "<=" if apart <= tolerance else ">"
    said = f"{name} {iso(made)}, user_creation_time {iso(user_made)} (UTC)"
    return apart <= tolerance, f"{said}: {seconds:,g} s apart {sign} {limit:,g} s"


def unused(facts: Facts, parameters: Parameters, as_of: datetime) -> Told:
    steps, end = _begun(facts)
    if end:
        return end
    limit = parameters["max_unused_days"]
    used = moment_told(facts, "last_used", column(facts, "last_used"))
    basis = _basis(facts)
    if facts["last_used_note"] == NOT_LISTED and facts["last_rotated"] is not None:
        return _by_making(steps, facts["last_rotated"], limit, as_of)
    if basis is None:
        return ended(steps, None, f"{used}: the report does not tell when the credential was last used")
    name, moment = basis
    if name != column(facts, "last_used"):
        steps.append(f"{used}: never used, so {name} counts")
    age = whole_days(moment, as_of)
    steps += [
        f"{name} {iso(moment)}; {at(as_of)}; {elapsed(moment, as_of)}",
        f"limit less than {limit}; passes until {last_moment(moment, limit)}",
    ]
    return ended(steps, age < limit, f"{age} {'<' if age < limit else '>='} {limit}")


def _by_making(steps: list[str], made: datetime, limit: int, as_of: datetime) -> Told:
    """A key of which nobody tells the use: it cannot have been idle for longer than it exists."""
    age = whole_days(made, as_of)
    steps += [
        "nobody tells when the key was last used, only when it was made",
        f"CreateDate {iso(made)}; {at(as_of)}; {elapsed(made, as_of)}",
        f"passes for certain until {last_moment(made, limit)}; from then on it depends on its use",
    ]
    return ended(steps, True if age < limit else None, f"{age} {'<' if age < limit else '>='} {limit}")


def _basis(facts: Facts) -> tuple[str, datetime] | None:
    """The column and time that count as the last sign of life."""
    if facts["last_used"] is not None:
        return column(facts, "last_used"), facts["last_used"]
    if not never(facts["last_used_note"]):
        return None
    if facts["last_rotated"] is not None:
        return column(facts, "last_rotated"), facts["last_rotated"]
    if never(facts["last_rotated_note"]) and facts["user_creation_time"] is not None:
        return "user_creation_time", facts["user_creation_time"]
    return None


def console_mfa(facts: Facts, _: Parameters, __: datetime) -> Told:
    said = flagged(facts, "password_enabled")
    if facts["password_enabled"] is None:
        return ended([], None, f"{said}: the report does not tell whether the user has a console password")
    if not facts["password_enabled"]:
        return spared([], f"{said}: only users with a console password are judged")
    return ended([f"{said}: the control applies"], facts["mfa_active"], flagged(facts, "mfa_active"))
