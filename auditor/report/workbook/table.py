"""Writes a frame as a sheet that can be filtered, scrolled and printed, however many rows it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import repeat
from math import isfinite
from typing import TypeAlias

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook import style
from auditor.report.workbook.sheet import append_row, lines_needed, new_sheet
from auditor.report.workbook.text import GUARDED, cell_text

MAX_ROWS = 1_048_576
_BLOCK_ROWS = 20_000
_EXCEL_EPOCH = pd.Timestamp("1899-12-30")
# Excel counts a 29 February 1900 that never was, and ends with the year 9999.
_FIRST_DAY, _LAST_DAY = 61, 2_958_466
_DAY = pd.Timedelta(days=1)
_FIFTEEN_DIGITS = 10**15

Value: TypeAlias = str | int | float | None
_Written: TypeAlias = Cell | Value


class Kind(Enum):
    """What a column holds, and so how it is written."""

    TEXT = auto()
    WRAPPED = auto()  # text that may take several lines
    IDENTIFIER = auto()  # digits that are no number
    COUNT = auto()
    NUMBER = auto()
    TIME = auto()
    YES_NO = auto()
    STATUS = auto()


@dataclass(frozen=True)
class Column:
    """One column: where its values are from, its header for people, and its width in characters."""

    source: str
    header: str
    width: float
    kind: Kind = Kind.TEXT


_WRAPPING = (Kind.WRAPPED, Kind.IDENTIFIER)
_LOOKS = {
    Kind.TEXT: style.BODY,
    Kind.WRAPPED: style.WRAPPED,
    Kind.IDENTIFIER: style.IDENTIFIER,
    Kind.COUNT: style.COUNT,
    Kind.NUMBER: style.BODY,
    Kind.TIME: style.TIME,
    Kind.YES_NO: style.BODY,
}


def write_table(
    book: Workbook, title: str, frame: pd.DataFrame, columns: Sequence[Column], *, max_rows: int = MAX_ROWS
) -> None:
    """Write ``columns`` of ``frame`` to a sheet called ``title``; what does not fit goes on to ``title (2)``, ..."""
    capacity = max_rows - 1
    for number, start in enumerate(range(0, max(len(frame), 1), capacity), start=1):
        name = title if number == 1 else f"{title} ({number})"
        _write_sheet(book, name, frame.iloc[start : start + capacity], columns)


def _write_sheet(book: Workbook, title: str, frame: pd.DataFrame, columns: Sequence[Column]) -> None:
    sheet = new_sheet(book, title, [c.width for c in columns], frozen="A2")
    header = [style.filled(sheet, style.HEADER, c.header) for c in columns]
    append_row(sheet, 1, header, max(lines_needed(c.header, c.width) for c in columns))
    writers = [_writer(sheet, c.kind) for c in columns]
    for number, (row, lines) in enumerate(_rows(frame, columns), start=2):
        append_row(sheet, number, [write(value) for write, value in zip(writers, row, strict=True)], lines)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(frame) + 1}"
    sheet.print_title_rows = "1:1"


def _rows(frame: pd.DataFrame, columns: Sequence[Column]) -> Iterator[tuple[tuple[Value, ...], int]]:
    """The values of each row and the lines that they need, converted a block at a time so that memory stays flat."""
    for start in range(0, len(frame), _BLOCK_ROWS):
        block = frame.iloc[start : start + _BLOCK_ROWS]
        values = [_values(block[c.source], c.kind) for c in columns]
        lines = [_lines(v, c.width) for v, c in zip(values, columns, strict=True) if c.kind in _WRAPPING]
        heights = map(max, zip(*lines, strict=True)) if lines else repeat(1)
        yield from zip(zip(*values, strict=True), heights, strict=False)


def _lines(values: Sequence[Value], width: float) -> list[int]:
    needed = {value: lines_needed(value, width) if isinstance(value, str) else 1 for value in set(values)}
    return [needed[value] for value in values]


def _values(series: pd.Series, kind: Kind) -> list[Value]:
    if kind is Kind.TIME:
        return _times(series)
    if kind is Kind.COUNT:
        return [None if missing else _whole(int(n)) for n, missing in zip(series, series.isna(), strict=True)]
    if kind is Kind.NUMBER:
        return [None if pd.isna(n) else n if isfinite(n) else str(n) for n in series.tolist()]
    if kind is Kind.YES_NO:
        return [None if missing else "yes" if b else "no" for b, missing in zip(series, series.isna(), strict=True)]
    return _text_values(series)


def _whole(number: int) -> Value:
    """Excel rounds numbers of more than 15 digits, so these are written as text."""
    return number if abs(number) < _FIFTEEN_DIGITS else str(number)


def _text_values(series: pd.Series) -> list[Value]:
    """Fit for cells; each distinct text of a category is looked at once."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        used = series.cat.remove_unused_categories()
        words: list[Value] = [*(cell_text(c) or None for c in used.cat.categories), None]
        return [words[code] for code in used.cat.codes]  # the code of a missing value is -1
    return [None if missing else cell_text(v) or None for v, missing in zip(series, series.isna(), strict=True)]


def _times(series: pd.Series) -> list[Value]:
    """Excel's days since 1900 in UTC, which has no time zones; what its calendar lacks stays text."""
    days = (series.dt.tz_convert(None) - _EXCEL_EPOCH) / _DAY
    unknown = days.isna()
    fits = days.between(_FIRST_DAY, _LAST_DAY, inclusive="left")
    return [
        None if missing else day if fit else str(moment)
        for moment, day, fit, missing in zip(series, days.tolist(), fits, unknown, strict=True)
    ]


def _writer(sheet: Worksheet, kind: Kind) -> Callable[[Value], _Written]:
    """What turns one value into something that openpyxl writes; the cells are made once and used for every row."""
    if kind is Kind.STATUS:
        return _status_writer(sheet)
    plain, guarded = _LOOKS[kind].cell(sheet), _LOOKS[kind].cell(sheet)
    guarded.quotePrefix = True

    def write(value: Value) -> _Written:
        if not isinstance(value, str):
            plain.value = value
            return plain
        cell = guarded if value[:1] in GUARDED else plain
        cell.value = value
        cell.data_type = "s"
        return cell

    return write


def _status_writer(sheet: Worksheet) -> Callable[[Value], _Written]:
    """A cell made once for each known word; others are written as they are."""
    cells: dict[Value, Cell] = {
        status: style.put_text(look.cell(sheet), style.marked(status)) for status, look in style.STATUS.items()
    }
    write_text = _writer(sheet, Kind.WRAPPED)
    return lambda value: cells[value] if value in cells else write_text(value)
