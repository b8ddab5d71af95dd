"""The CSV files: UTF-8, RFC 4180 quoting, and text that no spreadsheet runs as a formula.

How they are written is a ``CsvStyle``; without one: commas, no byte order mark, and the apostrophe of OWASP's "CSV
Injection" before texts that begin like a formula (``auditor.csv_file.FORMULA_STARTS``). A program that reads the
files takes that apostrophe off, or asks for ``raw`` files, in which every text is exactly what it is.

- A text is quoted where it holds the delimiter, a double quote or a line end. A spreadsheet that splits at another
  character than the one the file was written with sees other cells, which nothing guards: give people the delimiter
  that their spreadsheets use.
- Control characters and U+FFFE are written as they are, texts longer than the 32,767 characters of a spreadsheet's
  cell whole. NUL too, though spreadsheets end or drop the text there: no name of AWS can hold one.
- Lone surrogates have no UTF-8 and never come this far: the tables cannot hold them.
- CSV has no types: a spreadsheet that guesses turns ``007`` into 7. Import the columns as text, or take the workbook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from auditor import schema
from auditor.csv_file import BOM, FORMULA_START, FORMULA_STARTS
from auditor.judge.assessment import Assessment
from auditor.report.lines import Dialect, begins_with_any, encoded_blocks, holds_any, joined, raw_bytes
from auditor.store.files import atomic_path


@dataclass(frozen=True)
class CsvStyle:
    """How CSV files are written: ``delimiter`` is one character, ``bom`` puts a byte order mark first (Excel takes a
    file without one for the local code page), ``raw`` leaves the apostrophes out, for programs."""

    delimiter: str = ","
    bom: bool = False
    raw: bool = False


PLAIN = CsvStyle()


class CsvFiles:
    """``findings.csv``, ``accounts.csv``, ``controls.csv``, ``credentials.csv`` and ``waivers.csv``."""

    name = "csv"

    def __init__(self, style: CsvStyle = PLAIN) -> None:
        self._style = style

    def write(self, assessment: Assessment, folder: Path) -> tuple[Path, ...]:
        tables: dict[str, Iterable[pd.DataFrame]] = {
            "findings": (block[list(schema.FINDINGS)] for block in assessment.large.blocks("findings")),
            "accounts": [assessment.accounts[list(schema.ACCOUNTS)]],
            "controls": [assessment.controls[list(schema.CONTROLS)]],
            "credentials": (block[list(schema.CREDENTIALS)] for block in assessment.large.blocks("credentials")),
            "waivers": [assessment.waivers[list(schema.WAIVERS)]],
        }
        return tuple(_write(blocks, folder / f"{name}.csv", self._style) for name, blocks in tables.items())


def write_csv(frame: pd.DataFrame, path: Path, style: CsvStyle = PLAIN) -> Path:
    """Write any frame to ``path``, atomically and 0600; raises SnapshotError."""
    return _write([frame], path, style)


def _write(frames: Iterable[pd.DataFrame], path: Path, style: CsvStyle) -> Path:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for number, frame in enumerate(frames):
            file.writelines(csv_blocks(frame, style, is_first=number == 0))
    return path


def csv_blocks(frame: pd.DataFrame, style: CsvStyle = PLAIN, *, is_first: bool = True) -> Iterator[bytes | memoryview]:
    """Any frame as CSV, a header and then many lines at a time: times as ``2026-11-24T10:15:00Z``, booleans as true
    and false, missing values as nothing, lines ended by a single line feed. Only the first of several has a header."""
    spelt = _spelling(style)
    dialect = Dialect(text=spelt, time=lambda times: times, missing="")
    if is_first:
        header = spelt(pd.Series(list(frame.columns), dtype="str"))
        yield (BOM.encode() if style.bom else b"") + (style.delimiter.join(header) + "\n").encode()
    for columns in encoded_blocks(frame, dialect):
        rows = joined(columns, style.delimiter, dialect.missing)
        yield raw_bytes(joined([rows, "\n"], "", ""))


def safe_text(texts: pd.Series) -> pd.Series:
    """``texts`` (a ``str`` series) with an apostrophe before those that a spreadsheet might run as a formula."""
    if not begins_with_any(texts, FORMULA_STARTS):
        return texts
    unsafe = texts.str.match(FORMULA_START, na=False)
    return texts.where(~unsafe, "'" + texts) if unsafe.any() else texts


def _spelling(style: CsvStyle) -> Callable[[pd.Series], pd.Series]:
    """Guarded, and in double quotes where RFC 4180 asks for them with the style's delimiter."""
    special = f'["{re.escape(style.delimiter)}\r\n]'

    def quoted(texts: pd.Series) -> pd.Series:
        if not holds_any(texts, f'"{style.delimiter}\r\n'):
            return texts
        unsafe = texts.str.contains(special, regex=True, na=False)
        if not unsafe.any():
            return texts
        return texts.where(~unsafe, '"' + texts.str.replace('"', '""', regex=False) + '"')

    return quoted if style.raw else lambda texts: quoted(safe_text(texts))
