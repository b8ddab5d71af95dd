"""Times as evidence writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_DIGITS = frozenset("0123456789")
_SHAPE = "0000-00-00T00:00:00"
_LATEST = datetime.max.replace(tzinfo=UTC)


def of_a_report(text: str) -> datetime | None:
    """A time of a credential report, ``2026-08-01T08:00:00Z`` or with an offset, in UTC; None for all other texts."""
    whole, rest = text[: len(_SHAPE)], text[len(_SHAPE) :]
    if not _is_like(whole, _SHAPE) or whole[0] == "0":
        return None
    fraction = 0
    if rest.startswith("."):
        digits = rest[1 : -1 if rest.endswith("Z") else -6]
        if not 1 <= len(digits) <= 6 or not set(digits) <= _DIGITS:
            return None
        fraction, rest = int(digits.ljust(6, "0")), rest[1 + len(digits) :]
    offset = _offset(rest)
    if offset is None:
        return None
    try:
        year, month, day = int(whole[:4]), int(whole[5:7]), int(whole[8:10])
        hour, minute, second = int(whole[11:13]), int(whole[14:16]), int(whole[17:])
        local = datetime(year, month, day, hour, minute, second, fraction, UTC)
    except ValueError:  # no such day or hour
        return None
    try:
        return local - offset
    except OverflowError:  # the last hours of the year 9999
        return _LATEST


def of_an_answer(text: str | None) -> datetime | None:
    """A time of an answer in JSON, in UTC; None for what is none. One without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_like(text: str, shape: str) -> bool:
    """Whether each digit of ``shape`` is a digit in the text, and each other character is itself."""
    pairs = zip(text, shape, strict=False)
    return len(text) == len(shape) and all(c in _DIGITS if s == "0" else c == s for c, s in pairs)


def _offset(text: str) -> timedelta | None:
    if text == "Z":
        return timedelta()
    if text[:1] not in ("+", "-") or not _is_like(text[1:], "00:00"):
        return None
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return offset if text[0] == "+" else -offset
