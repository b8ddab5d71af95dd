"""Frames as the XML of a sheet's rows, a block of rows at a time so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import pandas as pd
import pyarrow as pa
from openpyxl.utils import get_column_letter

from auditor.report.lines import Texts, joined, raw_bytes
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Chunk
from auditor.report.workbook.cells import (
    Ends,
    TextCells,
    excel_days,
    figure_ends,
    flag_ends,
    formula_ends,
    number_ends,
    time_ends,
)
from auditor.report.workbook.sheet import height_of, lines_needed

BLOCK_ROWS = 20_000
# Above this a sheet is for looking things up, not for reading, and no row of it is higher than another.
_MOST_READ_ROWS = 5_000
_TEXT = pa.large_string()


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
    FIGURE = auto()  # a whole number, or a word in place of one
    LINK = auto()
    INPUT = auto()  # empty, for people to fill in
    INPUT_DAY = auto()


@dataclass(frozen=True)
class Column:
    """One column: where its values are from, its header for people, and its width in characters.

    ``formula`` names the frame's column with the live formulas that give these values (missing: a plain value),
    ``level`` is the depth in an outline, 0 for none.
    """

    source: str
    header: str
    width: float
    kind: Kind = Kind.TEXT
    formula: str = ""
    level: int = 0


LOOKS = {
    Kind.TEXT: style.BODY,
    Kind.WRAPPED: style.WRAPPED,
    Kind.IDENTIFIER: style.IDENTIFIER,
    Kind.COUNT: style.COUNT,
    Kind.NUMBER: style.BODY,
    Kind.TIME: style.TIME,
    Kind.YES_NO: style.BODY,
    Kind.STATUS: style.WRAPPED,
    Kind.FIGURE: style.CELL_FIGURE,
    Kind.LINK: style.LINK,
    Kind.INPUT: style.INPUT,
    Kind.INPUT_DAY: style.INPUT_DAY,
}
_READ = (Kind.WRAPPED, Kind.IDENTIFIER, Kind.STATUS, Kind.LINK)
# What a formula gives is a number wherever it is shown as something else.
_FORMULA_VALUES: Mapping[Kind, Callable[[pd.Series], pd.Series]] = {
    Kind.TIME: excel_days,
    Kind.FIGURE: lambda series: pd.to_numeric(series, errors="coerce"),
}


@dataclass(frozen=True)
class _Speller:
    """Turns a block into the cells of one column, whose plain style is ``style``."""

    style: int
    spell: Callable[[pd.DataFrame], Ends]


def row_chunks(
    book: Book, blocks: Iterable[pd.DataFrame], columns: Sequence[Column], first: int, rows: int, level: str = ""
) -> Iterator[Chunk]:
    """The XML of ``rows`` rows from row ``first`` on. ``level`` names a column with each row's depth in an outline."""
    spellers = [_speller(book, column, rows <= _MOST_READ_ROWS) for column in columns]
    read = rows <= _MOST_READ_ROWS
    for block in blocks:
        for start in range(0, len(block), BLOCK_ROWS):
            part = block.iloc[start : start + BLOCK_ROWS]
            yield raw_bytes(joined(_rows(part, columns, spellers, first, read, level), "", ""))
            first += len(part)


def _rows(
    part: pd.DataFrame, columns: Sequence[Column], spellers: Sequence[_Speller], first: int, read: bool, level: str
) -> list[Texts]:
    numbers = pa.array(range(first, first + len(part))).cast(_TEXT)
    pieces: list[Texts] = ['<row r="', numbers, _row_ends(part, columns, read, level)]
    for at, speller in enumerate(spellers, start=1):
        start, ends = f'<c r="{get_column_letter(at)}', speller.spell(part)
        if read and ends.null_count:
            ends = pa.compute.fill_null(ends, f'" s="{speller.style}"/>')
        if ends.null_count:
            pieces.append(joined([start, numbers, ends], "", None))
        else:
            pieces += [start, numbers, ends]
    return [*pieces, "</row>"]


def _row_ends(part: pd.DataFrame, columns: Sequence[Column], read: bool, level: str) -> Texts:
    """Heights and outline levels. LibreOffice does not fit the heights of rows to wrapped text itself."""
    ends = ['"'] * len(part)
    if read:
        wrapped = [_lines(part[c.source], c.width) for c in columns if c.kind in _READ]
        lines = map(max, zip(*wrapped, strict=True)) if wrapped else ()
        ends = [f'" ht="{height_of(n):g}" customHeight="1"' if n > 1 else '"' for n in lines] or ends
    if level:
        ends = [f'{end} outlineLevel="{n}"' if n else end for end, n in zip(ends, part[level], strict=True)]
    return pa.array([end + ">" for end in ends], _TEXT)


def _lines(texts: pd.Series, width: float) -> list[int]:
    known = {text: lines_needed(text, width) if isinstance(text, str) else 1 for text in texts.unique()}
    return [known[text] for text in texts]


def _speller(book: Book, column: Column, read: bool) -> _Speller:
    look = LOOKS[column.kind] if read else replace(LOOKS[column.kind], wrap=False)
    number = book.style_number(look)
    spell = _plain_speller(book, column, look, number)
    if not column.formula:
        return _Speller(number, lambda part: spell(part[column.source]))
    as_number = _FORMULA_VALUES.get(column.kind)

    def with_formulas(part: pd.DataFrame) -> Ends:
        values = part[column.source]
        known = as_number(values) if as_number else values
        return formula_ends(part[column.formula], known, number, spell(values))

    return _Speller(number, with_formulas)


def _plain_speller(book: Book, column: Column, look: style.Look, number: int) -> Callable[[pd.Series], Ends]:
    text = TextCells(number, book.style_number(look, guarded=True))
    match column.kind:
        case Kind.STATUS:
            return TextCells(number, book.style_number(look, guarded=True), _status_styles(book))
        case Kind.COUNT | Kind.NUMBER:
            return lambda series: number_ends(series, number, text.end)
        case Kind.FIGURE:
            return lambda series: figure_ends(series, number, text.end)
        case Kind.TIME:
            return lambda series: time_ends(series, number, text.end)
        case Kind.YES_NO:
            return lambda series: flag_ends(series, text.end)
        case Kind.INPUT | Kind.INPUT_DAY:
            return lambda series: pa.array([f'" s="{number}"/>'] * len(series), _TEXT)
    return text


def _status_styles(book: Book) -> dict[str, tuple[int, str]]:
    return {status: (book.style_number(look), style.marked(status)) for status, look in style.STATUS.items()}
