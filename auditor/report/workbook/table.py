"""Writes a frame as a table that can be filtered, scrolled, named in formulas and printed, however many rows it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import pandas as pd
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Chunk, Stream, unique
from auditor.report.workbook.font import text_widths
from auditor.report.workbook.paper import (
    PAPERS,
    Paper,
    filled,
    set_note,
    units_for,
    unprinted_columns,
)
from auditor.report.workbook.rows import Column, Kind, row_chunks
from auditor.report.workbook.sheet import lay_out, lines_needed, merge, set_height
from auditor.report.workbook.text import cell_text

__all__ = ["Column", "Kind", "Part", "Rows", "TableLayout", "frame_rows", "letter_of", "write_intro", "write_table"]

MAX_ROWS = 1_048_576
_MAX_HEADER = 200  # Excel takes 255, some of which escapes may need
_ROWS_OF_A_SPECIMEN = 25
# On paper these share what room there is; all others have the width that their values need.
_FLEXIBLE = frozenset({Kind.WRAPPED, Kind.INPUT})
_NARROWEST = 8.0
_WIDEST_LINK = 45.0
_MOST_HEADER_UNITS = 30.0  # a header of somebody's query may be a word of any length
_WIDEST_VALUES = {
    Kind.TIME: "2026-11-24 10:15:00",
    Kind.STATUS: style.marked("NOT_APPLICABLE"),
}
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


@dataclass(frozen=True)
class TableLayout:
    """Where a table begins, and what is special about it.

    ``header`` is the row of its header. The columns ``named`` get names that formulas use (``Exceptions_control_id``),
    ``frozen`` columns do not scroll. Of a list of more than ``most_on_paper`` rows the first ones are printed; what is
    not printed is said on each page. ``empty`` is what a table without rows says instead.
    """

    header: int = 1
    named: Sequence[str] = ()
    frozen: int = 0
    most_on_paper: int | None = None
    empty: str = ""


_PLAIN = TableLayout()


def frame_rows(frame: pd.DataFrame) -> Rows:
    return Rows(len(frame), lambda start, stop: [frame.iloc[start:stop]])


def write_table(
    book: Book,
    title: str,
    rows: Rows | pd.DataFrame,
    columns: Sequence[Column],
    layout: TableLayout = _PLAIN,
) -> list[Part]:
    """Fill the sheet ``title`` with a table; what does not fit goes on to ``title (2)``, ..."""
    given = rows if isinstance(rows, Rows) else frame_rows(rows)
    columns = _with_fit_headers(columns)
    if not isinstance(rows, Rows):
        columns = _with_whole_links(columns, rows)
    columns = fitted(columns, PAPERS[book.paper])
    capacity = MAX_ROWS - layout.header
    parts: list[Part] = []
    for start in range(0, max(given.count, 1), capacity):
        sheet = book.add_sheet(title, after=parts[-1].sheet.title) if parts else book.workbook[title]
        part = Part(sheet, layout.header, start, min(given.count, start + capacity))
        _design(book, part, columns, layout.frozen)
        _set_area(part, columns, PAPERS[book.paper], layout.most_on_paper)
        _stream(book, part, partial(given.between, part.start, part.stop), columns)
        for name in layout.named:
            _name(book, title, part, columns, name)
        parts.append(part)
    if layout.empty and not given.count:
        _write_below(book, parts[0], layout.empty)
    return parts


def _write_below(book: Book, part: Part, words: str) -> None:
    """A sentence below a table that has no rows, printed with it."""
    row = part.last + 1
    book.put(part.sheet, row, 1, words, style.NOTE)
    area = str(part.sheet.print_area).rpartition("!")[2].replace("$", "")
    part.sheet.print_area = f"A1:{area.partition(':')[2].rstrip('0123456789')}{row}"


def fitted(columns: Sequence[Column], paper: Paper) -> list[Column]:
    """The columns as wide as they are made: those that are printed fill the page, and hold their headers' words."""
    least = [_least_width(column) for column in columns]
    printed = [at for at, column in enumerate(columns) if column.printed]
    flexible = [columns[at].kind in _FLEXIBLE for at in printed]
    widths = filled([columns[at].width for at in printed], [least[at] for at in printed], flexible, paper.units)
    on_paper = dict(zip(printed, widths, strict=True))
    return [replace(column, width=on_paper.get(at, max(column.width, least[at]))) for at, column in enumerate(columns)]


def _with_whole_links(columns: Sequence[Column], frame: pd.DataFrame) -> list[Column]:
    """LibreOffice never wraps the text of a link, so it gets a column that is wide enough."""
    return [
        replace(column, width=min(_longest(frame[column.source]), _WIDEST_LINK)) if column.kind is Kind.LINK else column
        for column in columns
    ]


def _longest(texts: pd.Series) -> float:
    return units_for(max(text_widths([str(text) for text in texts.unique()], style.BODY.size), default=0.0))


@lru_cache(maxsize=1 << 10)  # the books of the parts have the same columns
def _least_width(column: Column) -> float:
    """What the longest word of the header needs, and the values of columns whose values are of one length."""
    look = style.HEADER
    words = units_for(max(text_widths(column.header.split(), look.size, look.bold), default=0.0))
    value = _WIDEST_VALUES.get(column.kind)
    values = units_for(text_widths([value], style.BODY.size, column.kind is Kind.STATUS)[0]) if value else 0
    return max(min(words, _MOST_HEADER_UNITS), values, _NARROWEST if column.kind in _FLEXIBLE else 0)


def write_intro(book: Book, title: str, words: str, columns: Sequence[Column]) -> None:
    """A line above the header of a table, as wide as the page."""
    write_words(book, title, 1, words, columns, style.INTRO)


def write_words(book: Book, title: str, row: int, words: str, columns: Sequence[Column], look: style.Look) -> None:
    """A sentence in a row of its own, over the columns that the first page shows."""
    sheet, span, width, paper = book.workbook[title], 0, 0.0, PAPERS[book.paper]
    for column in fitted(columns, paper):
        room = 0.0 if column.level else column.width
        if span and (not (column.printed or column.level) or width + room > paper.units):
            break
        span, width = span + 1, width + room
    book.put(sheet, row, 1, words, look)
    if span > 1:
        for covered in range(2, span + 1):
            sheet.cell(row, covered)
        merge(sheet, range(1, span + 1), range(row, row + 1))
    set_height(sheet, row, lines_needed(words, width, look))


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
    set_height(sheet, header, max(lines_needed(c.header, c.width, style.HEADER) for c in columns))
    sheet.print_title_rows = f"{header}:{header}"


def _set_area(part: Part, columns: Sequence[Column], paper: Paper, most_on_paper: int | None) -> None:
    sheet, rows = part.sheet, part.stop - part.start
    printed = [number for number, column in enumerate(columns, start=1) if column.printed]
    specimen = most_on_paper is not None and rows > most_on_paper
    last = part.header + _ROWS_OF_A_SPECIMEN if specimen else part.last
    sheet.print_area = f"A1:{get_column_letter(max(printed))}{last}"
    sheet.page_setup.scale = paper.scale(sum(columns[n - 1].width for n in printed))
    notes = [unprinted_columns([c.header for c in columns], [c.printed for c in columns])]
    if specimen:
        notes.insert(
            0, f"Only the first {_ROWS_OF_A_SPECIMEN} of {rows:,} rows are printed: the list is in the workbook"
        )
    set_note(sheet, ". ".join(note for note in notes if note))


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
