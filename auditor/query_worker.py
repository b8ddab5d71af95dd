"""The process that a query runs in: DuckDB over the tables it is handed, and no way to anything else.

Run by ``auditor.query_process``. Reads a line of JSON and then each table as an Arrow stream from stdin; writes a line
when the tables are loaded and then the rows, as an Arrow stream, to stdout, or what is wrong with the query to stderr.

Two locks on every door: DuckDB's own settings, which no statement can change, and the kernel's limits, under which this
process cannot open a file or a socket, write a byte to a disk, or take more memory than it was given.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

_READING = frozenset({"SELECT", "EXPLAIN", "MULTI"})  # MULTI is what PIVOT becomes
_BATCH = 20_000  # rows
_OVERHEAD = 256 << 20  # bytes of threads, code and buffers besides what DuckDB counts
DONE, WRONG, TOO_BIG = 0, 3, 4


class NotReadingError(Exception):
    """It is not one statement, or does more than read."""


def main(asked: BinaryIO, told: BinaryIO) -> None:
    """Answer one query."""
    wanted = json.loads(asked.readline())
    connection = _loaded(wanted["tables"], asked)
    threading.Thread(target=_end_with_the_asker, args=(asked,), daemon=True).start()
    _shut(connection, wanted["memory"])
    told.write(b"ready\n")
    told.flush()
    _check(connection, wanted["sql"])
    _send(connection.sql(wanted["sql"]).to_arrow_reader(_BATCH), told)


def _end_with_the_asker(asked: BinaryIO) -> None:
    """The asker keeps stdin open until it has its answer; that it ends before means that nobody waits any more."""
    asked.read()
    os._exit(WRONG)


def _loaded(tables: list[str], asked: BinaryIO) -> duckdb.DuckDBPyConnection:
    """A database that holds copies of the tables."""
    connection = duckdb.connect(config={"temp_directory": ""})
    for name in tables:
        connection.register("incoming", pa.ipc.open_stream(asked))
        connection.execute(f"create table {name} as from incoming")
        connection.unregister("incoming")
    return connection


def _shut(connection: duckdb.DuckDBPyConnection, memory: int) -> None:
    """Allow ``memory`` bytes besides what the tables take, and nothing outside of this process."""
    # What Python loads when it is first needed is loaded now: later nothing can be opened.
    _send(connection.sql("select 1 as n, now() as t, true as b, 'x' as s").to_arrow_reader(_BATCH), None)
    (used,) = connection.execute("select sum(memory_usage_bytes)::bigint from duckdb_memory()").fetchall()[0]
    for setting in (
        f"memory_limit = '{(used or 0) + memory}B'",
        "enable_external_access = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",
        "TimeZone = 'UTC'",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")
    limits = {resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: _next_descriptor()}
    if (taken := _memory_taken()) is not None:
        limits[resource.RLIMIT_DATA] = taken + memory + memory // 4 + _OVERHEAD
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


def _next_descriptor() -> int:
    """The number that the next file or socket would have."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def _memory_taken() -> int | None:
    """Bytes, as RLIMIT_DATA counts them; None where the system does not tell (DuckDB's own limit is all there is)."""
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


def _send(rows: pa.RecordBatchReader, told: BinaryIO | None) -> None:
    with pa.ipc.new_stream(told or pa.BufferOutputStream(), rows.schema) as stream:
        for batch in rows:
            stream.write_batch(batch)


def _first_lines(error: Any) -> str:
    """DuckDB's message without its picture of the statement."""
    return " ".join(str(error).split("\n\n")[0].split())


if __name__ == "__main__":
    code = DONE
    try:
        main(sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.flush()
    except (duckdb.OutOfMemoryException, MemoryError):
        code = TOO_BIG
    except (NotReadingError, duckdb.Error) as problem:
        sys.stderr.write(_first_lines(problem)[:10_000])
        sys.stderr.flush()
        code = WRONG
    os._exit(code)  # at once: threads of a query that went wrong may still run
