"""A sheet laid out by hand, row by row, on a grid of columns that its rows may span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.worksheet.cell_range import CellRange

from auditor.report.workbook import style
from auditor.report.workbook.sheet import append_row, lines_needed, new_sheet
from auditor.report.workbook.style import Look

Value: TypeAlias = str | int | datetime


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


def count(number: int, span: int = 1) -> Part:
    return Part(number, style.COUNT, span)


class Page:
    """Appends rows to a new sheet; the parts of a row lie side by side from the first column on."""

    def __init__(self, book: Workbook, title: str, widths: Sequence[float]) -> None:
        self._sheet = new_sheet(book, title, widths)
        self._widths = widths
        self._rows = 0

    def gap(self) -> None:
        self.row()

    def row(self, *parts: Part, lines: int = 1) -> None:
        """Append one row, at least ``lines`` high."""
        self._rows += 1
        cells: list[Cell] = []
        for part in parts:
            lines = max(lines, self._lines(part, len(cells)))
            self._merge(len(cells) + 1, part.span)
            cells.append(self._filled(part))
            cells += [part.look.cell(self._sheet) for _ in range(part.span - 1)]
        append_row(self._sheet, self._rows, cells, lines)

    def _lines(self, part: Part, column: int) -> int:
        if not part.look.wrap:
            return 1
        return lines_needed(str(part.value), sum(self._widths[column : column + part.span]))

    def _filled(self, part: Part) -> Cell:
        if isinstance(part.value, datetime):
            cell = part.look.cell(self._sheet)
            cell.value = part.value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
            return cell
        return style.filled(self._sheet, part.look, part.value)

    def _merge(self, first: int, span: int) -> None:
        if span > 1:
            area = CellRange(min_col=first, max_col=first + span - 1, min_row=self._rows, max_row=self._rows)
            self._sheet.merged_cells.add(area)
