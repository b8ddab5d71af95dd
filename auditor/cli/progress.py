"""How a collection goes: a bar on a terminal, a plain line now and then in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from auditor.cli.console import plain
from auditor.model import AccountRecord, Outcome
from auditor.statistics import RunStatistics

_PLAIN_EVERY = 30.0  # seconds between two lines where nobody watches


class Reporter:
    """Is told of each account and tells the operator on stderr; each account by name with ``verbose``."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._console = Console(stderr=True)
        self._quiet, self._verbose = quiet, verbose
        self._watched = self._console.is_terminal and not quiet
        self._statistics = RunStatistics()
        self._total = self._done = self._failed = 0
        self._began = self._said = time.monotonic()
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=12),
            TextColumn("{task.description}"),
            console=self._console,
            disable=not self._watched,
            transient=True,
        )
        self._task = self._bar.add_task("discovering", total=None)

    @contextmanager
    def showing(self) -> Iterator[Reporter]:
        with self._bar:
            yield self

    def watch(self, statistics: RunStatistics) -> None:
        """The counters that calls and throttles are read from."""
        self._statistics = statistics

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
        self._bar.update(self._task, total=self._total, completed=self._done + self._failed, description=self._line())
        if not self._watched and not self._quiet and time.monotonic() - self._said >= _PLAIN_EVERY:
            self._said = time.monotonic()
            self._print(self._line())

    def _line(self) -> str:
        """``47 done, 7 failed, 2 left; 212 calls/s, 3 throttles, 0:04 to go``"""
        finished, elapsed = self._done + self._failed, time.monotonic() - self._began
        left = self._total - finished
        line = f"{self._done} done, {self._failed} failed, {left} left"
        if elapsed > 0:
            line += f"; {self._statistics.calls.total() / elapsed:.0f} calls/s"
        if throttles := self._statistics.throttles.total():
            line += f", {throttles} throttles"
        if finished and left:
            seconds = round(elapsed / finished * left)
            line += f", {seconds // 60}:{seconds % 60:02d} to go"
        return line

    def _print(self, message: str) -> None:
        self._console.print(Text(plain(message)), soft_wrap=True)
