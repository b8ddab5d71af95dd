"""The period that an audit is about: a year, a quarter, a month or two dates."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime

_FORMS = "2026Q4, 2026-10, 2026 or 2026-10-01..2026-12-31"
_YEAR = re.compile(r"([0-9]{4})")
_QUARTER = re.compile(r"([0-9]{4})[Qq]([1-4])")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_DATES = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})")


@dataclass(frozen=True)
class Period:
    """``first`` and ``last`` are whole days in UTC, both within; of ``name``, ``parse`` makes the same period."""

    name: str
    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> Period:
        """A period as people write it: 2026Q4, 2026-10, 2026 or 2026-10-01..2026-12-31.

        Raises ValueError: one sentence with the nearest period.
        """
        try:
            found = _parsed(text.strip())
        except ValueError:  # a day or a year that no calendar has
            found = None
        if found is None:
            raise ValueError(f"{text!r} is not a period like {_FORMS}{_meant(text)}")
        if found.last < found.first:
            raise ValueError(f"{text!r} ends before it begins{_meant(text)}")
        return found

    def covers(self, moment: datetime) -> bool:
        return self.first <= moment.astimezone(UTC).date() <= self.last

    def __str__(self) -> str:
        """``2026Q4 (2026-10-01 to 2026-12-31)``; of two dates these alone."""
        days = f"{self.first} to {self.last}"
        return days if ".." in self.name else f"{self.name} ({days})"


def _parsed(text: str) -> Period | None:
    if match := _YEAR.fullmatch(text):
        return _months(text, int(match[1]), 1, 12)
    if match := _QUARTER.fullmatch(text):
        end = 3 * int(match[2])
        return _months(text.upper(), int(match[1]), end - 2, end)
    if match := _MONTH.fullmatch(text):
        return _months(text, int(match[1]), int(match[2]), int(match[2]))
    if match := _DATES.fullmatch(text):
        return Period(text, date.fromisoformat(match[1]), date.fromisoformat(match[2]))
    return None


def _months(name: str, year: int, first: int, last: int) -> Period:
    return Period(name, date(year, first, 1), _day(year, last, 31))


def _day(year: int, month: int, day: int) -> date:
    """The nearest day of the calendar: no month has fewer than one day, nor a year more than twelve months."""
    month = min(max(month, 1), 12)
    return date(year, month, min(max(day, 1), monthrange(year, month)[1]))


def _meant(text: str) -> str:
    """`` (did you mean '2026Q4'?)``, or an empty text where no year is named."""
    try:
        guess = _guess(text)
    except ValueError:  # the year 0
        guess = ""
    return f" (did you mean {guess!r}?)" if guess else ""


def _guess(text: str) -> str:
    found = re.findall(r"(?<![0-9])([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2}))?(?![0-9])", text)
    year = re.search(r"(?<![0-9])[1-9][0-9]{3}(?![0-9])", text)
    quarter = re.search(r"(?i)q-?([0-9])|([0-9])\.?q", text.replace(year[0], "", 1) if year else "")
    if len(found) == 2:
        first, last = sorted(found, key=lambda parts: [int(part or 0) for part in parts])
        return f"{_day(*map(int, (*first[:2], first[2] or 1)))}..{_day(*map(int, (*last[:2], last[2] or 31)))}"
    if year and quarter:
        return f"{year[0]}Q{min(max(int(quarter[1] or quarter[2]), 1), 4)}"
    if len(found) == 1:
        day = _day(*(int(part or 1) for part in found[0]))
        return f"{day.year}Q{(day.month + 2) // 3}" if found[0][2] else f"{day:%Y-%m}"
    return year[0] if year else ""
