"""The CSV files: UTF-8 without BOM, RFC 4180 quoting, and text that no spreadsheet runs as a formula."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from auditor import schema
from auditor.assessment import Assessment
from auditor.files import atomic_path
from auditor.report.lines import Dialect, encoded_blocks, joined, raw_bytes


class CsvFiles:
    """``findings.csv``, ``accounts.csv``, ``controls.csv``, ``credentials.csv`` and ``waivers.csv``."""

    name = "csv"

    def write(self, assessment: Assessment, folder: Path) -> tuple[Path, ...]:
        tables = {
            "findings": assessment.findings[list(schema.FINDINGS)],
            "accounts": assessment.accounts[list(schema.ACCOUNTS)],
            "controls": assessment.controls[list(schema.CONTROLS)],
            "credentials": assessment.credentials[list(schema.CREDENTIALS)],
            "waivers": assessment.waivers[list(schema.WAIVERS)],
        }
        return tuple(write_csv(table, folder / f"{name}.csv") for name, table in tables.items())


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """Write any frame to ``path``, atomically and 0600; raises SnapshotError."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.writelines(csv_blocks(frame))
    return path


def csv_blocks(frame: pd.DataFrame) -> Iterator[bytes | memoryview]:
    """Any frame as CSV, a header and then many lines at a time: times as ``2026-11-24T10:15:00Z``, booleans as true
    and false, missing values as nothing, lines ended by a single line feed."""
    header = _spelt(pd.Series(list(frame.columns), dtype="str"))
    yield (",".join(header) + "\n").encode()
    for columns in encoded_blocks(frame, _CSV):
        rows = joined(columns, ",", _CSV.missing)
        yield raw_bytes(joined([rows, "\n"], "", ""))


def safe_text(texts: pd.Series) -> pd.Series:
    """``texts`` (a ``str`` series) with an apostrophe before those that a spreadsheet would run as a formula.

    These begin with ``=``, ``+``, ``-``, ``@``, tab or carriage return. Source: OWASP, "CSV Injection".
    """
    return texts.where(~texts.str.match(r"[=+\-@\t\r]", na=False), "'" + texts)


def _quoted(texts: pd.Series) -> pd.Series:
    """In double quotes where RFC 4180 asks for them."""
    unsafe = texts.str.contains('[",\r\n]', regex=True, na=False)
    if not unsafe.any():
        return texts
    return texts.where(~unsafe, '"' + texts.str.replace('"', '""', regex=False) + '"')


def _spelt(texts: pd.Series) -> pd.Series:
    return _quoted(safe_text(texts))


_CSV = Dialect(text=_spelt, time=lambda times: times, missing="")
