"""Workbooks read back, by a reader that shares no code with the writer where that can be."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.utils import coordinate_to_tuple, range_boundaries
from openpyxl.utils.escape import unescape
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

SHEETS = [
    *("Cover", "Scope & completeness", "Controls", "Reconciliation", "Exceptions", "Matrix", "Population"),
    *("Re-performance", "Waivers", "Gaps", "Manual", "Catalogue", "Evidence", "Method"),
]
# The row of each table's header.
HEADERS = {"Population": 1} | dict.fromkeys(("Scope & completeness", "Controls", "Exceptions", "Matrix"), 3)
HEADERS |= dict.fromkeys(("Reconciliation", "Waivers", "Gaps", "Manual", "Evidence"), 3)
_FORMULA = re.compile(r'<c r="([A-Z]+\d+)"([^>]*)><f[^>]*>(.*?)</f>(?:<v>(.*?)</v>)?', re.DOTALL)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
Grid = list[list[Any]]


def grids(path: Path) -> dict[str, Grid]:
    """What every sheet shows, from A1 on: texts, floats, times, "" for nothing; formulas as the value beside them."""
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def at(grid: Grid, cell: str) -> Any:
    row, column = coordinate_to_tuple(cell)
    inside = row <= len(grid) and column <= len(grid[row - 1])
    return grid[row - 1][column - 1] if inside else ""


def bounds(area: str) -> tuple[int, int, int, int]:
    """The first and the last column and row of an area: left, top, right, bottom."""
    left, top, right, bottom = (number or 0 for number in range_boundaries(area.replace("$", "")))
    assert min(left, top, right, bottom) > 0, area
    return left, top, right, bottom


def table(grid: Grid, header: int) -> list[dict[str, Any]]:
    """The rows below the header in row ``header``, up to the first that is empty."""
    names = grid[header - 1]
    rows = [dict(zip(names, row, strict=True)) for row in grid[header:]]
    empty = [number for number, row in enumerate(rows) if not any(value != "" for value in row.values())]
    return rows[: empty[0]] if empty else rows


def sheet_parts(path: Path) -> dict[str, bytes]:
    """The XML of each sheet by its title."""
    with zipfile.ZipFile(path) as package:
        book = ElementTree.fromstring(package.read("xl/workbook.xml"))
        relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
        targets = {r.attrib["Id"]: r.attrib["Target"].removeprefix("/xl/") for r in relations}
        sheets = book.iter(f"{MAIN}sheet")
        return {s.attrib["name"]: package.read(f"xl/{targets[s.attrib[_RELATION_ID]]}") for s in sheets}


def formulas(path: Path) -> Iterator[tuple[str, str, str]]:
    """Sheet, cell and text of every formula."""
    for title, xml in sheet_parts(path).items():
        for match in _FORMULA.finditer(xml.decode()):
            yield title, match[1], html.unescape(match[3])


def differences(path: Path, recalculated: Path) -> list[str]:
    """Every formula cell of ``path`` whose value differs from what ``recalculated`` came to, or is an error there."""
    stored, computed = grids(path), grids(recalculated)
    errors = {(title, cell) for title, xml in sheet_parts(recalculated).items() for cell in error_cells(xml)}
    found = [f"{title}!{cell}: an error" for title, cell in sorted(errors)]
    for title, cell, text in formulas(path):
        mine, theirs = at(stored[title], cell), at(computed[title], cell)
        if not same(mine, theirs):
            found.append(f"{title}!{cell}: {mine!r} is {theirs!r} after recalculation: {text}")
    return found


def same(mine: Any, theirs: Any) -> bool:
    """Equal, numbers and times but for the last digits of binary fractions."""
    if isinstance(mine, float) and isinstance(theirs, float):
        return abs(mine - theirs) < 1e-6
    if isinstance(mine, datetime) and isinstance(theirs, datetime):
        return abs((mine - theirs).total_seconds()) < 0.5
    return bool(mine == theirs)


def error_cells(xml: bytes) -> list[str]:
    return [cell.decode() for cell in re.findall(rb'<c r="([A-Z]+\d+)"[^>]* t="e"', xml)]


def opened(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def sheet(book: Workbook, title: str) -> Worksheet:
    found = book[title]
    assert isinstance(found, Worksheet)
    return found


def column(page: Worksheet, header: str, row: int = 1) -> list[Any]:
    """The values below ``header``, texts as people see them."""
    headers = [cell.value for cell in page[row]]
    place = headers.index(header)
    values = [cells[place].value for cells in page.iter_rows(min_row=row + 1)]
    return [unescape(value) if isinstance(value, str) else value for value in values]
