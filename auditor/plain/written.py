"""What was reported: the rows of findings.csv, the counts of controls.csv."""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from auditor.errors import SnapshotError
from auditor.plain.verdicts import Row

COUNTS = ("population", "passed", "failed", "not_applicable", "no_evidence", "manual")
_RUN_AS_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def findings(path: Path) -> dict[str, list[Row]]:
    """The rows by account, spelt as in the file. SnapshotError where it is no such table."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for texts in _table(path, Row._fields):
        row = Row(*(sys.intern(text) for text in texts))  # most texts stand in many rows
        found[row.account_id].append(row)
    return found


def counts(path: Path) -> dict[str, dict[str, str]]:
    """By control the columns COUNTS. SnapshotError where it is no such table."""
    return {name: dict(zip(COUNTS, texts, strict=True)) for name, *texts in _table(path, ("control_id", *COUNTS))}


def spelt(text: str) -> str:
    """As the CSV files spell a text that a spreadsheet would run: with an apostrophe before it."""
    return f"'{text}" if text.startswith(_RUN_AS_FORMULAS) else text


def _table(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise SnapshotError(f"{path} has no column {missing[0]!r}")
            places = [header.index(name) for name in columns]
            for row in reader:
                if len(row) != len(header):
                    raise SnapshotError(f"{path}, line {reader.line_num}: {len(row)} of {len(header)} fields")
                yield [row[place] for place in places]
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SnapshotError(f"{path} is not a CSV file: {error}") from error
