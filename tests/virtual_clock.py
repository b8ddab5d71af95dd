"""A loop whose clock jumps to whatever is due next: waiting costs nothing and is exact."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _NoSelector(selectors.SelectSelector):
    """Nothing comes from outside."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return []


class JumpingClock(asyncio.SelectorEventLoop):
    """For programs that do no I/O. Raises RuntimeError where all tasks wait for each other."""

    def __init__(self) -> None:
        super().__init__(_NoSelector())
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready:  # type: ignore[attr-defined]
            if not self._scheduled:  # type: ignore[attr-defined]
                raise RuntimeError("nothing is due and nothing can come: all tasks wait for each other")
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def at_once(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=JumpingClock) as runner:
        return runner.run(main)
