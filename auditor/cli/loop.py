"""The event loop that a command runs in: uvloop's where it is installed, which saves a few percent of the CPU."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from auditor.cli.signals import restored

T = TypeVar("T")


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Like ``asyncio.run``; that the task was told to end is a KeyboardInterrupt, as Ctrl-C is."""
    with restored(), asyncio.Runner(loop_factory=_factory()) as runner:
        try:
            return runner.run(main)
        except asyncio.CancelledError as error:
            raise KeyboardInterrupt from error


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
