"""Frames as the XML of a sheet's rows, a block of rows at a time so that memory stays flat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
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
from auditor.report.workbook.font import line_counts
from auditor.report.workbook.paper import inner_width
from auditor.report.workbook.sheet import MOST_LINES, height_of

BLOCK_ROWS = 20_000
# Above this empty cells are left out.
_MOST_READ_ROWS = 5_000
_TEXT = pa.large_string()
_STYLE = re.compile(r'^" s="(\d+)"')


class Kind(Enum):
    """What a column holds, and so how it is written."""

    TEXT = auto()
    WRAPPED = auto()  # text that may take several lines
    IDENTIFIER = auto()  # digits that are no number
    COUNT = auto()
    NUMBER = auto()
    TIME = auto()
    DAY = auto()
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
    ``level`` is the depth in an outline, 0 for none; what is folded is not printed. On paper, columns that may wrap
    share the room of a page in proportion to their widths.
    """

    source: str
    header: str
    width: float
    kind: Kind = Kind.TEXT
    formula: str = ""
    level: int = 0
    on_paper: bool = True

    @property
    def printed(self) -> bool:
        return self.on_paper and not self.level

    @property
    def wraps(self) -> bool:
        """Whether its text takes as many lines as it needs; on the screen alone, a row is one line high."""
        return self.printed and self.kind in WRAPPING


LOOKS = {
    Kind.TEXT: style.BODY,
    Kind.WRAPPED: style.WRAPPED,
    Kind.IDENTIFIER: style.IDENTIFIER,
    Kind.COUNT: style.COUNT,
    Kind.NUMBER: style.NUMBER,
    Kind.TIME: style.TIME,
    Kind.DAY: style.DAY,
    Kind.YES_NO: style.BODY,
    Kind.STATUS: style.WRAPPED,
    Kind.FIGURE: style.CELL_FIGURE,
    Kind.LINK: style.LINK,
    Kind.INPUT: style.INPUT,
    Kind.INPUT_DAY: style.INPUT_DAY,
}
WRAPPING = frozenset({Kind.WRAPPED, Kind.IDENTIFIER, Kind.STATUS, Kind.LINK})
_BOLD = frozenset({Kind.STATUS})
# The value stays as it is: only how it is shown says that a row cannot be high enough for it.
_TOO_LONG = '"▼ cut, whole in the cell: "@'
# What a formula gives is a number wherever it is shown as something else.
_FORMULA_VALUES: Mapping[Kind, Callable[[pd.Series], pd.Series]] = {
    Kind.TIME: excel_days,
    Kind.FIGURE: lambda series: pd.to_numeric(series, errors="coerce"),
}


@dataclass(frozen=True)
class _Speller:
    """Turns a block into the cells of one column, whose plain style is ``style``; ``tall``: see ``_tall_styles``."""

    style: int
    spell: Callable[[pd.DataFrame], Ends]
    tall: Mapping[int, int]

    def cells(self, part: pd.DataFrame, lines: np.ndarray | None) -> Ends:
        ends = self.spell(part)
        if lines is None or not self.tall or not (lines > MOST_LINES).any():
            return ends
        too_long = pa.array(lines > MOST_LINES)
        marked = [end and _STYLE.sub(self._marked, end, count=1) for end in ends.filter(too_long).to_pylist()]
        return pc.replace_with_mask(ends, too_long, pa.array(marked, _TEXT))

    def _marked(self, match: re.Match[str]) -> str:
        return f'" s="{self.tall.get(int(match[1]), int(match[1]))}"'


def row_chunks(
    book: Book, blocks: Iterable[pd.DataFrame], columns: Sequence[Column], first: int, rows: int, level: str = ""
) -> Iterator[Chunk]:
    """The XML of ``rows`` rows from row ``first`` on. ``level`` names a column with each row's depth in an outline."""
    spellers = [_speller(book, column) for column in columns]
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
    lines = [lines_of(part[c.source], c) if c.wraps else None for c in columns]
    pieces: list[Texts] = ['<row r="', numbers, _row_ends(lines, part[level] if level else None, len(part))]
    for at, (speller, needed) in enumerate(zip(spellers, lines, strict=True), start=1):
        start, ends = f'<c r="{get_column_letter(at)}', speller.cells(part, needed)
        if read and ends.null_count:
            ends = pc.fill_null(ends, f'" s="{speller.style}"/>')
        if ends.null_count:
            pieces.append(joined([start, numbers, ends], "", None))
        else:
            pieces += [start, numbers, ends]
    return [*pieces, "</row>"]


def _row_ends(lines: Sequence[np.ndarray | None], levels: pd.Series | None, rows: int) -> Texts:
    """Heights and outline levels. A height without ``customHeight`` is what a spreadsheet starts with: it fits the row
    anew when somebody writes into one of its cells."""
    known = [needed for needed in lines if needed is not None]
    highest = np.minimum(np.max(known, axis=0), MOST_LINES) if known else np.ones(rows, dtype=np.int64)
    heights = pa.array(['"', *(f'" ht="{height_of(n):g}"' for n in range(1, MOST_LINES + 1))], _TEXT)
    ends = heights.take(pa.array(np.where(highest > 1, highest, 0)))
    if levels is not None:
        outlines = pa.array(["" if not level else f' outlineLevel="{level}"' for level in levels], _TEXT)
        return joined([ends, outlines, ">"], "", "")
    return joined([ends, ">"], "", "")


def lines_of(texts: pd.Series, column: Column) -> np.ndarray:
    """The lines that each text of a column takes; a missing one takes one."""
    if isinstance(texts.dtype, pd.CategoricalDtype):
        known = np.append(_lines(texts.cat.categories, column), 1)  # the last is that of the code -1
        return np.asarray(known[texts.cat.codes.to_numpy()])
    return _lines(texts, column)


def _lines(texts: Any, column: Column) -> np.ndarray:
    bold = column.kind in _BOLD
    array = pa.array(texts if texts.dtype == "str" else texts.astype("str"), _TEXT, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    array = pc.fill_null(array, "") if array.null_count else array
    if bold:
        array = joined([f"{style.SYMBOLS['FAIL']} ", array], "", "")
    return line_counts(array, inner_width(column.width), style.BODY.size, bold)


def _speller(book: Book, column: Column) -> _Speller:
    look = replace(LOOKS[column.kind], wrap=column.printed and LOOKS[column.kind].wrap, border="grid")
    number = book.style_number(look)
    spell = _plain_speller(book, column, look, number)
    tall = _tall_styles(book, look) if column.wraps and not column.formula else {}
    if not column.formula:
        return _Speller(number, lambda part: spell(part[column.source]), tall)
    as_number = _FORMULA_VALUES.get(column.kind)

    def with_formulas(part: pd.DataFrame) -> Ends:
        values = part[column.source]
        known = as_number(values) if as_number else values
        return formula_ends(part[column.formula], known, number, spell(values))

    return _Speller(number, with_formulas, tall)


def _tall_styles(book: Book, look: style.Look) -> dict[int, int]:
    """The style for text that no row is high enough for, by the style of the same text in a row that is."""
    tall = replace(look, number_format=_TOO_LONG)
    return {
        book.style_number(look, guarded=guarded): book.style_number(tall, guarded=guarded) for guarded in (False, True)
    }


def _plain_speller(book: Book, column: Column, look: style.Look, number: int) -> Callable[[pd.Series], Ends]:
    text = TextCells(number, book.style_number(look, guarded=True))
    match column.kind:
        case Kind.STATUS:
            return TextCells(number, book.style_number(look, guarded=True), _status_styles(book))
        case Kind.COUNT | Kind.NUMBER:
            return lambda series: number_ends(series, number, text.end)
        case Kind.FIGURE:
            return lambda series: figure_ends(series, number, text.end)
        case Kind.TIME | Kind.DAY:
            return lambda series: time_ends(series, number, text.end)
        case Kind.YES_NO:
            return lambda series: flag_ends(series, text.end)
        case Kind.INPUT | Kind.INPUT_DAY:
            return lambda series: pa.array([f'" s="{number}"/>'] * len(series), _TEXT)
    return text


def _status_styles(book: Book) -> dict[str, tuple[int, str]]:
    looks = {status: replace(look, border="grid") for status, look in style.STATUS.items()}
    return {status: (book.style_number(look), style.marked(status)) for status, look in looks.items()}
