"""SQL over a judged snapshot: DuckDB in memory, read-only, without files, network or extensions."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from auditor.assessment import Assessment
from auditor.catalog import config_folder
from auditor.errors import QueryError, nearest

TABLES = ("accounts", "gaps", "users", "credentials", "findings", "controls", "waivers")
_READING = frozenset({"SELECT", "EXPLAIN", "MULTI"})  # MULTI is what PIVOT becomes
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}


_INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32())
_NULLABLE = {pa.bool_(): pd.BooleanDtype(), **dict.fromkeys(_INTEGERS, pd.Int64Dtype())}


def run_query(assessment: Assessment, sql: str) -> pd.DataFrame:
    """The rows that ``sql`` selects from TABLES and the assessment's evidence; times are UTC, categories texts,
    integers and booleans nullable.

    Raises QueryError when it is not one reading statement, or DuckDB does not accept it.
    """
    connection = _open(assessment)
    try:
        _check(connection, sql)
        selected: pd.DataFrame = connection.sql(sql).to_arrow_table().to_pandas(types_mapper=_NULLABLE.get)
        return selected
    except duckdb.Error as error:
        raise QueryError(_first_lines(str(error))) from error
    finally:
        connection.close()


def named_queries(*more: Path) -> dict[str, Path]:
    """The questions that ship with the product, by name; those of the folders ``more`` replace them or add to them."""
    folders = (config_folder(), *more)
    return {path.stem: path for folder in folders for path in sorted((folder / "queries").glob("*.sql"))}


def named_query(name: str, *more: Path) -> str:
    """The SQL of a question that is shipped or stands in a folder of ``more``; QueryError names the nearest one."""
    known = named_queries(*more)
    if name not in known:
        raise QueryError(f"there is no query {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    try:
        return known[name].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{known[name]}: cannot be read: {error}") from error


def _open(assessment: Assessment) -> duckdb.DuckDBPyConnection:
    """A database that holds copies of the tables and can reach nothing else, whatever the SQL."""
    connection = duckdb.connect(config=_CLOSED)
    tables: dict[str, pd.DataFrame] = {name: getattr(assessment, name) for name in TABLES}
    for name, frame in (tables | dict(assessment.evidence)).items():
        connection.register("incoming", pa.Table.from_pandas(frame, preserve_index=False))
        connection.execute(f"create table {name} as from incoming")
        connection.unregister("incoming")
    connection.execute("set TimeZone = 'UTC'; set python_enable_replacements = false; set lock_configuration = true")
    return connection


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"a query is one statement; this has {len(statements)}")
    kind = statements[0].type.name
    if kind not in _READING:
        raise QueryError(f"a query only reads: {kind} is not allowed")


def _first_lines(text: str) -> str:
    """DuckDB's message without its picture of the statement."""
    return " ".join(text.split("\n\n")[0].split())
