"""The one place where text from outside is made fit for a spreadsheet cell."""

from __future__ import annotations

import re

from auditor.csv_file import FORMULA_STARTS

MAX_CHARACTERS = 32_767
CUT_MARK = " … [cut]"
# What a cell may not begin with unless it is marked as text: formulas, error values, and what OWASP adds to them.
GUARDED = frozenset("#" + FORMULA_STARTS)

# XML 1.0 has no place for these; a carriage return it would silently turn into a line feed.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Spreadsheets read _xHHHH_ as one character, so a user called a_x0041_ would be shown as aA.
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_TORN_ESCAPE = re.compile("_(x[0-9A-Fa-f]{0,4})?$")


def cell_text(value: object) -> str:
    """``value`` as text that every spreadsheet opens and shows as it is.

    Characters that XML cannot hold become U+FFFD, and what is longer than a cell is cut with a visible mark. The
    result still needs a cell of the data type text: it may begin with ``=``.
    """
    text = str(value)
    if _UNFIT.search(text):
        text = _UNFIT.sub("\ufffd", text)
    if "_x" in text:
        text = _ESCAPED.sub("_x005F_", text)
    if "\r" in text:
        text = text.replace("\r", "_x000D_")
    return _cut(text) if len(text) > MAX_CHARACTERS // 2 else text


def _cut(text: str) -> str:
    """At most MAX_CHARACTERS, which spreadsheets count in UTF-16 units (an emoji is two)."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MAX_CHARACTERS:
        return text
    kept = units[: 2 * (MAX_CHARACTERS - len(CUT_MARK))].decode("utf-16-le", errors="ignore")
    return _TORN_ESCAPE.sub("", kept) + CUT_MARK
