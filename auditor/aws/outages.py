"""Operations that fail in one account after the other: after some time they are no longer tried again and again."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.aws.called import CalledOperation

_ACCOUNTS = 5  # that have met the trouble one after the other, with no answer in between
_SUSPECTED = 5.0  # seconds without any answer that follow
_SCOUTS = 3  # calls that go on trying in that time; all others wait for what becomes of them
_PROBE_EVERY = 30.0  # seconds between two calls that are tried again as usual while the service is down

Call = object
"""Whatever stands for one call through all of its tries."""


@dataclass
class _Row:
    """Failures of one operation in one region, with no answer since the first of them."""

    accounts: set[str] = field(default_factory=set)
    suspected_at: float = math.inf
    scouts: set[Call] = field(default_factory=set)
    is_down: bool = False
    probe: Call | None = None
    next_probe: float = 0.0
    decided: asyncio.Event = field(default_factory=asyncio.Event)


class Outages:
    """An operation is suspected once five accounts in a row have failed with it in a region. If nobody gets an answer
    within five seconds from then it counts as down: each further call is tried once, until one is answered.

    ``say`` is told when that begins and when it ends.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rows: dict[CalledOperation, _Row] = {}

    def answered(self, called: CalledOperation) -> None:
        """The service works, whatever it said."""
        row = self._rows.pop(called, None) if self._rows else None
        if row is None:
            return
        if row.is_down:
            self._say(f"{called} answers again: calls are retried as usual; accounts that it failed for keep that gap")
        row.is_down = False
        row.decided.set()

    def failed(self, called: CalledOperation, account_id: str) -> None:
        """The service, or the way to it, did not work for the account."""
        row = self._rows.setdefault(called, _Row())
        if row.suspected_at == math.inf:
            row.accounts.add(account_id)
            if len(row.accounts) >= _ACCOUNTS:
                row.suspected_at = asyncio.get_running_loop().time()

    async def allows_retry(self, called: CalledOperation, call: Call, code: str) -> bool:
        """Whether a call that has just failed with ``code`` may be tried again; returns when that is known."""
        row = self._rows.get(called)
        if row is None or row.suspected_at == math.inf:
            return True
        if not row.is_down and (call in row.scouts or len(row.scouts) < _SCOUTS):
            row.scouts.add(call)
            return True
        if not row.is_down:
            await self._decision(called, row, code)
        return not self.ends(called, call)

    def ends(self, called: CalledOperation, call: Call) -> bool:
        """Whether the operation is down and this call is not the one that looks whether it is back."""
        row = self._rows.get(called)
        if row is None or not row.is_down:
            return False
        now = asyncio.get_running_loop().time()
        if now >= row.next_probe:
            row.probe, row.next_probe = call, now + _PROBE_EVERY
        return call is not row.probe

    async def rest(self, called: CalledOperation, seconds: float) -> None:
        """Wait between two tries of a call that has failed; no longer than until the operation counts as down."""
        loop, row = asyncio.get_running_loop(), self._rows.get(called)
        until = loop.time() + seconds
        if row is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await row.decided.wait()
            if row.is_down:
                return
        await asyncio.sleep(max(0.0, until - loop.time()))

    async def _decision(self, called: CalledOperation, row: _Row, code: str) -> None:
        """Wait for an answer to anybody's call, or until it has been missing for too long."""
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(row.suspected_at + _SUSPECTED - now):
                await row.decided.wait()
        except TimeoutError:
            self._give_up(called, row, code)

    def _give_up(self, called: CalledOperation, row: _Row, code: str) -> None:
        if row.is_down or self._rows.get(called) is not row:
            return
        row.is_down, row.next_probe = True, asyncio.get_running_loop().time() + _PROBE_EVERY
        row.decided.set()
        self._say(
            f"{called} failed in {_ACCOUNTS} accounts in a row ({code}): until it answers again, each further account "
            "tries it once, without retries"
        )
