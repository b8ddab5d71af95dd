"""What all sheets share: widths, heights, frozen panes and how they print."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook.book import Book
from auditor.report.workbook.font import line_counts
from auditor.report.workbook.paper import PAPERS, inner_width, set_page
from auditor.report.workbook.style import BODY, Look

_LINE = 1.2207  # ems from one line of Calibri to the next
_PIXEL = 0.75  # points
MAX_HEIGHT = 408.0  # points; a row gets no higher than 409
MOST_LINES = 32  # of body text in the highest row


def lay_out(book: Book, sheet: Worksheet, widths: Sequence[float], *, frozen: str | None = None) -> None:
    """Give ``sheet`` columns of ``widths`` (characters); it prints landscape on A4 or Letter.

    ``frozen`` is the first cell that scrolls.
    """
    sheet.freeze_panes = frozen
    sheet.sheet_format.defaultRowHeight = height_of(1)
    sheet.sheet_format.customHeight = True
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    set_page(sheet, PAPERS[book.paper], book.imprint, sum(widths))


def protect(sheet: Worksheet) -> None:
    """Lock all cells but those made for people. There is no password: this guards against slips, not against intent."""
    protection = sheet.protection
    protection.sheet = True
    protection.formatColumns = protection.formatRows = protection.autoFilter = protection.sort = False  # allowed


@lru_cache(maxsize=1 << 14)  # the books of the parts have many texts in common
def lines_needed(text: str, width: float, look: Look = BODY) -> int:
    """How many lines ``text`` takes when it is wrapped in columns of ``width`` characters together."""
    return int(line_counts([text], inner_width(width), look.size, look.bold)[0])


def merge(sheet: Worksheet, columns: range, rows: range) -> None:
    """Make one cell of all whose numbers are in ``columns`` and ``rows``; no other merged cell may lie there.

    openpyxl's own way asks every merged cell of the sheet, and gives the style of each covered cell anew.
    """
    sheet.merged_cells.ranges.add(CellRange(min_col=columns[0], max_col=columns[-1], min_row=rows[0], max_row=rows[-1]))


def set_height(sheet: Worksheet, row: int, lines: int, size: float = BODY.size) -> None:
    """Make a row ``lines`` of text of ``size`` points high: a spreadsheet does not fit merged cells to their text."""
    if lines > 1 or size > BODY.size:
        sheet.row_dimensions[row].height = height_of(lines, size)


def height_of(lines: int, size: float = BODY.size) -> float:
    """Points: whole pixels for each line, as a spreadsheet gives them itself."""
    return min(lines * ceil(size * _LINE / _PIXEL) * _PIXEL, MAX_HEIGHT)
