"""How a collection goes: a bar on a terminal, a plain line now and then in a pipe, or events in a log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from auditor.aws.events import tell
from auditor.aws.statistics import RunStatistics
from auditor.cli.console import ask_secretly, plain
from auditor.model import AccountRecord, Outcome
from auditor.settings import Settings

_PLAIN_EVERY = 30.0  # seconds between two lines where nobody watches


class Tally:
    """Accounts counted as they get done; ``watch`` names where calls and throttles are counted."""

    def __init__(self) -> None:
        self._statistics = RunStatistics()
        self._total = self._done = self._failed = 0
        self._began = self._said = time.monotonic()

    def watch(self, statistics: RunStatistics) -> None:
        self._statistics = statistics

    def found(self, in_scope: int) -> None:
        self._total += in_scope

    def count(self, record: AccountRecord) -> None:
        failed = record.outcome is Outcome.NOT_ASSESSED
        self._done += not failed
        self._failed += failed

    @property
    def total(self) -> int:
        return self._total

    @property
    def finished(self) -> int:
        return self._done + self._failed

    def is_time(self) -> bool:
        """Whether nothing was said for a while; now it is."""
        now = time.monotonic()
        due = now - self._said >= _PLAIN_EVERY
        self._said = now if due else self._said
        return due

    def figures(self) -> dict[str, Any]:
        """``calls_a_second`` and ``seconds_to_go`` are missing where they cannot be told."""
        elapsed, left = time.monotonic() - self._began, self._total - self.finished
        figures: dict[str, Any] = {"done": self._done, "failed": self._failed, "left": left}
        if elapsed > 0:
            figures["calls_a_second"] = round(self._statistics.calls.total() / elapsed)
        figures["throttles"] = self._statistics.throttles.total()
        if self.finished and left:
            figures["seconds_to_go"] = round(elapsed / self.finished * left)
        return figures


class Reporter:
    """Is told of each account and tells the operator on stderr; each account by name with ``verbose``."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._console = Console(stderr=True)
        self._quiet, self._verbose = quiet, verbose
        self._watched = self._console.is_terminal and not quiet
        self._tally = Tally()
        self.watch = self._tally.watch
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
        self._bar.start()
        try:
            yield self
        finally:
            with suppress(OSError):
                self._bar.stop()

    def say(self, message: str) -> None:
        if not self._quiet:
            self._print(message)

    def ask(self, prompt: str) -> str:
        self._bar.stop()  # it would write over the prompt
        try:
            return ask_secretly(prompt)
        finally:
            self._bar.start()

    def found(self, in_scope: int) -> None:
        self._tally.found(in_scope)
        self._update()

    def finished(self, record: AccountRecord) -> None:
        self._tally.count(record)
        if self._verbose:
            told = "; ".join(f"{g.stage}: {g.code}: {g.message}" for g in record.gaps) or record.outcome.value
            self._print(f"{record.account.id} {told}")
        self._update()

    def _update(self) -> None:
        tally = self._tally
        self._bar.update(self._task, total=tally.total, completed=tally.finished, description=self._line())
        if not self._watched and not self._quiet and tally.is_time():
            self._print(self._line())

    def _line(self) -> str:
        """``47 done, 7 failed, 2 left; 212 calls/s, 3 throttles, 0:04 to go``"""
        figures = self._tally.figures()
        line = "{done} done, {failed} failed, {left} left".format(**figures)
        if "calls_a_second" in figures:
            line += f"; {figures['calls_a_second']} calls/s"
        if throttles := figures["throttles"]:
            line += f", {throttles} throttles"
        if (seconds := figures.get("seconds_to_go")) is not None:
            line += f", {seconds // 60}:{seconds % 60:02d} to go"
        return line

    def _print(self, message: str) -> None:
        with suppress(OSError):  # a terminal that is gone, or a full disk, costs the words and not the run
            self._console.print(Text(plain(message)), soft_wrap=True)


class EventReporter:
    """Is told of each account and tells it as an event."""

    def __init__(self) -> None:
        self._tally = Tally()
        self.watch = self._tally.watch
        self.found = self._tally.found
        self.ask = ask_secretly

    @contextmanager
    def showing(self) -> Iterator[EventReporter]:
        yield self

    def say(self, message: str) -> None:
        tell("note", message=message)

    def finished(self, record: AccountRecord) -> None:
        self._tally.count(record)
        gaps = [asdict(gap) for gap in record.gaps]
        level = logging.WARNING if gaps else logging.INFO
        tell("account-finished", level, account=record.account.id, outcome=record.outcome.value, gaps=gaps)
        if self._tally.is_time():
            tell("progress", **self._tally.figures())


def reporter(settings: Settings) -> Reporter | EventReporter:
    """The one that tells in the format of the settings."""
    if settings.log_format == "json":
        return EventReporter()
    return Reporter(quiet=settings.quiet, verbose=settings.verbose)
