"""What a person sees: one-line complaints, tables, and progress on a terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from numbers import Integral

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from auditor.model import AccountRecord, Outcome
from auditor.times import iso

_ENDLESS = 100_000  # characters


def plain(text: object) -> str:
    """Text from AWS made harmless on a terminal: control characters and escapes become U+FFFD."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs", "Cf") else c for c in str(text))


def complain(message: str) -> None:
    """One line on stderr."""
    print(f"auditor: {plain(' '.join(message.split()))}", file=sys.stderr)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A table on stdout, numbers to the right; as wide as the terminal, or as it needs to be in a pipe."""
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold", box=None)
    body = [list(row) for row in rows]
    for position, name in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[position], Integral) for row in body)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        table.add_row(*(Text(_spelt(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=Console(width=_ENDLESS).measure(table).maximum)
    console.print(table)


def _spelt(cell: object) -> str:
    """As in the CSV files: nothing for what is missing, true and false, times as 2026-11-24T10:15:00Z."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return iso(cell)
    return str(cell).lower() if isinstance(cell, bool) else plain(cell)


@contextmanager
def busy(what: str, *, quiet: bool) -> Iterator[None]:
    """A word on the terminal while something takes a while."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


class Reporter:
    """Tells how a collection goes: a line of progress on a terminal, each account with ``verbose``."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._console = Console(stderr=True)
        self._quiet, self._verbose = quiet, verbose
        self._total = self._done = self._failed = 0
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]} done, {task.fields[failed]} failed, {task.fields[left]} left"),
            TimeElapsedColumn(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("accounts", total=None, done=0, failed=0, left=0)

    @contextmanager
    def showing(self) -> Iterator[Reporter]:
        with self._bar:
            yield self

    def say(self, message: str) -> None:
        if not self._quiet:
            self._print(message)

    def found(self, in_scope: int) -> None:
        self._total += in_scope
        self._update()

    def finished(self, record: AccountRecord) -> None:
        failed = record.outcome is Outcome.NOT_ASSESSED
        self._done += not failed
        self._failed += failed
        if self._verbose:
            told = "; ".join(f"{g.stage}: {g.code}: {g.message}" for g in record.gaps) or record.outcome.value
            self._print(f"{record.account.id} {told}")
        self._update()

    def _update(self) -> None:
        finished = self._done + self._failed
        self._bar.update(
            self._task,
            total=self._total,
            completed=finished,
            done=self._done,
            failed=self._failed,
            left=self._total - finished,
        )

    def _print(self, message: str) -> None:
        self._console.print(Text(plain(message)), soft_wrap=True)
