"""Slowing down together: some APIs are throttled for the caller as a whole, whatever account a call is about."""

from __future__ import annotations

import asyncio
import math

_SMALLEST, _WIDEST = 0.005, 2.0  # seconds between two calls
_ONE_STORM = 0.25  # seconds in which throttles count as one: calls in flight together are throttled together


class Pace:
    """Spaces the calls of one service: wider after a throttle, closer with each success, in the end not at all.

    ``first``: seconds between two calls after the first throttle. ``recovery``: what a success leaves of the gap.
    """

    def __init__(self, first: float = _SMALLEST, recovery: float = 0.5) -> None:
        self.gap, self._first, self._recovery = 0.0, first, recovery
        self._last = self._last_storm = -math.inf
        self._queue = asyncio.Lock()

    async def turn(self) -> float:
        """Wait until a gap lies behind the call before; whoever waits longer goes by the gap of then. Its time."""
        clock = asyncio.get_running_loop().time
        async with self._queue:
            if self.gap and (wait := self._last + self.gap - clock()) > 0:
                await asyncio.sleep(wait)
            self._last = clock()
            return self._last

    def throttled(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._last_storm > _ONE_STORM:
            self._last_storm = now
            self.gap = min(_WIDEST, max(self._first, self.gap * 2))

    def passed(self, turn: float) -> None:
        """A call of that turn succeeded; one that began before the last throttle says nothing of the time after it."""
        if turn <= self._last_storm:
            return
        self.gap = self.gap * self._recovery if self.gap > _SMALLEST else 0.0
