"""Steps over access keys, passwords and console users."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.reperform.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    all_of,
    any_of,
    at,
    cell,
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
from auditor.reperform.plain.words import FURTHER_KEYS, NOT_LISTED
from auditor.times import iso


def _begun(facts: Facts) -> tuple[list[str], Told | None]:
    """Whether the credential is active, and the end where it is not."""
    said = f"{column(facts, 'active')} {flag(facts['active'])}"
    if facts["active"] is None:
        return [], ended([], None, f"{said}: the report does not show whether the credential is active")
    if not facts["active"]:
        return [], spared([], f"{said}: only active credentials are tested")
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
    end = ended(steps, age <= limit, f"{age} {'<=' if age <= limit else '>'} {limit}")
    return end.quoting(_quoted(facts, "last_rotated"), facts["report_places"])


def _quoted(facts: Facts, *names: str) -> str:
    """Cells of a credential, each after the name of its column, or of its member in the list of access keys."""
    listed = {"last_rotated": "CreateDate"} if facts["credential"] in FURTHER_KEYS else {}
    return ", ".join(f"{listed.get(name) or column(facts, name)} {cell(facts, name)}" for name in names)


def active_key_count(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    names = ("access_key_1_active", "access_key_2_active")
    further, limit = facts.get("further_active_keys", 0), parameters["max_active_keys"]
    said = f"{flagged(facts, *names)}, further active keys {'unknown' if further is None else further}"
    values = [facts[name] for name in names]
    has_any = any_of(*values, None if further is None else further > 0)
    if has_any is False:
        return spared([], f"{said}: only users with an active key are tested")
    count = values.count(True) + (further or 0)
    unknown = None in values or further is None
    if has_any is None or (None in values and further is not None) or (unknown and count <= limit):
        return ended([], None, f"{said}: how many keys are active is not known")
    about = "at least " if unknown else ""
    quoted = ", ".join(f"{name} {cell(facts, name)}" for name in names)
    end = ended([f"{said}: {about}{counted(count, 'active key')}"], count <= limit, _compared(count, limit))
    return end.quoting(quoted, facts["further_places"])


def _compared(value: int, limit: int) -> str:
    return f"{value} {'<=' if value <= limit else '>'} {limit}"


def key_at_setup(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    applies = all_of(facts["password_enabled"], facts["active"])
    said = f"password_enabled {flag(facts['password_enabled'])}, {column(facts, 'active')} {flag(facts['active'])}"
    if applies is None:
        return ended([], None, f"{said}: the report does not show both")
    if not applies:
        return spared([], f"{said}: only active keys of users with a console password are tested")
    unused, used = _unused(facts)
    together, made = _together(facts, timedelta(seconds=parameters["same_time_tolerance_seconds"]))
    wrong = any_of(unused, together)
    last = f"never used {flag(unused)} or made together {flag(together)}"
    in_report = () if facts["last_used_note"] == NOT_LISTED else ("last_used",)
    quoted = _quoted(facts, "user_creation_time", "last_rotated", *in_report)
    end = ended([f"{said}: the control applies", used, made], negated(wrong), last)
    return end.quoting(quoted, facts["report_places"])


def _unused(facts: Facts) -> tuple[bool | None, str]:
    unused = True if never(facts["last_used_note"]) else None if facts["last_used"] is None else False
    return unused, f"{moment_told(facts, 'last_used', column(facts, 'last_used'))}: never used {flag(unused)}"


def _together(facts: Facts, tolerance: timedelta) -> tuple[bool | None, str]:
    """``last_rotated`` of a key that was never replaced is when it was created."""
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
        end = _by_making(steps, facts["last_rotated"], limit, as_of)
        return end.quoting(_quoted(facts, "last_rotated"), facts["report_places"])
    if basis is None:
        return ended(steps, None, f"{used}: the report does not show when the credential was last used")
    name, moment = basis
    if name != column(facts, "last_used"):
        steps.append(f"{used}: never used, so {name} counts")
    age = whole_days(moment, as_of)
    steps += [
        f"{name} {iso(moment)}; {at(as_of)}; {elapsed(moment, as_of)}",
        f"limit less than {limit}; passes until {last_moment(moment, limit)}",
    ]
    end = ended(steps, age < limit, f"{age} {'<' if age < limit else '>='} {limit}")
    return end.quoting(_quoted(facts, *_read(facts)))


def _read(facts: Facts) -> tuple[str, ...]:
    """The facts that are looked at until one is a time."""
    if facts["last_used"] is not None:
        return ("last_used",)
    rotated = facts["last_rotated"] is not None
    return ("last_used", "last_rotated") if rotated else ("last_used", "last_rotated", "user_creation_time")


def _by_making(steps: list[str], made: datetime, limit: int, as_of: datetime) -> Told:
    """A key of which nobody tells the use: it cannot have been idle for longer than it exists."""
    age = whole_days(made, as_of)
    steps += [
        "no evidence shows when the key was last used, only when it was created",
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
        return ended([], None, f"{said}: the report does not show whether the user has a console password")
    if not facts["password_enabled"]:
        return spared([], f"{said}: only users with a console password are tested")
    end = ended([f"{said}: the control applies"], facts["mfa_active"], flagged(facts, "mfa_active"))
    return end.quoting(", ".join(f"{name} {cell(facts, name)}" for name in ("password_enabled", "mfa_active")))
