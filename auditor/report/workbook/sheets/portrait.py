"""A sheet that prints upright, in a scale of its own, and whose first page ends where it shall."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook.sheet import height_of

_SIZES = {"a4": (595.3, 841.9), "letter": (612.0, 792.0)}  # points
_INCH = 72.0
_POINTS_A_CHARACTER = 5.58  # a digit of Calibri 11, as LibreOffice counts columns; Excel rounds it down to 7 pixels
_LINE = height_of(1)  # points
_SPARE = 0.97  # printers and programs round
_LARGEST = 100  # per cent


class Portrait:
    """``sheet``, whose column widths are set, on upright ``paper`` as wide as it is.

    A scale is given, as spreadsheets pass over page breaks where they fit a sheet to pages.
    """

    def __init__(self, sheet: Worksheet, paper: str) -> None:
        self._sheet = sheet
        width, height = _SIZES[paper]
        margins = sheet.page_margins
        wide = width - (margins.left + margins.right) * _INCH
        self._height = (height - (margins.top + margins.bottom) * _INCH) * _SPARE
        self._set_scale(min(_LARGEST, int(100 * _SPARE * wide / self._width())))

    def lines_left(self, rows: int, most: int) -> int:
        """How many lines are free on page one when it has so many rows; at most ``most``, and never fewer than 12."""
        free = int((self._height * 100 / self._scale - self._points(rows)) / _LINE)
        return max(12, min(free, most))

    def end_page_one(self, rows: int) -> None:
        """The next page begins below these rows; the scale shrinks until they fit."""
        self._set_scale(min(self._scale, int(100 * self._height / self._points(rows))))
        self._sheet.row_breaks.append(Break(id=rows))

    def _set_scale(self, scale: int) -> None:
        self._scale = scale
        properties = self._sheet.sheet_properties.pageSetUpPr
        if properties is not None:
            properties.fitToPage = False
        self._sheet.page_setup.orientation = "portrait"
        self._sheet.page_setup.fitToWidth = self._sheet.page_setup.fitToHeight = None
        self._sheet.page_setup.scale = scale

    def _width(self) -> float:
        dimensions = self._sheet.column_dimensions
        columns = map(get_column_letter, range(1, self._sheet.max_column + 1))
        return sum(dimensions[letter].width for letter in columns) * _POINTS_A_CHARACTER

    def _points(self, rows: int) -> float:
        dimensions = self._sheet.row_dimensions
        return sum((dimensions[n].height if n in dimensions else None) or _LINE for n in range(1, rows + 1))
