"""The process that a query runs in: DuckDB over the tables it is handed, and no way to anything else.

Run by ``auditor.ask.query_process``. Reads a line of JSON from stdin: the SQL, its memory in bytes, whether the rows
are to be shown, and the Parquet files of each table. Writes a line when they are open and then the rows to stdout: as
an Arrow stream or, to be shown, as lines of JSON. What is wrong with the query goes to stderr, as JSON.

Two locks on every door: DuckDB's own settings, which no statement can change, and the kernel's limits, under which this
process cannot open a file or a socket, write a byte to a disk, or take more memory than it was given. The tables' files
are mapped into memory before: only what a query needs of them is read.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO


class _WithoutPandas:
    """Pyarrow loads pandas and numpy where they are installed. They take longer than all the rest, and nothing here
    needs them."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in ("pandas", "numpy"):
            raise ImportError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _WithoutPandas())

import duckdb  # noqa: E402
import pyarrow as pa  # noqa: E402

if TYPE_CHECKING:
    import pyarrow.dataset as ds

_READING = frozenset({"SELECT", "EXPLAIN", "MULTI"})  # MULTI is what PIVOT becomes
_BATCH = 20_000  # rows
_SHOWN_AT_ONCE = 500  # rows of a line of JSON
_OVERHEAD = 256 << 20  # bytes of threads, code and buffers besides what DuckDB counts
_SCANNING = 512 << 20  # bytes of row groups that are read ahead
_EVERY_TYPE = (
    "1 as n, now() as t, true as b, 'x' as s, date '2026-01-01' as d, time '10:15:00' as c, interval 1 day as i,"
    " 1.5::decimal(9, 2) as m, 0.5 as f, [1] as l, {'a': 1} as o, 'x'::blob as x, uuid() as u, now()::timestamp_ns as p"
)
DONE, WRONG, TOO_BIG, NO_TABLE = 0, 3, 4, 5


class NotReadingError(Exception):
    """It is not one statement, or does more than read."""


class NoTableError(Exception):
    """A file is no Parquet file; its text is the path."""


class UnknownNameError(Exception):
    """It names something that is not there; ``tables`` are those it reads, empty where the database does not tell."""

    def __init__(self, message: str, tables: list[str]) -> None:
        super().__init__(message)
        self.tables = tables


def main(asked: BinaryIO, told: BinaryIO) -> None:
    """Answer one query."""
    wanted = json.loads(asked.readline())
    connection = _opened(wanted["tables"])
    empty = duckdb.connect(config={"enable_external_access": "false"})
    threading.Thread(target=_end_with_the_asker, args=(asked,), daemon=True).start()
    _shut(connection, wanted["memory"])
    told.write(b"ready\n")
    told.flush()
    _check(connection, wanted["sql"])
    send = _send_to_show if wanted["shown"] else _send
    try:
        send(connection.sql(wanted["sql"]).to_arrow_reader(_BATCH), told)
    except (duckdb.BinderException, duckdb.CatalogException) as problem:
        raise UnknownNameError(_first_lines(problem), _tables_of(empty, wanted["sql"])) from problem


def _end_with_the_asker(asked: BinaryIO) -> None:
    """The asker keeps stdin open until it has its answer; that it ends before means that nobody waits any more."""
    asked.read()
    os._exit(WRONG)


def _opened(tables: dict[str, list[list[str]]]) -> duckdb.DuckDBPyConnection:
    """A database that sees the tables; each has a list of files with the snapshots they are of (see ``_table``)."""
    connection = duckdb.connect(config={"temp_directory": ""})
    if tables:
        _load_what_scans_need(connection)
    for name, files in tables.items():
        connection.register(name, _table(files))
    return connection


def _load_what_scans_need(connection: duckdb.DuckDBPyConnection) -> None:
    """DuckDB loads modules when it first hands a condition to a scan; later nothing could be opened."""
    import pyarrow.dataset as ds

    moment = pa.array([0], pa.timestamp("us", "UTC"))
    table = pa.table({"s": ["a"], "n": [1], "t": moment, "b": [True]})
    connection.register("scanned", ds.dataset(table))
    connection.execute(
        "select s from scanned"
        " where s = 'a' and n > 0 and t is not null and b and s in ('a', 'b') and t < '2000-01-01'::timestamptz"
    ).fetchall()
    connection.unregister("scanned")


def _table(files: Sequence[Sequence[str]]) -> ds.Dataset:
    """The rows of Parquet files, one below the other: ``[path, snapshot id]``.

    Where a snapshot id is given, it is a column of those tables that do not have one.
    """
    import pyarrow.dataset as ds

    form = ds.ParquetFileFormat()
    found, schemas = [], []
    for path, snapshot_id in files:
        mapped, physical = _mapped(path, form)
        is_added = bool(snapshot_id) and "snapshot_id" not in physical.names
        told = {"partition_expression": ds.field("snapshot_id") == snapshot_id} if is_added else {}
        found.append(form.make_fragment(mapped, **told))
        first = [pa.field("snapshot_id", pa.string())] if is_added else []
        schemas.append(pa.schema([*first, *physical]))
    return ds.FileSystemDataset(found, pa.unify_schemas(schemas), form)


def _mapped(path: str, form: ds.ParquetFileFormat) -> tuple[pa.MemoryMappedFile, pa.Schema]:
    """The file and its columns. Raises NoTableError."""
    try:
        mapped = pa.memory_map(path)
        return mapped, form.inspect(mapped)
    except (pa.ArrowException, OSError) as error:
        raise NoTableError(path) from error


def _shut(connection: duckdb.DuckDBPyConnection, memory: int) -> None:
    """Allow ``memory`` bytes besides what the tables take, and nothing outside of this process."""
    # What Python loads when it is first needed is loaded now: later nothing can be opened.
    connection.execute("set TimeZone = 'UTC'")
    for send in (_send, _send_to_show):
        send(connection.sql(f"select {_EVERY_TYPE}").to_arrow_reader(_BATCH), io.BytesIO())
    (used,) = connection.execute("select sum(memory_usage_bytes)::bigint from duckdb_memory()").fetchall()[0]
    for setting in (
        f"memory_limit = '{(used or 0) + memory}B'",
        "enable_external_access = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")
    limits = {resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: _next_descriptor()}
    if (taken := _memory_taken()) is not None:
        limits[resource.RLIMIT_DATA] = taken + memory + memory // 4 + _OVERHEAD + _SCANNING
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


def _next_descriptor() -> int:
    """The number that the next file or socket would have."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def _memory_taken() -> int | None:
    """Bytes, as RLIMIT_DATA counts them; None where the system does not show (DuckDB's own limit is all there is)."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:")), None)


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise NotReadingError(f"a query is one statement; this has {len(statements)}")
    kind = statements[0].type.name
    if kind not in _READING:
        raise NotReadingError(f"a query only reads: {kind} is not allowed")


def _send(rows: pa.RecordBatchReader, told: BinaryIO) -> None:
    with pa.ipc.new_stream(told, rows.schema) as stream:
        for batch in rows:
            stream.write_batch(batch)


def _send_to_show(rows: pa.RecordBatchReader, told: BinaryIO) -> None:
    """A line with the names of the columns, then lines with lists of rows: null, booleans, numbers, texts and
    ``{"time": ISO 8601}``."""
    encode = json.JSONEncoder(default=_spelt).encode
    told.write(encode(rows.schema.names).encode() + b"\n")
    for batch in rows:
        found = list(zip(*map(_values, batch.columns), strict=True))
        for start in range(0, len(found), _SHOWN_AT_ONCE):
            told.write(encode(found[start : start + _SHOWN_AT_ONCE]).encode() + b"\n")
    told.flush()


def _values(column: pa.Array) -> list[Any]:
    """As Python has them; it has no nanoseconds."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return [str(v) if isinstance(v, list | dict | tuple) else v for v in column.to_pylist()]


def _spelt(value: object) -> object:
    return {"time": value.isoformat()} if isinstance(value, datetime) else str(value)


def _tables_of(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """The tables that a query reads, by a database without any: of the views of one it would tell what is behind."""
    try:
        return sorted(connection.get_table_names(sql))
    except duckdb.Error:
        return []


def _first_lines(error: Any) -> str:
    """DuckDB's message without its picture of the statement; it takes the files of a table for a list of values."""
    return " ".join(str(error).split("\n\n")[0].split()).replace('Values list "', 'Table "')


if __name__ == "__main__":
    code = DONE
    try:
        main(sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.flush()
    except (duckdb.OutOfMemoryException, MemoryError):
        code = TOO_BIG
    except NoTableError as problem:
        sys.stderr.write(str(problem))
        sys.stderr.flush()
        code = NO_TABLE
    except (NotReadingError, UnknownNameError, duckdb.Error) as problem:
        told = {"message": _first_lines(problem)[:10_000], "tables": getattr(problem, "tables", [])}
        sys.stderr.write(json.dumps(told))
        sys.stderr.flush()
        code = WRONG
    os._exit(code)  # at once: threads of a query that went wrong may still run
