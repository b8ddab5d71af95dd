"""``python -m tests.font_widths``: the widths of Calibri's characters, read from Carlito, which has the same.

Needs fontTools and the font (Debian: fonts-crosextra-carlito).
"""

from __future__ import annotations

import json
from pathlib import Path

from fontTools.ttLib import TTFont

FOLDER = Path("/usr/share/fonts/truetype/crosextra")
FILES = {"regular": FOLDER / "Carlito-Regular.ttf", "bold": FOLDER / "Carlito-Bold.ttf"}
TABLE = Path(__file__).parent.parent / "auditor" / "report" / "workbook" / "calibri_widths.json"
_LAST = 0x25FF  # behind it are no letters


def table() -> str:
    """The content of the file, a line for each run of characters that follow each other."""
    lines = [f' "em": {TTFont(FILES["regular"])["head"].unitsPerEm}']
    for name, path in FILES.items():
        runs = [f'  "{first}": {json.dumps(widths)}' for first, widths in _runs(advances(path)).items()]
        lines.append(f' "{name}": {{\n' + ",\n".join(runs) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def advances(path: Path) -> dict[int, int]:
    """The advance width of each character, by code point, in units of the em."""
    font = TTFont(path)
    widths = font["hmtx"]
    return {code: widths[glyph][0] for code, glyph in sorted(font.getBestCmap().items()) if 0x20 <= code <= _LAST}


def _runs(widths: dict[int, int]) -> dict[int, list[int]]:
    runs: dict[int, list[int]] = {}
    first = 0
    for code, width in widths.items():
        if code - 1 not in widths:
            first = code
            runs[first] = []
        runs[first].append(width)
    return runs


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
