"""How many calls may be in flight, and who goes first when there is a queue."""

from __future__ import annotations

import asyncio
from collections import deque

_PATIENCE = 10.0  # seconds that a patient call lets others pass


class _Waiting:
    """Those of one class that wait for a slot, in the order in which they came."""

    def __init__(self) -> None:
        self._queue: deque[tuple[asyncio.Future[None], float]] = deque()

    def join(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._queue.append((turn, loop.time()))
        return turn

    @property
    def since(self) -> float | None:
        """When the first one came; None where nobody waits."""
        while self._queue and self._queue[0][0].done():  # gave up
            self._queue.popleft()
        return self._queue[0][1] if self._queue else None

    def serve(self) -> None:
        self._queue.popleft()[0].set_result(None)


class Slots:
    """At most ``number`` calls at a time, each class in the order it came.

    Patient calls let all others pass for ten seconds. Those that have waited longer get every second slot, so neither
    class waits without end for the other.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._others, self._patient = _Waiting(), _Waiting()
        self._served_patient = False

    async def acquire(self, *, patient: bool = False) -> None:
        """Wait for a slot; whoever has one gives it back with ``release``."""
        if self._free:
            self._free -= 1
            return
        turn = (self._patient if patient else self._others).join()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was handed over just before
                self.release()
            raise

    def release(self) -> None:
        """Hand the slot over to the next one that still waits."""
        others, patient = self._others.since, self._patient.since
        if others is None and patient is None:
            self._free += 1
            return
        self._served_patient = patient is not None and (others is None or self._is_due(patient))
        (self._patient if self._served_patient else self._others).serve()

    def _is_due(self, since: float) -> bool:
        waited = asyncio.get_running_loop().time() - since
        return waited >= _PATIENCE and not self._served_patient
