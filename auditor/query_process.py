"""Runs a query in a process of its own, which is killed when it takes too long or too much.

No limit inside a database holds whatever the SQL: some functions of DuckDB neither count what they take nor listen when
they are interrupted (``generate_series(1, 1000000000)``). A process can be limited and killed; it also has none of this
one's environment, where credentials may stand. It costs some 0.4 s and a copy of the tables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa

from auditor.errors import QueryError

_WORKER = Path(__file__).with_name("query_worker.py")
_WRONG = 3  # its exit code for a query that cannot be answered, told on stderr


@dataclass(frozen=True)
class Limits:
    """What a query may take: ``memory`` in MiB, besides the tables and for its rows, and ``seconds`` once they are
    loaded."""

    memory: int = 1024
    seconds: float = 60

    @property
    def bytes(self) -> int:
        return self.memory << 20

    def too_big(self) -> QueryError:
        return QueryError(
            f"the query needs more than {self.memory:,} MiB of memory; ask for less, or raise query_memory"
        )

    def too_slow(self) -> QueryError:
        return QueryError(
            f"the query was not answered within {self.seconds:g} seconds; ask for less, or raise query_timeout"
        )


def ask(tables: Mapping[str, pd.DataFrame], sql: str, limits: Limits) -> pa.Table:
    """The rows that ``sql`` selects from ``tables``. Raises QueryError."""
    with _worker() as process, _Clock(process, limits.seconds) as clock:
        rows: pa.Table | None = None
        with suppress(pa.ArrowException, OSError, EOFError):  # it has ended; why is asked below
            _hand_over(process.stdin, tables, sql, limits)
            if process.stdout and process.stdout.readline():
                clock.start()
                rows = _received(process.stdout, limits)
        code = process.wait()
        if clock.is_over:
            raise limits.too_slow()
        if code == 0 and rows is not None:
            return rows
        if code == _WRONG and process.stderr:
            raise QueryError(process.stderr.read().decode(errors="replace"))
        raise limits.too_big()  # said so, or died of it


@contextmanager
def _worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process that knows where Python's packages are, and nothing else; it does not outlive the block."""
    pipe = subprocess.PIPE
    arguments = [sys.executable, "-P", str(_WORKER)]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(arguments, env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as process:  # noqa: S603 -- our own
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            if process.stdin:
                with suppress(BrokenPipeError):
                    process.stdin.close()


def _hand_over(to: IO[bytes] | None, tables: Mapping[str, pd.DataFrame], sql: str, limits: Limits) -> None:
    if to is None:
        return
    wanted = {"sql": sql, "memory": limits.bytes, "tables": list(tables)}
    to.write(json.dumps(wanted).encode() + b"\n")
    for frame in tables.values():
        table = pa.Table.from_pandas(frame, preserve_index=False)
        with pa.ipc.new_stream(to, table.schema) as stream:
            stream.write_table(table)
    to.flush()


def _received(answer: IO[bytes], limits: Limits) -> pa.Table:
    """All rows, unless they are too many to hold: what DuckDB hands out one after another costs it no memory."""
    reader, batches, size = pa.ipc.open_stream(answer), [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > limits.bytes:
            raise limits.too_big()
    return pa.Table.from_batches(batches, reader.schema)


@dataclass
class _Clock:
    """Kills the process ``seconds`` after ``start``."""

    process: subprocess.Popen[bytes]
    seconds: float
    is_over: bool = False
    _timer: threading.Timer | None = field(default=None, init=False)

    def __enter__(self) -> _Clock:
        return self

    def start(self) -> None:
        self._timer = threading.Timer(self.seconds, self._end)
        self._timer.start()

    def _end(self) -> None:
        self.is_over = True
        self.process.kill()

    def __exit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()
