"""The tables that can be asked about, with their columns, without a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pandas as pd

from auditor import schema
from auditor.ask.query_tables.table import Column, QueryTable
from auditor.ask.query_tables.texts import column_text, table_text
from auditor.kinds import KINDS
from auditor.model import Organization
from auditor.tables.documents import empty_collected
from auditor.tables.units import UnitFrames, evidence_tables, unit_frames

BASE_TABLES: Mapping[str, Mapping[str, str]] = {
    "accounts": schema.ACCOUNTS,
    "gaps": schema.GAPS,
    "users": schema.USERS,
    "credentials": schema.CREDENTIALS,
    "findings": schema.FINDINGS_TABLE,
    "controls": schema.CONTROLS,
    "waivers": schema.WAIVERS,
    "by_account": schema.BY_ACCOUNT,
    "evidence": schema.EVIDENCE_FILES,
    "remarks": schema.REMARKS,
}
"""Those that every snapshot has."""

_TYPES = {"text": "text", "category": "text", "time": "timestamp", "bool": "boolean", "int": "integer"}


@cache
def query_tables() -> Mapping[str, QueryTable]:
    """By name: those that every snapshot has, then those of further evidence."""
    base = {
        name: _table(name, {column: _TYPES[kind] for column, kind in columns.items()})
        for name, columns in BASE_TABLES.items()
    }
    further = {
        name: _table(name, {str(column): _type(frame[column]) for column in frame}, is_optional=True)
        for name, frame in evidence_tables(_empty_frames()).items()
    }
    return base | further


def _table(name: str, columns: Mapping[str, str], *, is_optional: bool = False) -> QueryTable:
    made = tuple(Column(column, kind, column_text(name, column)) for column, kind in columns.items())
    return QueryTable(name, table_text(name), made, is_optional)


def _empty_frames() -> UnitFrames:
    """The frames of evidence as they are where there is none, made by who makes them of evidence."""
    accounts, users = (_empty(columns) for columns in (schema.ACCOUNTS, schema.USERS))
    nothing = {name: empty_collected(kind) for name, kind in KINDS.items() if kind.tables}
    return unit_frames(nothing, accounts, users, Organization(""))


def _empty(columns: Mapping[str, str]) -> pd.DataFrame:
    return schema.typed(pd.DataFrame(columns=list(columns)), columns)


def _type(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column.dtype):
        return "boolean"
    if pd.api.types.is_integer_dtype(column.dtype):
        return "integer"
    return "timestamp" if pd.api.types.is_datetime64_any_dtype(column.dtype) else "text"
