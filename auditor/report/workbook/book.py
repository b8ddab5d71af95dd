"""A workbook being made: openpyxl designs it, and what is long is streamed into it when it is saved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias, cast

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.styles.cell_style import StyleArray
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook.style import Look
from auditor.report.workbook.text import GUARDED, cell_text

Number: TypeAlias = int | float
Chunk: TypeAlias = bytes | memoryview
_MAX_TITLE = 31
_MAX_LINKS = 65_530
_UNFIT_FOR_NAMES = re.compile(r"\W")


@dataclass(frozen=True)
class Formula:
    """A live formula, without its ``=``, and what this program says that it gives.

    The value is stored beside the formula: it is what a reader sees that does not calculate, such as a mail preview or
    Excel's protected view, and what a recalculation must come to.
    """

    text: str
    value: str | Number


Value: TypeAlias = str | Number | datetime | Formula | None


@dataclass(frozen=True)
class Stream:
    """Rows of a sheet that openpyxl never sees: ``rows`` of them from ``first`` on, as XML."""

    first: int
    rows: int
    columns: int
    chunks: Callable[[], Iterator[Chunk]]


@dataclass
class Book:
    """An openpyxl workbook with everything that is added on saving.

    ``cached`` holds the values of formulas by sheet and cell, ``streams`` the rows by sheet, ``ranges`` where the
    columns of each table lie: one range for every sheet that the table takes; ``links`` are those within the book.
    ``imprint`` is what the footer of every page says of the evidence that the book is of.
    """

    workbook: Workbook
    paper: str = "a4"
    imprint: str = ""
    cached: dict[str, dict[str, str | Number]] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    ranges: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _numbers: dict[tuple[Look, bool], int] = field(default_factory=dict)
    _styles: dict[Look, StyleArray] = field(default_factory=dict)

    def add_sheet(self, title: str, after: str | None = None) -> Worksheet:
        """A new sheet at the end, or behind another; its title is made unique and at most 31 characters long."""
        place = None if after is None else self.workbook.sheetnames.index(after) + 1
        return cast(Worksheet, self.workbook.create_sheet(unique_title(title, self.workbook.sheetnames), place))

    def put(self, sheet: Worksheet, row: int, column: int, value: Value, look: Look) -> Cell:
        """Fill one cell: text stays text, numbers are numbers, times become UTC, formulas keep their value."""
        cell = cast(Cell, sheet.cell(row, column))
        self._dress(cell, look)
        if isinstance(value, Formula):
            cell.value = f"={value.text}"
            self.cached.setdefault(sheet.title, {})[cell.coordinate] = value.value
        elif isinstance(value, datetime):
            cell.value = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        elif isinstance(value, str):
            put_text(cell, value)
        else:
            cell.value = value
        return cell

    def _dress(self, cell: Cell, look: Look) -> None:
        """Openpyxl looks up every part of a style anew; the numbers that it finds are the same for each such cell."""
        if look in self._styles:
            cell._style = copy(self._styles[look])  # type: ignore[attr-defined]
        else:
            look.dress(cell)
            self._styles[look] = copy(cell._style)  # type: ignore[attr-defined]

    def style_number(self, look: Look, *, guarded: bool = False) -> int:
        """What the XML of a cell calls this look; ``guarded``: text that must stay text when somebody edits it."""
        key = (look, guarded)
        if key not in self._numbers:
            cell = Cell(self.workbook.worksheets[0], 1, 1)
            look.dress(cell)
            cell.quotePrefix = guarded
            self._numbers[key] = int(cell.style_id)
        return self._numbers[key]

    def name(self, name: str, sheet: str, cells: str) -> str:
        """Define a name for a range of a sheet; returns the name."""
        legal = _UNFIT_FOR_NAMES.sub("_", name)
        self.workbook.defined_names[legal] = DefinedName(legal, attr_text=f"{quoted(sheet)}!{cells}")
        return legal

    def add_range(self, table: str, column: str, reference: str) -> None:
        self.ranges.setdefault(table, {}).setdefault(column, []).append(reference)

    def link(self, sheet: str, cell: str, target: str, target_cell: str) -> None:
        """Make a cell lead to another; a sheet that has as many links as Excel reads gets no more."""
        links = self.links.setdefault(sheet, {})
        if len(links) < _MAX_LINKS:
            links[cell] = f"{quoted(target)}!{target_cell}"

    def counted(self, table: str, criteria: Mapping[str, str], value: int) -> Formula:
        """The rows of ``table``, on all its sheets, whose columns meet all ``criteria``, written as spreadsheets do."""
        columns = self.ranges[table]
        parts = [
            "COUNTIFS(" + ",".join(f"{columns[name][at]},{criterion}" for name, criterion in criteria.items()) + ")"
            for at in range(len(next(iter(columns.values()))))
        ]
        return Formula("+".join(parts), value)

    def matching(self, table: str, column: str, cell: str, value: int) -> Formula:
        """The rows of ``table`` whose ``column`` is exactly what ``cell`` holds.

        Criteria would read ``*``, ``?`` and ``<`` in a name as more than themselves, and take at most 255 characters.
        """
        return Formula("+".join(f"SUMPRODUCT(--EXACT({area},{cell}))" for area in self.ranges[table][column]), value)


def new_book(
    title: str, version: str, made_at: datetime, sheets: Sequence[str], paper: str = "a4", imprint: str = ""
) -> Book:
    """An empty workbook with ``sheets``; its properties name this program and ``made_at`` instead of the clock."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    moment = made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    creator = f"auditor {version}"
    workbook.properties = DocumentProperties(
        creator=creator, lastModifiedBy=creator, title=title, created=moment, modified=moment
    )
    workbook.calculation = CalcProperties(fullCalcOnLoad=True)
    book = Book(workbook, paper, imprint)
    for sheet in sheets:
        book.add_sheet(sheet)
    return book


def unique_title(title: str, taken: Sequence[str]) -> str:
    """``title`` fit for a sheet: at most 31 characters, none of ``[]:*?/\\``, and no other sheet's, however spelt."""
    fit = re.sub(r"[\[\]:*?/\\]", "_", title).strip("'")[:_MAX_TITLE] or "Sheet"
    return unique(fit, taken, _MAX_TITLE)


def unique(text: str, taken: Iterable[str], longest: int) -> str:
    """``text``, with a number where it is among ``taken``, however spelt; at most ``longest`` characters."""
    known, result, number = {name.casefold() for name in taken}, text[:longest], 1
    while result.casefold() in known:
        number += 1
        end = f" ({number})"
        result = text[: longest - len(end)] + end
    return result


def quoted(sheet: str) -> str:
    """A sheet's title as formulas name it."""
    return sheet if sheet.isidentifier() else "'" + sheet.replace("'", "''") + "'"


def put_text(cell: Cell, text: str) -> None:
    """Fill ``cell`` with text that stays text: never a formula or an error, not even once somebody edits it."""
    text = cell_text(text)
    # An empty text would be a cell that says it holds text and does not.
    cell.value = text or None
    cell.data_type = "s" if text else "n"
    cell.quotePrefix = text[:1] in GUARDED
