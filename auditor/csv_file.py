"""The one reader of CSV files that this product or a spreadsheet wrote, and the apostrophe that guards their cells.

Every delimiter of DELIMITERS is read, with a byte order mark or without, with quotes wherever they stand, and with
lines that end in LF or CRLF. UTF-16, which Excel calls "Unicode text", is read where a byte order mark says so.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

DELIMITERS = (",", ";", "|", "\t")
BOM = "\ufeff"
FORMULA_STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
"""What a text may not begin with in a cell: OWASP's "CSV Injection" (with the full-width forms that East Asian
spreadsheets take for ``=+-@``), their small forms, and NUL: LibreOffice drops it and computes what follows."""

FORMULA_START = f"[{re.escape(FORMULA_STARTS)}]"
"""A regular expression for one of them, for Python and for RE2 (Arrow)."""

_APOSTROPHE = "'"
_STARTS = tuple(FORMULA_STARTS)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ROWS_COMPARED = 20
_SAMPLE = 64 << 10  # characters that are enough to see the delimiter


class CsvProblem(ValueError):  # noqa: N818 -- not an error of its own: each reader makes its own of it
    """Why a file is not read, in one sentence."""


@dataclass(frozen=True)
class CsvRow:
    """``line`` (from 1) is where the row ends in its file."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class CsvTable:
    """A file as it stands: no apostrophe is taken off."""

    delimiter: str
    has_bom: bool
    header: list[str]
    rows: list[CsvRow]


def guard(text: str) -> str:
    """``text`` with an apostrophe before it where a spreadsheet might run it as a formula."""
    return _APOSTROPHE + text if text.startswith(_STARTS) else text


def unguard(text: str) -> str:
    """``text`` without the apostrophe that ``guard`` puts before it."""
    return text[1:] if text[:1] == _APOSTROPHE and text[1:].startswith(_STARTS) else text


def read_csv_file(path: Path) -> CsvTable:
    """Raises OSError, or CsvProblem."""
    return read_csv(decode(path.read_bytes()))


def decode(content: bytes) -> str:
    """The text of a file, its byte order mark included. Raises CsvProblem with the line that is no UTF-8."""
    if content.startswith(_UTF16):
        try:
            return BOM + content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise CsvProblem(f"not a CSV file: it begins like UTF-16 and is none: {error.reason}") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CsvProblem(f"not a CSV file in UTF-8: line {line}: {error.reason}; save it as 'CSV UTF-8'") from error


def read_csv(text: str) -> CsvTable:
    """The rows of a file's text; empty lines are no rows. Raises CsvProblem."""
    has_bom, text = text.startswith(BOM), text.removeprefix(BOM)
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    try:
        header = next(reader, [])
        return CsvTable(delimiter, has_bom, header, [CsvRow(reader.line_num, cells) for cells in reader if cells])
    except csv.Error as error:
        raise CsvProblem(f"not a CSV file: line {reader.line_num}: {error}") from error


def delimiter_of(text: str) -> str:
    """The delimiter that splits the first row into most cells, and the next ones into as many; a comma without any."""
    sample = text.removeprefix(BOM)[:_SAMPLE]
    is_whole = len(sample) >= len(text.removeprefix(BOM))
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter, is_whole=is_whole))


def _fit(sample: str, delimiter: str, *, is_whole: bool) -> tuple[bool, int]:
    """Whether the rows are alike, and how many cells the first one has; nothing where it has one."""
    try:
        rows = list(islice(_rows(sample, delimiter), _ROWS_COMPARED))
    except csv.Error:
        return False, 0
    compared = rows if is_whole or len(rows) == _ROWS_COMPARED else rows[:-1]
    width = len(rows[0]) if rows else 0
    return (all(len(row) == width for row in compared), width) if width > 1 else (False, 0)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)
