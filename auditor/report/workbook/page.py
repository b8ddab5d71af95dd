"""A sheet laid out by hand, row by row, on a grid of columns that its rows may span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from openpyxl.utils import get_column_letter

from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula, Value
from auditor.report.workbook.sheet import lay_out, lines_needed, set_height
from auditor.report.workbook.style import Look


@dataclass(frozen=True)
class Part:
    """One cell of a row, over as many columns as it spans."""

    value: Value
    look: Look
    span: int = 1


def text(value: str | datetime, span: int = 1) -> Part:
    return Part(value, style.TIME if isinstance(value, datetime) else style.WRAPPED, span)


def label(words: str, span: int = 1) -> Part:
    return Part(words, style.LABEL, span)


def heading(words: str, span: int) -> Part:
    return Part(words, style.SECTION, span)


def count(number: int | Formula, span: int = 1) -> Part:
    return Part(number, style.COUNT, span)


class Page:
    """Appends rows to a sheet; the parts of a row lie side by side from the first column on."""

    def __init__(self, book: Book, title: str, widths: Sequence[float]) -> None:
        self.sheet = book.workbook[title]
        lay_out(book, self.sheet, widths)
        self._book, self._widths = book, widths
        self.rows = 0

    def gap(self) -> None:
        self.row()

    def row(self, *parts: Part, lines: int = 1) -> int:
        """Append one row, at least ``lines`` high; returns its number."""
        self.rows += 1
        column = 1
        for part in parts:
            lines = max(lines, self._lines(part, column - 1))
            self._book.put(self.sheet, self.rows, column, part.value, part.look)
            self._span(part, column)
            column += part.span
        set_height(self.sheet, self.rows, lines)
        return self.rows

    def _lines(self, part: Part, column: int) -> int:
        if not part.look.wrap:
            return 1
        value = part.value.value if isinstance(part.value, Formula) else part.value
        return lines_needed(str(value), sum(self._widths[column : column + part.span]))

    def _span(self, part: Part, first: int) -> None:
        last = first + part.span - 1
        for column in range(first + 1, last + 1):
            self._book.put(self.sheet, self.rows, column, None, part.look)
        if last > first:
            row = self.rows
            self.sheet.merged_cells.add(f"{get_column_letter(first)}{row}:{get_column_letter(last)}{row}")
