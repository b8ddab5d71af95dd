"""What all sheets share: widths, heights, frozen panes and how they print."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from unicodedata import east_asian_width

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook.book import Book

PAPERS = {"a4": 9, "letter": 1}
_LINE_HEIGHT = 15.0  # points
_MAX_HEIGHT = 405.0  # a row gets no higher than 409


def lay_out(book: Book, sheet: Worksheet, widths: Sequence[float], *, frozen: str | None = None) -> None:
    """Give ``sheet`` columns of ``widths`` (characters); it prints landscape, one page wide, on A4 or Letter.

    ``frozen`` is the first cell that scrolls.
    """
    sheet.freeze_panes = frozen
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    _set_print(sheet, PAPERS[book.paper])


def protect(sheet: Worksheet) -> None:
    """Lock all cells but those made for people. There is no password: this guards against slips, not against intent."""
    protection = sheet.protection
    protection.sheet = True
    protection.formatColumns = protection.formatRows = protection.autoFilter = protection.sort = False  # allowed


def lines_needed(text: str, width: float) -> int:
    """About how many lines ``text`` takes when it is wrapped, at blanks, in a column of ``width`` characters."""
    if len(text) < width and "\n" not in text:
        return 1
    return sum(_wrapped_lines(line, max(width - 1.5, 1)) for line in text.split("\n"))


def _wrapped_lines(line: str, width: float) -> int:
    lines, used = 1, 0
    for word in line.split(" "):
        length = _display_width(word)
        if used and used + 1 + length > width:
            lines, used = lines + 1, 0
        used += length + (used > 0)
        if used > width:  # a word that is longer than a line goes on in the next
            lines += ceil(used / width) - 1
            used = int(used % width)
    return lines


def set_height(sheet: Worksheet, row: int, lines: int) -> None:
    """Make a row ``lines`` high: a spreadsheet does not fit merged cells to their text."""
    if lines > 1:
        sheet.row_dimensions[row].height = height_of(lines)


def height_of(lines: int) -> float:
    """Points."""
    return min(lines * _LINE_HEIGHT, _MAX_HEIGHT)


def _display_width(line: str) -> int:
    return len(line) if line.isascii() else len(line) + sum(east_asian_width(c) in "WF" for c in line)


def _set_print(sheet: Worksheet, paper: int) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = paper
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0  # as many pages as the rows need
    sheet.page_margins = PageMargins(left=0.3, right=0.3, top=0.4, bottom=0.55, header=0.2, footer=0.25)
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart("&A"), center=_HeaderFooterPart("&F"), right=_HeaderFooterPart("Page &P of &N")
    )
