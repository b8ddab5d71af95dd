"""Writes a frame as a table that can be filtered, scrolled, named in formulas and printed, however many rows it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Chunk, Stream, unique
from auditor.report.workbook.rows import Column, Kind, row_chunks
from auditor.report.workbook.sheet import lay_out, lines_needed, set_height
from auditor.report.workbook.text import cell_text

__all__ = ["Column", "Kind", "Part", "Rows", "frame_rows", "letter_of", "write_intro", "write_table"]

MAX_ROWS = 1_048_576
_MAX_HEADER = 200  # Excel takes 255, some of which escapes may need
_INTRO_WIDTH = 120  # characters
_STYLE = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)


@dataclass(frozen=True)
class Rows:
    """What a table holds: how many rows, and how to get some of them as frames, from ``start`` up to ``stop``."""

    count: int
    between: Callable[[int, int], Iterable[pd.DataFrame]]


@dataclass(frozen=True)
class Part:
    """One sheet of a table: the row of its header, and which rows of the whole it holds, ``start`` up to ``stop``."""

    sheet: Worksheet
    header: int
    start: int
    stop: int

    @property
    def last(self) -> int:
        """The number of its last row; a table has at least one, if an empty one."""
        return self.header + max(self.stop - self.start, 1)


def frame_rows(frame: pd.DataFrame) -> Rows:
    return Rows(len(frame), lambda start, stop: [frame.iloc[start:stop]])


def write_table(
    book: Book,
    title: str,
    rows: Rows | pd.DataFrame,
    columns: Sequence[Column],
    *,
    header: int = 1,
    named: Sequence[str] = (),
    frozen: int = 0,
    printed: int | None = None,
    pages_wide: int = 1,
    max_rows: int = MAX_ROWS,
) -> list[Part]:
    """Fill the sheet ``title`` from its row ``header`` on; what does not fit goes on to ``title (2)``, ...

    The columns ``named`` get names that formulas use (``Exceptions_control_id``), ``frozen`` columns do not scroll.
    ``printed`` is how many columns are printed, None for all that are not folded, on ``pages_wide`` pages side by side.
    """
    given = rows if isinstance(rows, Rows) else frame_rows(rows)
    columns = _with_fit_headers(columns)
    capacity = max_rows - header
    parts: list[Part] = []
    for start in range(0, max(given.count, 1), capacity):
        sheet = book.add_sheet(title, after=parts[-1].sheet.title) if parts else book.workbook[title]
        part = Part(sheet, header, start, min(given.count, start + capacity))
        _design(book, part, columns, frozen)
        _set_area(part, printed or len(columns), pages_wide)
        _stream(book, part, partial(given.between, part.start, part.stop), columns)
        for name in named:
            _name(book, title, part, columns, name)
        parts.append(part)
    return parts


def write_intro(book: Book, title: str, words: str, columns: Sequence[Column]) -> None:
    """A line above the header of a table, over as many columns as a page shows."""
    sheet, span, width = book.workbook[title], 0, 0.0
    while span < len(columns) and width < _INTRO_WIDTH:
        width += columns[span].width
        span += 1
    book.put(sheet, 1, 1, words, style.INTRO)
    if span > 1:
        sheet.merge_cells(f"A1:{get_column_letter(span)}1")
    set_height(sheet, 1, lines_needed(words, width))


def letter_of(columns: Sequence[Column], source: str) -> str:
    """The letter of the column whose values are from ``source``."""
    return get_column_letter([column.source for column in columns].index(source) + 1)


def _with_fit_headers(columns: Sequence[Column]) -> list[Column]:
    """Excel repairs a table with an empty header, or two that differ in case only; a query may give such columns."""
    fit: list[Column] = []
    for column in columns:
        words = unique(" ".join(column.header.split()) or "Column", [c.header for c in fit], _MAX_HEADER)
        fit.append(replace(column, header=words))
    return fit


def _design(book: Book, part: Part, columns: Sequence[Column], frozen: int) -> None:
    sheet, header = part.sheet, part.header
    corner = f"{get_column_letter(frozen + 1)}{header + 1}"
    lay_out(book, sheet, [c.width for c in columns], frozen=corner)
    for number, column in enumerate(columns, start=1):
        book.put(sheet, header, number, column.header, style.HEADER)
        if column.level:
            folded = sheet.column_dimensions[get_column_letter(number)]
            folded.outlineLevel, folded.hidden = column.level, True
    set_height(sheet, header, max(lines_needed(c.header, c.width) for c in columns))
    sheet.print_title_rows = f"{header}:{header}"


def _set_area(part: Part, printed: int, pages_wide: int) -> None:
    sheet = part.sheet
    # Side by side, the account's columns are repeated, and would cut off the words above the table.
    first = part.header if pages_wide > 1 else 1
    sheet.print_area = f"A{first}:{get_column_letter(printed)}{part.last}"
    sheet.page_setup.fitToWidth = pages_wide
    if pages_wide > 1:
        sheet.page_setup.pageOrder = "overThenDown"
        sheet.print_title_cols = "A:B"  # the account, on the second page as well


def _stream(book: Book, part: Part, blocks: Callable[[], Iterable[pd.DataFrame]], columns: Sequence[Column]) -> None:
    rows = part.stop - part.start

    def chunks() -> Iterator[Chunk]:
        return row_chunks(book, blocks(), columns, part.header + 1, rows)

    # The numbers of styles are given out now: a style that is first met while rows are written would come too late.
    list(row_chunks(book, (), columns, part.header + 1, rows))
    book.streams[part.sheet.title] = Stream(part.header + 1, rows, len(columns), chunks)
    _add_table(part, columns)


def _add_table(part: Part, columns: Sequence[Column]) -> None:
    name = re.sub(r"\W", "_", f"T_{part.sheet.title}")
    area = f"A{part.header}:{get_column_letter(len(columns))}{part.last}"
    table = Table(displayName=name, ref=area, tableStyleInfo=_STYLE)
    table._initialise_columns()  # type: ignore[attr-defined]
    for place, column in zip(table.tableColumns, columns, strict=True):
        assert isinstance(place, TableColumn)  # noqa: S101 -- for the type checker
        place.name = cell_text(column.header)  # Excel wants what stands in the cell
    part.sheet.add_table(table)


def _name(book: Book, title: str, part: Part, columns: Sequence[Column], source: str) -> None:
    letter = letter_of(columns, source)
    cells = f"${letter}${part.header + 1}:${letter}${part.last}"
    book.add_range(title, source, book.name(f"{part.sheet.title}_{source}", part.sheet.title, cells))
