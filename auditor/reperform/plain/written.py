"""What was reported: the rows of findings.csv, the counts of controls.csv."""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from auditor.errors import SnapshotError
from auditor.reperform.plain.verdicts import Row
from auditor.reperform.plain.words import FAIL, PASS

COUNTS = ("population", "passed", "failed", "not_applicable", "no_evidence", "manual")
DELIMITERS = (",", ";", "|", "\t")
_LARGEST_CELL = 1 << 30  # characters
_GUARDED = re.compile("'([-=+@\\t\\r\\n\\0\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")


def findings(path: Path) -> dict[str, list[Row]]:
    """The rows by account, spelt as in the file. SnapshotError where it is no such table."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for texts in _table(path, Row._fields):
        row = Row(*(sys.intern(text) for text in texts))  # most texts stand in many rows
        row = row if row.status in (PASS, FAIL) else row._replace(observed="")
        found[row.account_id].append(row)
    return found


def counts(path: Path) -> dict[str, dict[str, str]]:
    """By control the columns COUNTS. SnapshotError where it is no such table."""
    return {name: dict(zip(COUNTS, texts, strict=True)) for name, *texts in _table(path, ("control_id", *COUNTS))}


def unguarded(text: str) -> str:
    """Without the apostrophe that the CSV files put before a text that a spreadsheet would run."""
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


def _table(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    """The texts of the columns, whatever separates them, with a byte order mark or without."""
    csv.field_size_limit(_LARGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file, columns)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = next(reader, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise SnapshotError(f"{path} has no column {missing[0]!r}")
            places = [header.index(name) for name in columns]
            for row in reader:
                if len(row) != len(header):
                    raise SnapshotError(f"{path}, line {reader.line_num}: {len(row)} of {len(header)} fields")
                yield [unguarded(row[place]) for place in places]
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SnapshotError(f"{path} is not a CSV file: {error}") from error


def _delimiter(file: TextIO, columns: Sequence[str]) -> str:
    """The one with which the first line names most of the columns."""
    line = file.readline()
    headers = {delimiter: next(csv.reader([line], delimiter=delimiter), []) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: len(set(columns) & set(headers[delimiter])))
