"""Which printed cells of a written workbook are too small for their text, computed cell by cell.

The reader, the way lines are broken and the sums are code of their own; the widths of characters are those of the
font, which ``tests/unit/test_workbook_font.py`` compares with the font itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from tests.books import at, bounds, grids
from tests.font_widths import TABLE

PIXEL = 0.75  # points, of a screen with 96 dots an inch
COLUMN_UNIT, CELL_PADDING = 7 * PIXEL, 5 * PIXEL
WIDEST_UNIT = 0.507 * 11  # points: a digit of the book's standard font, not rounded
PAPER_WIDTHS = {9: 841.9, 1: 792.0}  # points, landscape
LINE = 1.2207  # ems from line to line
HIGHEST_ROW = 408.0
SLACK = 0.5  # points
TOO_LONG = '"▼ '


@dataclass(frozen=True)
class Room:
    """Points inside a cell, or what it is merged with."""

    width: float
    height: float


def smallest_text(sheet: Worksheet) -> float:
    """The size, in points on paper, of the smallest text of the printed cells."""
    sizes = [float(cell.font.sz) for cell in printed(sheet) if cell.value is not None]
    return min(sizes) * scale_of(sheet)


def scale_of(sheet: Worksheet) -> float:
    """How much smaller it is printed than shown; where a sheet is fitted to the page, the most that fits."""
    if sheet.sheet_properties.pageSetUpPr is None or not sheet.sheet_properties.pageSetUpPr.fitToPage:
        return (sheet.page_setup.scale or 100) / 100
    left, _, right, _ = bounds(str(sheet.print_area).split("!")[-1])
    pages = sheet.page_setup.fitToWidth or 1
    dimensions = [sheet.column_dimensions[get_column_letter(column)] for column in range(left, right + 1)]
    room = PAPER_WIDTHS[sheet.page_setup.paperSize or 9] - 72 * (sheet.page_margins.left + sheet.page_margins.right)
    return min(1.0, room * pages / sum(d.width * WIDEST_UNIT for d in dimensions if not d.hidden))


def misfits(path: Path) -> list[str]:
    """Every printed cell, with its sheet and text, that is too small for what it shows."""
    shown, found = grids(path), []
    for sheet in openpyxl.load_workbook(path).worksheets:
        merged = _merged(sheet)
        for cell in printed(sheet):
            text = text_of(cell, at(shown[sheet.title], cell.coordinate))
            if text and not _fits(sheet, cell, text, _room(sheet, cell, merged)):
                found.append(f"{sheet.title}!{cell.coordinate}: {text[:80]!r}")
    return found


def printed(sheet: Worksheet) -> Iterator[Cell]:
    left, top, right, bottom = bounds(str(sheet.print_area).split("!")[-1])
    for row in sheet.iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=right):
        for cell in row:
            if isinstance(cell, Cell) and not sheet.column_dimensions[get_column_letter(cell.column)].hidden:
                yield cell


def text_of(cell: Cell, value: Any) -> str:
    """What a spreadsheet shows of ``value`` in this cell."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if cell.number_format == "yyyy-mm-dd" else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return f"{value:,.0f}" if "#,##0" in str(cell.number_format) else f"{value:g}"
    return str(value)


def _fits(sheet: Worksheet, cell: Cell, text: str, room: Room) -> bool:
    size, bold, alignment = float(cell.font.sz), bool(cell.font.b), cell.alignment
    if str(cell.number_format).startswith(TOO_LONG):
        return room.height >= HIGHEST_ROW
    if alignment.textRotation:
        room = Room(room.height, room.width)
    if not alignment.wrapText:
        fits_itself = width_of(text, size, bold) <= room.width + SLACK or _flows(sheet, cell, text, size, bold)
        return fits_itself and size * LINE <= room.height + SLACK and "\n" not in text
    return lines_of(text, room.width, size, bold) * size * LINE <= room.height + SLACK


def _flows(sheet: Worksheet, cell: Cell, text: str, size: float, bold: bool) -> bool:
    """Text of one line goes on over the empty cells to its right, as far as the page."""
    _, _, right, _ = bounds(str(sheet.print_area).split("!")[-1])
    room = 0.0
    for column in range(cell.column, right + 1):
        if column > cell.column and sheet.cell(cell.row, column).value is not None:
            break
        room += sheet.column_dimensions[get_column_letter(column)].width * COLUMN_UNIT
    return isinstance(cell.value, str) and width_of(text, size, bold) <= room - CELL_PADDING


def _room(sheet: Worksheet, cell: Cell, merged: Mapping[str, tuple[int, int]]) -> Room:
    columns, rows = merged.get(cell.coordinate, (1, 1))
    letters = [get_column_letter(cell.column + n) for n in range(columns)]
    usual = float(sheet.sheet_format.defaultRowHeight or 15)
    heights = [sheet.row_dimensions[cell.row + n].height or usual for n in range(rows)]
    return Room(sum(sheet.column_dimensions[c].width for c in letters) * COLUMN_UNIT - CELL_PADDING, sum(heights))


def _merged(sheet: Worksheet) -> dict[str, tuple[int, int]]:
    return {area.start_cell.coordinate: (area.size["columns"], area.size["rows"]) for area in sheet.merged_cells.ranges}


def lines_of(text: str, width: float, size: float, bold: bool) -> int:
    return sum(_lines_of_paragraph(part, width, size, bold) for part in text.split("\n"))


def _lines_of_paragraph(text: str, width: float, size: float, bold: bool) -> int:
    lines, used = 1, 0.0
    for word in _words(text):
        length = width_of(word.rstrip(" "), size, bold)
        if used and used + length > width:
            lines, used = lines + 1, 0.0
        for character in word if length > width else ():
            step = width_of(character, size, bold)
            if used and used + step > width and character != " ":
                lines, used = lines + 1, 0.0
            used += step
        used += 0 if length > width else width_of(word, size, bold)
    return lines


def _words(text: str) -> Iterator[str]:
    """The pieces of a text behind which a line may end: at blanks, and at hyphens between letters."""
    start = 0
    for place in range(1, len(text) + 1):
        before, last, after = text[place - 2 : place - 1], text[place - 1], text[place : place + 1]
        hyphen = last == "-" and _is_letter(before) and _is_letter(after)
        if place == len(text) or hyphen or (last == " " and after != " "):
            yield text[start:place]
            start = place


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def width_of(text: str, size: float, bold: bool) -> float:
    em, widths = _widths(bold)
    return sum(widths.get(ord(c), _foreign(ord(c)) * em) for c in text) * size / em


def _foreign(code: int) -> float:
    """Ems of a character that the font lacks."""
    return 0.75 if code < 0x1100 else 1.0 if code < 0x1F000 else 1.4


@cache
def _widths(bold: bool) -> tuple[int, dict[int, int]]:
    known = json.loads(TABLE.read_text(encoding="utf-8"))
    runs = known["bold" if bold else "regular"].items()
    return int(known["em"]), {int(first) + n: width for first, run in runs for n, width in enumerate(run)}
