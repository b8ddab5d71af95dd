"""What becomes of one kind of evidence: rows of units, which the checks of that unit judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.evidence import Document
from auditor.model import Unit

Row = dict[str, Any]
Columns = Mapping[str, str]
"""The facts of a unit and their dtypes."""
Rows = Callable[[str, Document], Mapping[Unit, Iterable[Row]]]
"""(account id, its evidence) -> rows by unit. The keys ``name``, ``arn`` and ``line`` say which unit, and where."""


@dataclass(frozen=True)
class Table:
    """The units that evidence of ``kind`` tells of.

    A unit's rows start with account_id, account_name, ou_path, user (its name), arn, evidence_file, evidence_line.
    EvidenceError from ``rows`` makes a gap of the account's evidence.
    """

    kind: str
    columns: Mapping[Unit, Columns]
    rows: Rows


def table(unit: Unit, kind: str, columns: Columns, rows: Callable[[str, Document], Iterable[Row]]) -> Table:
    """A kind of evidence that tells of one type of unit."""
    return Table(kind, {unit: columns}, lambda owner_id, document: {unit: rows(owner_id, document)})


_TYPES: Mapping[str, type] = {"str": str, "Int64": int, "boolean": bool}


def misfit(row: Row, columns: Columns) -> str:
    """Which value of a row is not of its column's type; empty where all are, or are missing."""
    for name, dtype in (*columns.items(), ("name", "str"), ("arn", "str")):
        value, wanted = row.get(name), _TYPES.get(dtype, str)
        if value is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            return f"{name} is {value!r:.100}"
    return ""


def facts(columns: Columns) -> Columns:
    """``columns`` without those that every unit has."""
    return {name: dtype for name, dtype in columns.items() if name not in ("account_id", "name", "arn", "line")}


def first_response(document: Document, operation: str) -> Mapping[str, Any]:
    """The response to the first call of ``operation``, empty where it was answered by an error or not made."""
    return next((a.response for a in document.answers if a.operation == operation and a.response), {})


def error_of(document: Document, operation: str) -> str:
    """The error code that answered the first call of ``operation``; empty where there was none."""
    return next((a.error for a in document.answers if a.operation == operation), "")


def is_answered(document: Document, operation: str, *accepted: str) -> bool:
    """Whether ``operation`` was answered: by a response, or by an error code that is ``accepted`` as one."""
    return any(a.response is not None or a.error in accepted for a in document.answers if a.operation == operation)


def line_of(document: Document, operation: str) -> int:
    """Where the first call of ``operation`` stands; 1, the file itself, where it was not made."""
    return next((a.line for a in document.answers if a.operation == operation), 1)


def shortened(text: str, limit: int = 2000) -> str:
    """At most ``limit`` characters, so that the rest of a table can still be read."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
