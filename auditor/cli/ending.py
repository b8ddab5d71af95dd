"""What a command says that ends early: where the snapshot is, what is in it, and the commands that go on."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from auditor.cli.console import remark, remark_lines
from auditor.errors import AuditorError, InterruptedRunError
from auditor.period import Period
from auditor.settings import SECRETS, Settings, load_settings
from auditor.times import iso

if TYPE_CHECKING:
    from auditor.collect import RunState

_NOT_REPEATED = ("resume", "retry_gaps", "out")


@dataclass(frozen=True)
class WaysOn:
    """The commands that go on after this one; ``resuming`` is empty where nothing can be resumed."""

    resuming: tuple[str, ...] = ()
    resuming_options: tuple[str, ...] = ()
    report_options: tuple[str, ...] = field(default=())

    def lines(self, state: RunState) -> list[str]:
        """``snapshot:``, ``go on:`` and ``report:``, as far as there is something to go on with."""
        if state.folder is None:
            return []
        folder = str(state.folder)
        lines = [f"snapshot: {shlex.quote(folder)}"]
        if state.unfinished and self.resuming:
            lines.append(f"go on:    {shlex.join(['auditor', *self.resuming, folder, *self.resuming_options])}")
        if state.sealed:
            lines.append(f"report:   {shlex.join(['auditor', 'report', folder, *self.report_options])}")
        return lines


def ways_on(context: click.Context, settings: Settings) -> WaysOn:
    """Those of ``run``, ``collect`` or ``demo``, with the options that were given to it."""
    from auditor.cli.reporting import report

    given = {name: value for name, value in context.params.items() if _is_given(context, name)}
    of_report = {param.name or "" for param in report.params} - {"snapshot", *_NOT_REPEATED}
    resumes = bool(given.get("resume") or given.get("retry_gaps"))
    of_report -= {"config"} if resumes else set()  # the snapshot's own settings count
    can_resume = any(param.name == "resume" for param in context.command.params)
    resuming = (context.command.name or "", "--retry-gaps" if given.get("retry_gaps") else "--resume")
    resumed = _recorded(settings, of_report) if resumes else {}
    return WaysOn(
        resuming if can_resume else (),
        _spelled(context.command, {n: v for n, v in given.items() if n not in _NOT_REPEATED}),
        _spelled(report, resumed | {n: v for n, v in given.items() if n in of_report}),
    )


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _recorded(settings: Settings, names: Collection[str]) -> dict[str, Any]:
    """What a resumed run has of the snapshot's own settings that a report made here would not know."""
    try:
        here = load_settings(None, {})
    except AuditorError:
        here = Settings()
    values = {name: getattr(settings, name) for name in names if hasattr(settings, name)}
    return {name: value for name, value in values.items() if value and value != getattr(here, name)}


def _spelled(command: click.Command, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Values as the options of a command, in the order of its help."""
    words: list[str] = []
    for param in command.params:
        if not isinstance(param, click.Option) or param.name not in values:
            continue
        value = values[param.name]
        each = value if isinstance(value, list | tuple) else (value,)
        words += (
            [param.opts[-1]] if param.is_flag else [w for v in each for w in (param.opts[-1], _word(param.name, v))]
        )
    return tuple(words)


def _word(name: str, value: object) -> str:
    if name in SECRETS:
        return name.upper()
    if isinstance(value, Period):
        return value.name
    return iso(value) if isinstance(value, datetime) else str(value)


@contextmanager
def telling_ways_on(ways: WaysOn, state: RunState) -> Iterator[None]:
    """Whatever ends the block early goes on with the ways on as notes; an interruption that left something in the
    snapshot is an InterruptedRunError."""
    try:
        yield
    except KeyboardInterrupt as error:
        if state.folder is None:
            raise
        interrupted = InterruptedRunError(state.folder)
        _note(interrupted, ways, state)
        raise interrupted from error
    except Exception as error:
        _note(error, ways, state)
        raise


def _note(error: Exception, ways: WaysOn, state: RunState) -> None:
    if not hasattr(error, "__notes__"):
        for line in lines_of_ways_on(ways, state):
            error.add_note(line)


def lines_of_ways_on(ways: WaysOn, state: RunState) -> list[str]:
    """How far the run came and the ways on; nothing where there is no snapshot."""
    return [f"{state.progress_text()} are in the snapshot", *ways.lines(state)] if state.folder else []


def say_what_is_left(ways: WaysOn, state: RunState) -> None:
    """After a run that went to its end and has something to be resumed: its time was up, or credentials ran out."""
    remark(f"not finished: {state.progress_text()} are in the snapshot")
    remark_lines(ways.lines(state))
