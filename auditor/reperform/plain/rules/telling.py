"""What one unit's verdict is made of, step by step, and the words all steps share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from auditor.reperform.plain.words import COLUMNS, FAIL, MANUAL, NEVER, NO_EVIDENCE, NOT_APPLICABLE, PASS
from auditor.times import iso

Facts = Mapping[str, Any]
"""What is known of one unit, as plain values; None is missing."""
Parameters = Mapping[str, Any]
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Told:
    """The comparisons of one unit in order, a sentence each, and where they lead.

    ``status`` is one of ``plain.words``. ``lines`` of the unit's own evidence file are shown; empty: the line that the
    unit stands on. ``observed`` quotes the evidence; ``cited`` are the lines of the unit's own file where it stands
    (empty: that of the unit), ``also`` places in other files, ``file:line; file:line``.
    """

    status: str
    steps: tuple[str, ...]
    lines: tuple[int, ...] = ()
    observed: str = ""
    cited: tuple[int, ...] = ()
    also: str = ""

    def quoting(self, observed: str, *places: str, cited: Iterable[int | None] = ()) -> Told:
        """The same with what the evidence says, and where."""
        lines = tuple(line for line in cited if line is not None)
        also = "; ".join(place for place in places if place)
        return replace(self, observed=observed, cited=lines, also=also, lines=self.lines or lines)


Rule = Callable[[Facts, Parameters, datetime], Told]
"""(one unit's facts, the parameters that hold for it, as-of) -> Told; computed apart from the check of that name."""


def ended(steps: Iterable[str], passed: bool | None, last: str, lines: Iterable[int | None] = ()) -> Told:
    """PASS or FAIL, or NO_EVIDENCE where that is not known; ``last`` is the comparison that decides."""
    status = NO_EVIDENCE if passed is None else PASS if passed else FAIL
    return _verdict(status, steps, last, lines)


def spared(steps: Iterable[str], last: str) -> Told:
    """The control does not apply."""
    return _verdict(NOT_APPLICABLE, steps, last)


def asked(steps: Iterable[str], last: str, lines: Iterable[int | None] = ()) -> Told:
    """A person answers."""
    return _verdict(MANUAL, steps, last, lines)


def _verdict(status: str, steps: Iterable[str], last: str, lines: Iterable[int | None] = ()) -> Told:
    return Told(status, (*steps, f"{last} -> {status}"), tuple(line for line in lines if line is not None))


def any_of(*values: bool | None) -> bool | None:
    """True where one is, else None where one is unknown."""
    return True if any(values) else None if None in values else False


def all_of(*values: bool | None) -> bool | None:
    """False where one is, else None where one is unknown."""
    return negated(any_of(*map(negated, values)))


def negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def whole_days(moment: datetime, as_of: datetime) -> int:
    return (as_of - moment) // _DAY


def elapsed(moment: datetime, as_of: datetime) -> str:
    """``elapsed 115 days 02:15:00 = 115 whole days``"""
    days, rest = divmod(as_of - moment, _DAY)
    clock = f"{rest.seconds // 3600:02}:{rest.seconds // 60 % 60:02}:{rest.seconds % 60:02}"
    return f"elapsed {counted(days)} {clock} = {counted(days, 'whole day')}"


def counted(number: int, what: str = "day") -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def at(as_of: datetime) -> str:
    return f"as-of {iso(as_of)} (UTC)"


def last_moment(moment: datetime, days: int) -> str:
    """The last second before ``days`` days have gone by since ``moment``."""
    try:
        return iso(moment + days * _DAY - _INSTANT)
    except OverflowError:
        return "the end of time"


def never(note: str | None) -> bool:
    """Whether AWS says that there was no use, or none since it began to record."""
    return note in NEVER


def column(facts: Facts, name: str) -> str:
    """What a fact of a credential is called in the credential report."""
    return COLUMNS.get(facts["credential"], {}).get(name, name)


def moment_told(facts: Facts, name: str, label: str = "") -> str:
    """``password_last_used 2026-08-01T08:00:00Z``, or what stands in place of a time."""
    moment, note = facts[name], facts.get(f"{name}_note")
    return f"{label or name} {iso(moment) if moment else quoted(note)}"


def quoted(note: str | None) -> str:
    return "(not told)" if note is None else note or "(empty)"


def flag(value: bool | None) -> str:
    """TRUE, FALSE or unknown."""
    return "unknown" if value is None else str(value).upper()


def flagged(facts: Facts, *names: str) -> str:
    """``password_enabled TRUE, mfa_active unknown``"""
    return ", ".join(f"{name} {flag(facts[name])}" for name in names)


def cell(facts: Facts, name: str) -> str:
    """The very text that the evidence has for a fact."""
    text = facts[f"{name}_raw"]
    return "unknown" if text is None else str(text)


def own_line(facts: Facts) -> int:
    """Where the unit stands, by whichever name."""
    return int(facts["line"] if "line" in facts else facts["evidence_line"])


def numbers(lines: str | None) -> list[int]:
    """``12 33`` as numbers."""
    return [int(line) for line in (lines or "").split()]


def listed(text: str | None) -> str:
    return text or "none"


def known(text: str | None) -> str:
    """As ``listed``, of evidence that may not have been had."""
    return "unknown" if text is None else listed(text)
