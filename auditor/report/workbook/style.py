"""How cells look: every font, fill, border and number format of the workbook, and the symbols beside colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook.text import GUARDED, cell_text

TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
TEXT_FORMAT = "@"
COUNT_FORMAT = "#,##0"

_FONT = "Calibri"
_INK = "FF1F2933"
_LINE = Border(bottom=Side(style="thin", color="FFCBD2D9"))


@dataclass(frozen=True)
class Look:
    """Everything about a cell but its value."""

    size: int = 11
    bold: bool = False
    ink: str = _INK
    fill: str | None = None
    wrap: bool = False
    horizontal: str | None = None
    vertical: str | None = "top"
    indent: int = 0
    number_format: str = "General"
    border: Border = _LINE

    def cell(self, sheet: Worksheet) -> Cell:
        """An empty cell of this look, to be filled and written any number of times."""
        cell = WriteOnlyCell(sheet)
        cell.font = Font(name=_FONT, size=self.size, bold=self.bold, color=self.ink)
        cell.alignment = Alignment(
            horizontal=self.horizontal, vertical=self.vertical, wrap_text=self.wrap, indent=self.indent
        )
        cell.number_format = self.number_format
        cell.border = self.border
        if self.fill:
            cell.fill = PatternFill("solid", fgColor=self.fill)
        return cell


BODY = Look()
WRAPPED = Look(wrap=True)
IDENTIFIER = Look(number_format=TEXT_FORMAT, wrap=True)
TIME = Look(number_format=TIME_FORMAT, horizontal="left")
# Indented, or a number would touch the text of the next column.
COUNT = Look(number_format=COUNT_FORMAT, horizontal="right", indent=1)
FIGURE = Look(number_format=COUNT_FORMAT, horizontal="left", bold=True)
HEADER = Look(bold=True, ink="FFFFFFFF", fill="FF243B53", wrap=True, vertical="center")
TITLE = Look(size=20, bold=True, border=Border())
SECTION = Look(size=13, bold=True, border=Border(bottom=Side(style="medium", color="FF243B53")))
LABEL = Look(ink="FF52606D")

# A symbol, a word and a depth of grey of its own for each, so that no meaning is lost in black and white.
SYMBOLS = {
    "PASS": "✔",
    "FAIL": "✘",
    "NO_EVIDENCE": "▲",
    "MANUAL": "○",
    "NOT_APPLICABLE": "□",
    "assessed": "✔",
    "excluded": "□",
    "not_assessed": "✘",
}
_GOOD = replace(WRAPPED, ink="FF0B5D3B", fill="FFE3F5EC")
_BAD = replace(WRAPPED, ink="FF8A1020", fill="FFF7C9CE", bold=True)
_UNKNOWN = replace(WRAPPED, ink="FF7A4D00", fill="FFFFE8A3", bold=True)
_OPEN = replace(WRAPPED, ink="FF1D4E79", fill="FFE6F0FA")
_IDLE = replace(WRAPPED, ink="FF52606D", fill="FFF1F3F5")
COMPLETE = replace(_GOOD, size=18, bold=True, vertical="center", border=Border())
INCOMPLETE = replace(_UNKNOWN, size=18, vertical="center", border=Border())
STATUS = {
    "PASS": _GOOD,
    "FAIL": _BAD,
    "NO_EVIDENCE": _UNKNOWN,
    "MANUAL": _OPEN,
    "NOT_APPLICABLE": _IDLE,
    "assessed": _GOOD,
    "excluded": _IDLE,
    "not_assessed": _BAD,
}


def marked(status: str, words: str | None = None) -> str:
    """``✘ FAIL``, or the symbol before other words."""
    return f"{SYMBOLS.get(status, '')} {words or status}".strip()


def put_text(cell: Cell, value: object) -> Cell:
    """Fill ``cell`` with text that stays text: never a formula or an error, not even once somebody edits it."""
    text = cell_text(value)
    # An empty text would be a cell that says it holds text and does not.
    cell.value = text or None
    cell.data_type = "s" if text else "n"
    cell.quotePrefix = text[:1] in GUARDED
    return cell


def filled(sheet: Worksheet, look: Look, value: object) -> Cell:
    """A new cell of ``look``: numbers as numbers, everything else as text."""
    cell = look.cell(sheet)
    if isinstance(value, int | float):
        cell.value = value
        return cell
    return put_text(cell, value)
