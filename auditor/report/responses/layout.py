"""Where the columns of a sheet with responses stand, in the original and in what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from auditor.report.responses.cells import Row, Sheet
from auditor.report.responses.comparing import Difference, cell_name, changed, differing_row

ACCOUNT, CONTROL = "Account id", "Control"


@dataclass(frozen=True)
class Place:
    """The row of the header, and the column of each locked header and of each response; None where one is gone."""

    header: int
    locked: tuple[int | None, ...]
    responses: tuple[int | None, ...]


@dataclass(frozen=True)
class Layout:
    """The headers of the original's locked columns and of its responses, and where they are in either sheet."""

    locked: tuple[str, ...]
    responses: tuple[str, ...]
    original: Place
    returned: Place
    differences: tuple[Difference, ...]
    """What is no longer as it was, down to the header."""


def header_of(sheet: Sheet) -> Row | None:
    """The first row that names an account and a control."""
    return next((row for row in sheet.rows() if {ACCOUNT, CONTROL} <= _names(row).keys()), None)


def layout_of(original: Sheet, returned: Sheet, header: Row, responses: Sequence[str]) -> Layout:
    """Find the original's columns again by their headers, or where they stood."""
    found = header_of(returned) or next((r for r in returned.rows() if r.number == header.number), Row(header.number))
    names = _names(header)
    places = _places(names, found)
    locked = [name for name in names if name not in responses]
    answers = [name for name in responses if name in names]
    return Layout(
        tuple(locked),
        tuple(answers),
        Place(header.number, tuple(names[name] for name in locked), tuple(names[name] for name in answers)),
        Place(found.number, tuple(places[name] for name in locked), tuple(places[name] for name in answers)),
        (*_above(original, returned, header, found), *_headers(original.name, header, found, places)),
    )


def _names(header: Row) -> dict[str, int]:
    """Header -> column; of two columns with one name the first."""
    found: dict[str, int] = {}
    for column, value in sorted(header.cells.items()):
        if isinstance(value, str):
            found.setdefault(value, column)
    return found


def _places(names: dict[str, int], found: Row) -> dict[str, int | None]:
    """Where each column is now: below its name, else (it was renamed) where it was, unless another one is there."""
    there = _names(found)
    return {
        name: there.get(name, None if found.cells.get(column) in names else column) for name, column in names.items()
    }


def _above(original: Sheet, returned: Sheet, header: Row, found: Row) -> Iterator[Difference]:
    if header.number != found.number:
        yield Difference(original.name, f"{header.number}:{header.number}", f"(the header) is row {found.number} now")
        return
    rows = (takewhile(lambda row: row.number < header.number, sheet.rows()) for sheet in (original, returned))
    before, after = ({row.number: row for row in found} for found in rows)
    for number in sorted(before.keys() | after.keys()):
        yield from differing_row(original, before.get(number, Row(number)), after.get(number, Row(number)))


def _headers(sheet: str, header: Row, found: Row, places: dict[str, int | None]) -> Iterator[Difference]:
    """Columns that are renamed, moved, missing or new."""
    for name, column in _names(header).items():
        place, cell = places[name], cell_name(column, header.number)
        if place is None:
            yield Difference(sheet, cell, f'(the column "{name}") is missing')
        elif place != column:
            yield Difference(sheet, cell, f'(the column "{name}") is {cell_name(place, found.number)} now')
        elif found.cells.get(column) != name:
            yield changed(sheet, cell_name(column, found.number), name, found.cells.get(column))
    for column in sorted(found.cells.keys() - {place for place in places.values() if place is not None}):
        was, now = header.cells.get(column), found.cells[column]
        if now is not None and now != was and now not in places:
            yield changed(sheet, cell_name(column, found.number), was, now)
