"""A table that can be asked about, and its columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """``type`` is text, integer, boolean or timestamp (UTC); ``about`` one sentence."""

    name: str
    type: str
    about: str


@dataclass(frozen=True)
class QueryTable:
    """``is_optional``: there only where the evidence was collected."""

    name: str
    about: str
    columns: tuple[Column, ...]
    is_optional: bool = False


def columns_of(tables: Iterable[QueryTable]) -> dict[str, list[str]]:
    """Column -> the tables that have it."""
    found: dict[str, list[str]] = {}
    for table in tables:
        for column in table.columns:
            found.setdefault(column.name, []).append(table.name)
    return found
