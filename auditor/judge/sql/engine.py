"""DuckDB in memory, which can open no file, reach no network and load no extension: expressions over rows it is handed.

A time is the microseconds since 1970 in UTC, as in the second engine, so that both compare and count alike.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:  # it is loaded where it is used: not every command judges
    import duckdb

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "temp_directory": "",
    "threads": 1,
    "preserve_insertion_order": True,
}
_DAY = 86_400_000_000  # microseconds
_SHIFT = 40_000_000  # days: more than lie between any two times, so that whole days of a negative number round down too
_MACROS = (
    "checked_add(a, b) as try(a + b)",
    "checked_subtract(a, b) as try(a - b)",
    "checked_multiply(a, b) as try(a * b)",
    "boolean_text(b) as cast(b as text)",
    "time_text(t) as try(strftime(make_timestamp(t), '%Y-%m-%dT%H:%M:%SZ'))",
    f"days_between(a, b) as try((b - a + {_SHIFT * _DAY}) // {_DAY} - {_SHIFT})",
    f"days_after(t, n) as try(t + n * {_DAY})",
)


class EngineError(Exception):
    """The engine refuses the query; the text is the name of its error."""


def evaluated(rows: pa.Table, expressions: Sequence[str], parameters: Mapping[str, Any]) -> pa.Table:
    """A column for each expression (``c0``, ``c1``, ...), in the order of the rows. Raises EngineError."""
    from duckdb import Error

    columns = ", ".join(f"{expression} as c{number}" for number, expression in enumerate(expressions))
    with _database().cursor() as cursor:
        cursor.register("units", rows)
        try:
            # The only text that is not bound: expressions that were read strictly and rendered again.
            return cursor.sql(f"select {columns} from units", params=dict(parameters)).to_arrow_table()  # noqa: S608
        except Error as error:
            raise EngineError(type(error).__name__) from error


@cache
def _database() -> duckdb.DuckDBPyConnection:
    import duckdb

    atexit.register(_database.cache_clear)  # DuckDB complains of connections that outlive it
    connection = duckdb.connect(":memory:", config=_SETTINGS)
    for macro in _MACROS:
        connection.execute(f"create macro {macro}")
    for setting in ("enable_external_access = false", "lock_configuration = true"):
        connection.execute(f"set {setting}")
    return connection
