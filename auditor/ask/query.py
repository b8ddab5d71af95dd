"""SQL over the tables of judged snapshots: read-only, within limits, without files, network or extensions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from auditor.ask.query_process import Limits, QueryProcess, ShownRows, Sources
from auditor.ask.stored_tables import StoredTables
from auditor.errors import QueryError, clean

if TYPE_CHECKING:  # slow to load, so they are loaded where they are used
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")
_LISTS = ("show", "describe", "information_schema", "duckdb_", "pragma_", "pg_", "sqlite_", "query(", "query_table")
"""What a query can find tables by that it does not name."""


def run_query(
    process: QueryProcess,
    stored: Sequence[StoredTables],
    sql: str,
    limits: Limits | None = None,
    *,
    with_snapshot_ids: bool = False,
) -> pa.Table:
    """The rows that ``sql`` selects from the tables of snapshots; every table can have a column ``snapshot_id``.

    Raises QueryError when it is not one reading statement, DuckDB does not accept it, or it goes beyond the limits; of
    a name that is not there it tells the nearest ones of all tables. Raises DifferenceError where the file of a table
    is not the one that was written.
    """
    return _run(process.ask, stored, sql, limits, with_snapshot_ids)


def rows_to_show(
    process: QueryProcess,
    stored: Sequence[StoredTables],
    sql: str,
    limits: Limits | None = None,
    *,
    with_snapshot_ids: bool = False,
) -> ShownRows:
    """The rows of ``run_query`` for people. Raises the same errors."""
    return _run(process.ask_to_show, stored, sql, limits, with_snapshot_ids)


def _run(
    ask: Callable[[Sources, str, Limits], T],
    stored: Sequence[StoredTables],
    sql: str,
    limits: Limits | None,
    with_ids: bool,
) -> T:
    from auditor.ask.query_tables.naming import may_misread_user

    sql = clean(sql)
    if may_misread_user(sql):
        _refuse_misread_user(sql)
    tables = _named(sql, {name for snapshot in stored for name in snapshot.sha256})
    for snapshot in stored:
        snapshot.check(name for name in tables if name in snapshot.sha256)
    try:
        return ask(_sources(stored, tables, with_ids=with_ids), sql, limits or Limits())
    except QueryError as error:
        raise _explained(error, sql) from error


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Rows as pandas has them: times UTC, integers and booleans nullable."""
    import pandas as pd
    import pyarrow as pa

    integers = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32())
    nullable = {pa.bool_(): pd.BooleanDtype(), **dict.fromkeys(integers, pd.Int64Dtype())}
    frame: pd.DataFrame = rows.to_pandas(types_mapper=nullable.get)
    return frame


def _named(sql: str, tables: Collection[str]) -> list[str]:
    """The tables that the query may read: only those are opened. A list of all tables names all of them."""
    seen = sql.lower()
    is_list = any(word in seen for word in _LISTS)
    return sorted(name for name in tables if is_list or name in seen)


def _sources(stored: Sequence[StoredTables], tables: Sequence[str], *, with_ids: bool) -> Sources:
    """The files of each table, those of the first snapshot first."""
    return {
        name: [(found.path(name), found.snapshot_id if with_ids else "") for found in stored if name in found.sha256]
        for name in tables
    }


def _refuse_misread_user(sql: str) -> None:
    from auditor.ask.query_tables.known import query_tables
    from auditor.ask.query_tables.naming import misread_user

    if problem := misread_user(sql, query_tables()):
        raise QueryError(problem)


def _explained(error: QueryError, sql: str) -> QueryError:
    from auditor.ask.query_tables.known import query_tables
    from auditor.ask.query_tables.naming import explained

    return QueryError(explained(str(error), sql, error.tables, query_tables()) or str(error))
