"""One table as a workbook of one sheet, whatever its columns are: the answer to a query."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

from auditor.report.workbook.book import new_book
from auditor.report.workbook.package import save_book
from auditor.report.workbook.table import Column, Kind, write_table

_WIDEST, _SAMPLE = 60, 1000


def write_single(frame: pd.DataFrame, path: Path, title: str, version: str, made_at: datetime) -> Path:
    """Write all columns of ``frame`` to a sheet called ``title``; times are UTC. Raises SnapshotError."""
    book = new_book(title, version, made_at, [title])
    columns = [_column(frame.iloc[:, at], at) for at in range(frame.shape[1])]
    # By position: the columns of a query may share a name.
    write_table(book, title, frame.set_axis([c.source for c in columns], axis=1), columns)
    return save_book(book, path)


def _column(series: pd.Series, position: int) -> Column:
    kind = _kind(series)
    longest = 20 if kind is Kind.TIME else int(series.head(_SAMPLE).astype("str").fillna("").str.len().max() or 0)
    header = f"{series.name} (UTC)" if kind is Kind.TIME else str(series.name)
    return Column(str(position), header, min(_WIDEST, max(longest, len(header)) + 2), kind)


def _kind(series: pd.Series) -> Kind:
    if pd.api.types.is_bool_dtype(series.dtype):
        return Kind.YES_NO
    if pd.api.types.is_integer_dtype(series.dtype):
        return Kind.COUNT
    if pd.api.types.is_float_dtype(series.dtype):
        return Kind.NUMBER
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return Kind.TIME
    return Kind.TEXT
