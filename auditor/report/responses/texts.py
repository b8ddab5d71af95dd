"""Texts of a workbook in one form, whichever program wrote them, and the list of those that cells share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from openpyxl.utils.escape import unescape

_SURROGATE = re.compile("[\ud800-\udfff]")


def normal(text: str) -> str:
    """``text`` without escapes and with line feeds alone.

    LibreOffice writes what was escaped twice (``_x005F_x0041_``) escaped once, so escapes are undone to the last.
    """
    while "_x" in text and (plain := unescape(text)) != text:
        text = plain
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii() and _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class SharedTexts:
    """Reads ``sharedStrings.xml``: one text for each ``si``, its runs joined and its phonetic readings left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._shown: list[str] = []
        self._parts: list[str] = []
        self._phonetic = False

    @property
    def text(self) -> Callable[[str], object]:
        return self._parts.append

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "t":
            self._parts.clear()
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        if name == "t" and not self._phonetic:
            self._shown.extend(self._parts)
        elif name == "si":
            self.texts.append(normal("".join(self._shown)))
            self._shown.clear()
        elif name == "rPh":
            self._phonetic = False
