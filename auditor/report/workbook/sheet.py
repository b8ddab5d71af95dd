"""What all sheets share: widths, heights, frozen panes and how they print."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, cast
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

_A4 = 9
_LINE_HEIGHT = 15.0  # points
_MAX_HEIGHT = 405.0  # a row gets no higher than 409


def new_sheet(book: Workbook, title: str, widths: Sequence[float], *, frozen: str | None = None) -> Worksheet:
    """Add a sheet with columns of ``widths`` (characters) that prints on A4, landscape, one page wide.

    ``frozen`` is the first cell that scrolls.
    """
    # A streaming sheet answers to all that is used of Worksheet here, but is no subclass of it.
    sheet = cast(Worksheet, book.create_sheet(title))
    sheet.freeze_panes = frozen
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    _set_print(sheet)
    return sheet


def lines_needed(text: str, width: float) -> int:
    """About how many lines ``text`` takes when it is wrapped in a column of ``width`` characters."""
    if len(text) < width and "\n" not in text:
        return 1
    return sum(max(1, ceil(_display_width(line) / (width - 1))) for line in text.split("\n"))


def append_row(sheet: Worksheet, number: int, cells: list[Any], lines: int) -> None:
    """Write row ``number``, ``lines`` high. LibreOffice does not fit the heights of rows to wrapped text itself."""
    if lines > 1:
        sheet.row_dimensions[number].height = min(lines * _LINE_HEIGHT, _MAX_HEIGHT)
    sheet.append(cells)
    # The row is written; a million heights need not be kept.
    sheet.row_dimensions.pop(number, None)


def _display_width(line: str) -> int:
    return len(line) if line.isascii() else len(line) + sum(east_asian_width(c) in "WF" for c in line)


def _set_print(sheet: Worksheet) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0  # as many pages as the rows need
    sheet.page_margins = PageMargins(left=0.3, right=0.3, top=0.4, bottom=0.55, header=0.2, footer=0.25)
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart("&A"), center=_HeaderFooterPart("&F"), right=_HeaderFooterPart("Page &P of &N")
    )
