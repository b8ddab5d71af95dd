"""Compares cells: what every program may write otherwise is the same, anything else is a difference."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from auditor.report.responses.cells import Formula, Row, Sheet, Value, moved

_EXACTLY = 1e-12  # programs write 15 to 17 digits of a number
_SHOWN, _LEAD = 160, 40  # characters of a text, of which so many before the first that differs
_CONSTANT = re.compile(r"\b(TRUE|FALSE)\(\)")
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
_FUTURE = re.compile(r"_xl(?:fn|ws)\.(?:_xlws\.)?", re.IGNORECASE)
_PLAIN_SHEET = re.compile(r"'[A-Za-z_][A-Za-z0-9_.]*'")


@dataclass(frozen=True)
class Difference:
    """Something locked that is not as it was; ``place`` is a cell, a row, a column or empty for the whole sheet."""

    sheet: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.sheet}!{self.place} {self.text}" if self.place else f"{self.sheet}: {self.text}"


def changed(sheet: str, place: str, was: Value, now: Value) -> Difference:
    """Of long texts, what is around the first character that differs."""
    one, other = _value_text(was), _value_text(now)
    first = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    start = max(first - _LEAD, 0)
    return Difference(sheet, place, f"was {_part(one, start)}, is {_part(other, start)}")


def differing(original: Sheet, returned: Sheet) -> Iterator[Difference]:
    """Locked cells that differ, place by place."""
    for before, after in _side_by_side(original.rows(), returned.rows()):
        yield from differing_row(original, before, after)


def differing_row(original: Sheet, before: Row, after: Row) -> Iterator[Difference]:
    """Locked cells that differ in a row that stands where it stood."""
    if before.cells == after.cells:
        return
    for column in sorted(before.cells.keys() | after.cells.keys()):
        was, now = before.cells.get(column), after.cells.get(column)
        if not same(was, now) and not original.is_marked(before, column):
            yield changed(original.name, cell_name(column, after.number), was, now)


def same(was: Value, now: Value) -> bool:
    """Whether two cells are the same; formulas by their text alone, as every program computes them anew."""
    if isinstance(was, Formula) or isinstance(now, Formula):
        return isinstance(was, Formula) and isinstance(now, Formula) and same_formula(was.text, now.text)
    if isinstance(was, float) and isinstance(now, float):
        return math.isclose(was, now, rel_tol=_EXACTLY, abs_tol=_EXACTLY)
    return was == now


def same_moved(was: Value, now: Value, origin: str, here: str) -> bool:
    """Whether the cell ``origin`` is the same where its row was sorted to."""
    if same(was, now):
        return True
    if isinstance(was, Formula) and isinstance(now, Formula) and origin != here:
        return same_formula(moved(was.text, origin, here), now.text)
    return False


def same_formula(was: str, now: str) -> bool:
    """Blanks, capitals, prefixes of newer functions and needless quotes around sheets are no difference."""
    return was == now or _canonical(was) == _canonical(now)


def _value_text(value: Value) -> str:
    """A value as a person is told it."""
    if value is None:
        return "empty"
    if isinstance(value, Formula):
        return f"={value.text}"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    return f'"{value}"'


def _part(text: str, start: int) -> str:
    if len(text) <= _SHOWN:
        return text
    end = start + _SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def cell_name(column: int, row: int) -> str:
    return f"{get_column_letter(column)}{row}"


def _canonical(formula: str) -> str:
    parts = _QUOTED.split(formula)  # what is quoted stands at odd places
    return "".join(_unquoted(part) if number % 2 else _bare(part) for number, part in enumerate(parts))


def _unquoted(part: str) -> str:
    return part[1:-1].upper() if _PLAIN_SHEET.fullmatch(part) else part


def _bare(code: str) -> str:
    return _CONSTANT.sub(r"\1", _FUTURE.sub("", "".join(code.split())).upper())


def _side_by_side(before: Iterator[Row], after: Iterator[Row]) -> Iterator[tuple[Row, Row]]:
    """Rows of the same number together, an empty one where a sheet has none."""
    nothing = Row(2**31)
    one, other = next(before, nothing), next(after, nothing)
    while one is not nothing or other is not nothing:
        number = min(one.number, other.number)
        yield (one if one.number == number else Row(number)), (other if other.number == number else Row(number))
        one = next(before, nothing) if one.number == number else one
        other = next(after, nothing) if other.number == number else other
