"""How cells look: every font, fill, border and number format of the workbook, and the symbols beside colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from openpyxl.cell import Cell
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.worksheet import Worksheet

TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
TEXT_FORMAT = "@"
COUNT_FORMAT = "#,##0"

_FONT = "Calibri"
_INK = "FF1F2933"
_BORDERS = {
    "none": Border(),
    "line": Border(bottom=Side(style="thin", color="FFCBD2D9")),
    "grid": Border(bottom=Side(style="thin", color="FFCBD2D9"), right=Side(style="thin", color="FFE4E7EB")),
    "rule": Border(bottom=Side(style="medium", color="FF243B53")),
}


@dataclass(frozen=True)
class Look:
    """Everything about a cell but its value."""

    size: int = 10
    bold: bool = False
    ink: str = _INK
    fill: str | None = None
    wrap: bool = False
    horizontal: str | None = None
    vertical: str | None = "top"
    indent: int = 0
    number_format: str = "General"
    border: str = "line"  # of _BORDERS
    locked: bool = True
    rotation: int = 0

    def dress(self, cell: Cell) -> None:
        """Make ``cell`` look so."""
        cell.font = Font(name=_FONT, size=self.size, bold=self.bold, color=self.ink)
        cell.alignment = Alignment(
            horizontal=self.horizontal, vertical=self.vertical, wrap_text=self.wrap, indent=self.indent
        )
        if self.rotation:
            cell.alignment = Alignment(
                text_rotation=self.rotation, horizontal="center", vertical=self.vertical, wrap_text=self.wrap
            )
        cell.number_format = self.number_format
        cell.border = _BORDERS[self.border]
        cell.protection = Protection(locked=self.locked)
        if self.fill:
            cell.fill = PatternFill("solid", fgColor=self.fill)


BODY = Look()
WRAPPED = Look(wrap=True)
IDENTIFIER = Look(number_format=TEXT_FORMAT, wrap=True)
TIME = Look(number_format=TIME_FORMAT, horizontal="left")
DAY = Look(number_format="yyyy-mm-dd", horizontal="left")
# Indented, or a number would touch the text of the next column.
COUNT = Look(number_format=COUNT_FORMAT, horizontal="right", indent=1)
NUMBER = Look(horizontal="right", indent=1)
FIGURE = Look(number_format=COUNT_FORMAT, horizontal="left", bold=True)
CELL_FIGURE = Look(number_format=COUNT_FORMAT, horizontal="center")
HEADER = Look(bold=True, ink="FFFFFFFF", fill="FF243B53", wrap=True, vertical="center", border="grid")
TITLE = Look(size=20, bold=True, border="none")
SECTION = Look(size=13, bold=True, border="rule")
LABEL = Look(ink="FF52606D", wrap=True)
CENTRED_HEADER = replace(HEADER, horizontal="center")
COLUMN_HEADING = replace(SECTION, size=11, horizontal="center", ink="FF52606D", bold=False)
INTRO = Look(ink="FF52606D", wrap=True, border="none")
NOTE = Look(bold=True, border="none")
LINK = Look(ink="FF1D4E79", wrap=True)
TOTAL = Look(bold=True, number_format=COUNT_FORMAT, horizontal="right", indent=1, fill="FFE4E7EB")
TOTAL_LABEL = Look(bold=True, fill="FFE4E7EB", wrap=True)
# Cells that people fill in; everything else is locked.
INPUT = Look(fill="FFFFFBEA", wrap=True, locked=False)
INPUT_DAY = Look(fill="FFFFFBEA", number_format="yyyy-mm-dd", locked=False)
INPUT_TIME = Look(fill="FFFFFBEA", number_format=TIME_FORMAT, horizontal="left", locked=False)
INPUT_COUNT = Look(fill="FFFFFBEA", number_format=COUNT_FORMAT, horizontal="right", indent=1, locked=False)

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
BAD_INK, BAD_FILL = "FF8A1020", "FFF7C9CE"
_GOOD = replace(WRAPPED, ink="FF0B5D3B", fill="FFE3F5EC")
_BAD = replace(WRAPPED, ink=BAD_INK, fill=BAD_FILL, bold=True)
_UNKNOWN = replace(WRAPPED, ink="FF7A4D00", fill="FFFFE8A3", bold=True)
_OPEN = replace(WRAPPED, ink="FF1D4E79", fill="FFE6F0FA")
_IDLE = replace(WRAPPED, ink="FF52606D", fill="FFF1F3F5")
COMPLETE = replace(_GOOD, size=18, bold=True, vertical="center", border="none")
INCOMPLETE = replace(_UNKNOWN, size=18, vertical="center", border="none")
DETAILS = Look(ink="FF52606D", wrap=True)
ALARM = Look(ink=BAD_INK, fill=BAD_FILL, bold=True, wrap=True)
STATEMENT = Look(size=18, bold=True, vertical="center", wrap=True, border="none")
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


def colour_by_symbol(sheet: Worksheet, area: str, looks: Mapping[str, Look] = STATUS) -> None:
    """Colour cells whose text is a formula's by the symbol it begins with."""
    first = area.split(":")[0]
    for symbol, look in {SYMBOLS[word]: look for word, look in looks.items()}.items():
        fill = PatternFill("solid", bgColor=look.fill or "FFFFFFFF")
        font = Font(color=look.ink, bold=look.bold)
        add_rule(sheet, area, f'LEFT({first},1)="{symbol}"', font, fill)


def add_rule(sheet: Worksheet, area: str, formula: str, font: Font, fill: PatternFill) -> None:
    """Dress the cells of ``area`` for which ``formula`` holds, written for its first cell."""
    rule = Rule("expression", formula=[formula], dxf=DifferentialStyle(font=font, fill=fill))
    sheet.conditional_formatting.add(area, rule)
