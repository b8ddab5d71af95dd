"""How a command is told to end: Ctrl-C, SIGTERM, or SIGHUP when its terminal is gone (ignored below nohup)."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heeded() -> tuple[signal.Signals, ...]:
    """Those that end a command here."""
    below_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(number for number in _ENDING if number is not signal.SIGHUP or not below_nohup)


def end_like_ctrl_c() -> None:
    """From now on each of them raises KeyboardInterrupt, so that nothing unfinished stays."""
    for number in heeded():
        if number is not signal.SIGINT:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: object) -> None:
    if number == signal.SIGHUP:
        leave_terminal()
    raise KeyboardInterrupt


@contextmanager
def restored() -> Iterator[None]:
    """An event loop has handlers of its own, and leaves the default ones behind, which end a process at once."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_terminal() -> None:
    """Write to a terminal no more: it is gone, and every word for it would be an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):
            os.dup2(nowhere, descriptor)
