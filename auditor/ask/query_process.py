"""Runs a query in a process of its own, which is killed when it takes too long or too much.

No limit inside a database holds whatever the SQL: some functions of DuckDB neither count what they take nor listen when
they are interrupted (``generate_series(1, 1000000000)``). A process can be limited and killed; it also has none of this
one's environment, where credentials may stand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from auditor.errors import DifferenceError, QueryError

if TYPE_CHECKING:  # slow to load, so it is loaded while the query is at work
    import pyarrow as pa

T = TypeVar("T")

Sources = Mapping[str, Sequence[tuple[Path, str]]]
"""The Parquet files of each table, and the snapshot ids that their rows shall have (empty: they are all of one)."""

_WORKER = Path(__file__).with_name("query_worker.py")
_WRONG = 3  # its exit code for a query that cannot be answered, told on stderr
_VALUE_BYTES = 64  # that Python takes for a value besides its text
_NO_TABLE = 5  # its exit code where a file is no table; stderr names it


@dataclass(frozen=True)
class Limits:
    """What a query may take: ``memory`` in MiB, besides what is read ahead of its tables, and for its rows; ``seconds``
    once they are open."""

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


def no_table(file: Path) -> DifferenceError:
    """The error for a file of a snapshot's tables that is none."""
    return DifferenceError(f"{file} is no table; 'auditor report {file.parent.parent}' writes it again")


@contextmanager
def query_process() -> Iterator[QueryProcess]:
    """A process for one query, started at once: it loads what it needs while its asker still finds out what to ask. It
    does not outlive the block."""
    with _worker() as process:
        yield QueryProcess(process)


@dataclass(frozen=True)
class ShownRows:
    """Rows for people: in a row None, booleans, numbers, texts and times; anything else is a text already."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class QueryProcess:
    """A process that answers one query."""

    process: subprocess.Popen[bytes]

    def ask(self, tables: Sources, sql: str, limits: Limits) -> pa.Table:
        """The rows that ``sql`` selects from ``tables``. Raises QueryError; DifferenceError for a file that is none."""
        return _ask(self.process, {"sql": sql, "shown": False}, tables, limits, _received)

    def ask_to_show(self, tables: Sources, sql: str, limits: Limits) -> ShownRows:
        """The same for people, which needs no Arrow in this process: that takes longer to load than to answer."""
        return _ask(self.process, {"sql": sql, "shown": True}, tables, limits, _received_to_show)


def _ask(
    process: subprocess.Popen[bytes],
    wanted: Mapping[str, object],
    tables: Sources,
    limits: Limits,
    receive: Callable[[IO[bytes], Limits], T],
) -> T:
    with _Clock(process, limits.seconds) as clock:
        rows: T | None = None
        _hand_over(process.stdin, wanted, tables, limits)
        with suppress(OSError, EOFError, ValueError):  # it has ended; why is asked below (Arrow's errors are such)
            if process.stdout and process.stdout.readline():
                clock.start()
                rows = receive(process.stdout, limits)
        code = process.wait()
        if clock.is_over:
            raise limits.too_slow()
        if code == 0 and rows is not None:
            return rows
        if code == _WRONG and process.stderr:
            raise QueryError(**json.loads(process.stderr.read()))
        if code == _NO_TABLE and process.stderr:
            raise no_table(Path(os.fsdecode(process.stderr.read())))
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


def _hand_over(to: IO[bytes] | None, wanted: Mapping[str, object], tables: Sources, limits: Limits) -> None:
    if to is None:
        return
    files = {name: [(str(path.absolute()), snapshot) for path, snapshot in found] for name, found in tables.items()}
    with suppress(OSError):  # it has ended; why is asked later
        to.write(json.dumps({**wanted, "memory": limits.bytes, "tables": files}).encode() + b"\n")
        to.flush()


def _received(answer: IO[bytes], limits: Limits) -> pa.Table:
    """All rows, unless they are too many to hold: what DuckDB hands out one after another costs it no memory."""
    import pyarrow as pa

    reader, batches, size = pa.ipc.open_stream(answer), [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > limits.bytes:
            raise limits.too_big()
    return pa.Table.from_batches(batches, reader.schema)


def _received_to_show(answer: IO[bytes], limits: Limits) -> ShownRows:
    """All rows, unless they are too many to hold."""
    columns = json.loads(answer.readline())
    rows: list[list[object]] = []
    size = 0
    while line := answer.readline(limits.bytes + 1):
        found = json.loads(line) if line.endswith(b"\n") else []
        size += len(line) + _VALUE_BYTES * len(found) * (len(columns) + 1)
        if size > limits.bytes:
            raise limits.too_big()
        rows += [[_read_time(value) if isinstance(value, dict) else value for value in row] for row in found]
    return ShownRows(columns, rows)


def _read_time(value: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(value["time"])


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
