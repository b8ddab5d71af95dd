"""The users frame: every line of every credential report of the organization, typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor import schema
from auditor.kinds.credential_report import report_parser
from auditor.model import ROOT_USER, Account, AccountRecord
from auditor.tables.repeated import LINE
from auditor.tables.reports import Reports, report_file
from auditor.tables.spelling import category_of, spelling_of

Counts = np.ndarray[Any, np.dtype[np.int64]]


def users_frame(records: Sequence[AccountRecord], reports: Reports) -> pd.DataFrame:
    """Columns of ``schema.USERS``, ``x_<name>`` texts and spellings; a row per user of a report, in the reports' order.

    The categories of account_id, account_name, ou_path and evidence_file are those of all accounts, in their order.
    """
    merged = pa.concat_tables([_no_rows(), *reports.values()], promote_options="default")
    counts = np.array([_rows(reports.get(r.account.id)) for r in records], dtype=np.int64)
    columns = _who([r.account for r in records], counts, merged) | _typed(merged)
    files = [report_file(r) for r in records]
    columns["evidence_file"] = _repeated([f.path if f else "" for f in files], counts)
    columns["evidence_line"] = pd.array(_lines(counts, merged), dtype="Int64")
    extra = {name: _text(merged[name]) for name in merged.column_names if name.startswith("x_")}
    return pd.DataFrame({name: columns[name] for name in schema.USERS} | extra | spelling_of(merged))


def _rows(report: pa.Table | None) -> int:
    return 0 if report is None else report.num_rows


def _no_rows() -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in report_parser.COLUMNS})


def _lines(counts: Counts, merged: pa.Table) -> Counts:
    """Line numbers 2, 3, ... that start anew with each report, but for reports of which lines were left out."""
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    lines: Counts = np.arange(counts.sum()) - starts + 2
    if LINE not in merged.column_names:
        return lines
    known = merged[LINE].to_pandas().to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(known), lines, known).astype(np.int64)


def _repeated(values: list[str], counts: Counts) -> pd.Categorical:
    """Each value as often as its count says; equal values share a category."""
    codes, categories = pd.factorize(np.array(values, dtype=object))
    return pd.Categorical.from_codes(np.repeat(codes, counts), categories=pd.Index(categories, dtype="str"))


def _who(accounts: Sequence[Account], counts: Counts, merged: pa.Table) -> dict[str, Any]:
    return {
        "account_id": _repeated([a.id for a in accounts], counts),
        "account_name": _repeated([a.name for a in accounts], counts),
        "ou_path": _repeated([a.ou_path for a in accounts], counts),
        "user": category_of(merged["user"]),
        "arn": category_of(merged["arn"]),
        "is_root": _boolean(pc.equal(merged["user"], ROOT_USER)),
    }


def _typed(merged: pa.Table) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in report_parser.BOOL_COLUMNS:
        typed = report_parser.to_bool(merged[name])
        columns |= {name: _boolean(typed)} | _note(name, merged[name], typed)
    for name in report_parser.TIME_COLUMNS:
        typed = report_parser.to_time(merged[name])
        columns |= {name: _time(typed)} | _note(name, merged[name], typed)
    for name in report_parser.TEXT_COLUMNS:
        present = pc.if_else(pc.equal(merged[name], report_parser.ABSENT), None, merged[name])
        columns[name] = category_of(present) if schema.USERS[name] == "category" else _text(present)
    return columns


def _note(name: str, texts: pa.ChunkedArray, typed: pa.ChunkedArray) -> dict[str, Any]:
    note = f"{name}_note"
    return {note: category_of(report_parser.to_note(texts, typed))} if note in schema.USERS else {}


def _boolean(values: pa.ChunkedArray) -> Any:
    return values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get).array


def _time(values: pa.ChunkedArray) -> Any:
    return values.to_pandas().array


def _text(values: pa.ChunkedArray) -> Any:
    return values.to_pandas().astype("str").array
