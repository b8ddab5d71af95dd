"""What is measured of the workbook's big sheets: rows of made-up users, by our writer and by openpyxl's.

Seconds are CPU seconds: both writers use one core, and whatever else the machine does must not decide which is faster.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from openpyxl import Workbook
from python_calamine import CalamineWorkbook

from auditor.report.workbook.book import new_book
from auditor.report.workbook.package import save_book
from auditor.report.workbook.rows import BLOCK_ROWS, Column, Kind
from auditor.report.workbook.sheets import exceptions, population
from auditor.report.workbook.table import Rows, write_table
from tests.benchmarks.child import Figures, cpu_seconds, peak_mib

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
_COLUMNS = {"population": population.COLUMNS, "exceptions": exceptions.COLUMNS}
_ACCOUNTS = 500
_OFTEN = {"account_id", "account_name", "ou_path", "severity", "control_id", "requirements", "credential", "limit"}
_OFTEN |= {"owner", "reason", "evidence_file", "title", "remediation", "waiver_id", "cited"}
_LENGTHS = {"reason": 80, "remediation": 200, "observed": 60, "arn": 50, "resource_arn": 50, "evidence_file": 46}


def ours(sheet: str, rows: int) -> Figures:
    """Write the sheet with the product's writer; the rows are made while it asks for them."""
    with tempfile.TemporaryDirectory() as folder:
        started = cpu_seconds()
        making = _write(Path(folder) / "ours.xlsx", sheet, rows)
        seconds = cpu_seconds() - started - making
        size = (Path(folder) / "ours.xlsx").stat().st_size
    return {"seconds": seconds, "columns": len(_COLUMNS[sheet]), "size": size}


def plain(sheet: str, rows: int) -> Figures:
    """Write the same rows with openpyxl's write-only mode, unstyled; making the rows is not counted."""
    columns = _COLUMNS[sheet]
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append([column.header for column in columns])
    seconds = 0.0
    for start in range(0, rows, BLOCK_ROWS):
        values = _plain_rows(block(columns, start, min(start + BLOCK_ROWS, rows)))
        started = cpu_seconds()
        for row in values:
            page.append(row)
        seconds += cpu_seconds() - started
    with tempfile.TemporaryDirectory() as folder:
        started = cpu_seconds()
        book.save(Path(folder) / "plain.xlsx")
        seconds += cpu_seconds() - started
        size = (Path(folder) / "plain.xlsx").stat().st_size
    return {"seconds": seconds, "columns": len(columns), "size": size}


def read_back(rows: int) -> Figures:
    """A Population that no single sheet holds, written and then read whole, a sheet after the other."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "whole.xlsx"
        started = cpu_seconds()
        making = _write(path, "population", rows)
        seconds = cpu_seconds() - started - making
        peak = peak_mib()  # reading takes far more, as it holds a whole sheet
        read, wrong = count_rows(path)
    return {"seconds": seconds, "peak_mib": peak, "read": read, "wrong": wrong}


def count_rows(path: Path) -> tuple[list[int], int]:
    """Rows of each sheet below its header, and how many of them are not the ones that ``block`` made."""
    book, wrong = CalamineWorkbook.from_path(str(path)), 0
    counts: list[int] = []
    for name in book.sheet_names:
        found = book.get_sheet_by_name(name).iter_rows()
        header = next(found)
        user, line, columns = header.index("User"), header.index("Line"), len(population.COLUMNS)
        first, number = sum(counts), 0
        for number, row in enumerate(found, start=1):
            row_number = first + number - 1
            wrong += row[user] != _user(row_number) or row[line] != row_number % 1000 + 2 or len(row) != columns
        counts.append(number)
    return counts, wrong


def _write(path: Path, sheet: str, rows: int) -> float:
    """Returns the seconds that making the rows took."""
    columns, spent = _COLUMNS[sheet], [0.0]

    def between(start: int, stop: int) -> Iterator[pd.DataFrame]:
        for at in range(start, stop, BLOCK_ROWS):
            started = cpu_seconds()
            made = block(columns, at, min(at + BLOCK_ROWS, stop))
            spent[0] += cpu_seconds() - started
            yield made

    book = new_book("bench", "bench", AS_OF, [sheet])
    write_table(book, sheet, Rows(rows, between), columns)
    save_book(book, path)
    return spent[0]


def block(columns: tuple[Column, ...], start: int, stop: int) -> pd.DataFrame:
    """Rows ``start`` up to ``stop``: as many distinct values in each column as real reports have."""
    numbers = np.arange(start, stop)
    return pd.DataFrame({column.source: _values(column, numbers) for column in columns})


def _values(column: Column, numbers: np.ndarray) -> pd.Series:
    match column.kind:
        case Kind.COUNT:
            return pd.Series(numbers % 1000 + 2, dtype="Int64")
        case Kind.YES_NO:
            return pd.Series(numbers % 3 == 0, dtype="boolean")
        case Kind.TIME:
            times = pd.Series(pd.Timestamp(AS_OF) - pd.to_timedelta(numbers % 900_000 * 61, unit="s"))
            return times.astype("datetime64[us, UTC]").mask(numbers % 5 == 0)
    return _texts(column.source, numbers)


def _texts(source: str, numbers: np.ndarray) -> pd.Series:
    if source in ("user", "resource_name"):
        return pd.Series([_user(n) for n in numbers], dtype="str")
    if source in _OFTEN:
        few = [_padded(source, n) for n in range(_ACCOUNTS)]
        return pd.Series(pd.Categorical.from_codes(numbers % _ACCOUNTS, pd.Index(few, dtype="str")))
    if source.endswith(("_active", "_enabled")):
        return pd.Series(np.where(numbers % 3 == 0, "true", "false"), dtype="str")
    if source.startswith("raw_"):
        moments = [(AS_OF - timedelta(seconds=int(n) % 900_000 * 61)).isoformat() for n in numbers]
        return pd.Series(np.where(numbers % 5 == 0, "N/A", moments), dtype="str")
    return pd.Series([_padded(source, n) for n in numbers], dtype="str")


def _user(number: int) -> str:
    return f"user-{number:07d}"


def _padded(source: str, number: int) -> str:
    return f"{source} {number}".ljust(_LENGTHS.get(source, 12), ".")


def _plain_rows(frame: pd.DataFrame) -> list[list[object]]:
    """What openpyxl takes: no time zones, None for what is missing, yes and no for flags."""
    plain = {}
    for name, series in frame.items():
        if isinstance(series.dtype, pd.DatetimeTZDtype):
            values = [None if pd.isna(v) else v.to_pydatetime() for v in series.dt.tz_localize(None)]
        elif pd.api.types.is_bool_dtype(series.dtype):
            values = ["yes" if v else "no" for v in series]
        else:
            values = series.tolist()
        plain[name] = values
    return [list(row) for row in zip(*plain.values(), strict=True)]
