"""Rows of totals below a table: words over some of its columns, then a figure or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from openpyxl.utils import get_column_letter

from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula, quoted
from auditor.report.workbook.sheet import height_of, merge
from auditor.report.workbook.table import Part

Names: TypeAlias = Mapping[str, str]
"""The names that formulas have for the columns of a table, by the columns' sources."""
_TIES, _DIFFERS = "✔ ties", "✘ does not match"
_LABEL_COLUMNS = 5


class Totals:
    """Appends rows to a sheet, below the table that ``part`` is."""

    def __init__(self, book: Book, part: Part, title: str) -> None:
        self.book = book
        self._sheet, self._title, self._row = part.sheet, title, part.last

    def section(self, words: str, *heads: str) -> None:
        """A heading, with a blank row above it; ``heads`` stand above the figures."""
        self._row += 2
        self._sheet.row_dimensions[self._row].height = height_of(1, style.SECTION.size)
        self._fill(words, style.SECTION, heads, style.COLUMN_HEADING)

    def add(self, words: str, *figures: Formula, name: str = "") -> str:
        """The cell of the first figure; formulas of other sheets refer to it by ``name``."""
        self._row += 1
        self._fill(words, style.TOTAL_LABEL, figures, style.TOTAL)
        letter = get_column_letter(_LABEL_COLUMNS + 1)
        if name:
            self.book.add_range(self._title, name, f"{quoted(self._title)}!${letter}${self._row}")
        return f"{letter}{self._row}"

    def _fill(self, words: str, look: style.Look, values: Sequence[str | Formula], values_look: style.Look) -> None:
        """The words over the first columns of the row, the values in those that follow."""
        for column in range(1, _LABEL_COLUMNS + 1):
            self.book.put(self._sheet, self._row, column, words if column == 1 else None, look)
        merge(self._sheet, range(1, _LABEL_COLUMNS + 1), range(self._row, self._row + 1))
        for column, value in enumerate(values, start=_LABEL_COLUMNS + 1):
            self.book.put(self._sheet, self._row, column, value, values_look)

    def print_them(self) -> None:
        """The print area of the sheet goes on to the last total."""
        area = str(self._sheet.print_area).rpartition("!")[2].replace("$", "")
        self._sheet.print_area = f"{area.rstrip('0123456789')}{self._row}"


def tie(condition: str) -> Formula:
    """A check of the workbook's own numbers."""
    return Formula(f'IF({condition},"{_TIES}","{_DIFFERS}")', _TIES)
