"""A sheet laid out by hand, row by row, on a grid of columns that its rows may span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula, Value
from auditor.report.workbook.sheet import height_of, lay_out, lines_needed, merge
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
        """Append one row, as high as its parts need and at least ``lines``; returns its number."""
        self.rows += 1
        column, height = 1, height_of(lines)
        for part in parts:
            height = max(height, self._height(part, column - 1))
            self._book.put(self.sheet, self.rows, column, part.value, part.look)
            self._span(part, column)
            column += part.span
        if height > height_of(1):
            self.sheet.row_dimensions[self.rows].height = height
        return self.rows

    def _height(self, part: Part, column: int) -> float:
        if not part.look.wrap:
            return height_of(1, part.look.size)
        value = part.value.value if isinstance(part.value, Formula) else part.value
        width = sum(self._widths[column : column + part.span])
        return height_of(lines_needed(str(value), width, part.look), part.look.size)

    def _span(self, part: Part, first: int) -> None:
        last = first + part.span - 1
        for column in range(first + 1, last + 1):
            self._book.put(self.sheet, self.rows, column, None, part.look)
        if last > first:
            merge(self.sheet, range(first, last + 1), range(self.rows, self.rows + 1))


def joined_values(value: object) -> str:
    """The members of a list joined by commas; anything else as it prints."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
