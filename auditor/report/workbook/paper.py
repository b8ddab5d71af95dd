"""What a page holds: its size, the widths of columns that fill it, its footer, and the note on what is not printed.

Body text of 10 points is printed at 80 %, so at 8 points: that is the smallest text of the book on paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.worksheet import Worksheet

SMALLEST_SCALE = 0.8
_LEFT, _TOP, _BOTTOM, _EDGE = 0.25, 0.4, 0.5, 0.2  # inches
_NOTE_SIZE = 10  # scaled with the page, as all else
_MOST_CHARACTERS = 240  # of a header or footer; Excel takes 255
# Points that one unit of column width takes: 7 pixels on a screen, and the width of a digit where it is not rounded.
_UNIT, _WIDEST_UNIT = 5.25, 5.55
_SPARE = 0.985  # of the width of a page
_PADDING = 4.0  # points of a cell that no text may use: 5 pixels at the sides, and the line
# Screens and printers round the widths of characters each in their way.
_TOLERANCE = 0.98


@dataclass(frozen=True)
class Paper:
    """``code`` is the number that spreadsheets have for it; points, landscape."""

    code: int
    width: float
    height: float

    @property
    def units(self) -> float:
        """The widths of columns that fit side by side at the smallest scale."""
        return (self.width - 2 * _LEFT * 72) / SMALLEST_SCALE / _WIDEST_UNIT * _SPARE

    def scale(self, widths: float) -> int:
        """The percentage at which columns of these widths together fill the page, if not below the smallest."""
        return max(round(SMALLEST_SCALE * 100), min(100, int(self.units / max(widths, 1) * SMALLEST_SCALE * 100)))


PAPERS: Mapping[str, Paper] = {"a4": Paper(9, 841.9, 595.3), "letter": Paper(1, 792.0, 612.0)}


def inner_width(units: float) -> float:
    """The points that text may take in columns of ``units`` together."""
    return max((units * _UNIT - _PADDING) * _TOLERANCE, 1.0)


def units_for(points: float) -> float:
    """The width of a column in which text of ``points`` fits on one line, in quarters of a unit."""
    return ceil((points / _TOLERANCE + _PADDING) / _UNIT * 4) / 4


def filled(widths: Sequence[float], least: Sequence[float], flexible: Sequence[bool], room: float) -> list[float]:
    """``widths``, the flexible ones stretched or shrunk alike until all fill ``room``; none below its ``least``."""
    given = [max(width, low) for width, low in zip(widths, least, strict=True)]
    open_ones = {number for number, stretches in enumerate(flexible) if stretches}
    while open_ones:
        fixed = sum(width for number, width in enumerate(given) if number not in open_ones)
        factor = (room - fixed) / sum(widths[number] for number in open_ones)
        too_small = {number for number in open_ones if widths[number] * factor < least[number]}
        if not too_small:
            for number in open_ones:
                given[number] = int(widths[number] * factor * 4) / 4
            break
        for number in too_small:
            given[number] = least[number]
        open_ones -= too_small
    return given


def set_page(sheet: Worksheet, paper: Paper, imprint: str, widths: float) -> None:
    """Landscape; ``imprint`` is what the footer says beside the sheet and the number of the page.

    The scale is set, and the ``widths`` of all columns together are made to fit: where a program is asked to fit a
    sheet to the page, it chooses the scale, down to where nobody can read it, and takes no notice of page breaks.
    """
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = paper.code
    sheet.page_setup.scale = paper.scale(widths)
    sheet.page_setup.pageOrder = "overThenDown"  # pages that lie side by side follow each other
    sheet.page_margins = PageMargins(_LEFT, _LEFT, _TOP, _BOTTOM, _EDGE, _EDGE)
    footer = sheet.HeaderFooter
    footer.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart("&A", size=_NOTE_SIZE),
        center=_HeaderFooterPart(_fit(imprint), size=_NOTE_SIZE),
        right=_HeaderFooterPart("Page &P of &N", size=_NOTE_SIZE),
    )


def set_note(sheet: Worksheet, note: str) -> None:
    """A line at the top of every page."""
    if note:
        sheet.HeaderFooter.oddHeader = HeaderFooterItem(left=_HeaderFooterPart(_fit(note), size=_NOTE_SIZE))


def unprinted_columns(headers: Sequence[str], printed: Sequence[bool]) -> str:
    """``Not printed: columns M to O (Title, ARN, Remediation).``; empty where all are."""
    left_out = [number for number, shown in enumerate(printed, start=1) if not shown]
    if not left_out:
        return ""
    runs: list[list[int]] = []
    for number in left_out:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    places = ", ".join(_run(run) for run in runs)
    names = ", ".join(headers[number - 1] for number in left_out)
    return f"Not printed, in the workbook only: {'column' if len(left_out) == 1 else 'columns'} {places} ({names})"


def _run(numbers: Sequence[int]) -> str:
    first, last = get_column_letter(numbers[0]), get_column_letter(numbers[-1])
    return first if first == last else f"{first} to {last}"


def _fit(text: str) -> str:
    """A text of a header or footer, in which ``&`` begins a code."""
    text = " ".join(text.split()).replace("&", "&&")
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1].rstrip("&") + "…"
