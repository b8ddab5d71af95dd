"""How many calls may be in flight, and who goes first when there is a queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class Slots:
    """At most ``number`` calls at a time; patient ones only while no other waits, each kind in the order it came."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())

    @contextlib.asynccontextmanager
    async def taken(self, *, patient: bool = False) -> AsyncIterator[None]:
        """Hold a slot for the block."""
        await self._acquire(patient)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, patient: bool) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[patient].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was handed over just before
                self._release()
            raise

    def _release(self) -> None:
        """Hand the slot over to the next one that still waits."""
        for queue in self._waiting:
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1
