"""Every call to AWS goes through here: bounded in number, signed for one identity, tried again, translated."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from aiobotocore.credentials import AioCredentials

from auditor.aws.called import CalledOperation, Operation, called_operation
from auditor.aws.events import tell
from auditor.aws.faults import (
    FAULTS,
    Fault,
    code_of,
    evidence_error,
    is_outage,
    is_overload,
    is_passing,
    is_refusal,
    is_throttle,
    request_id_of,
)
from auditor.aws.outages import Outages
from auditor.aws.pace import Pace
from auditor.aws.retries import Budget, Retries
from auditor.aws.session import acting_as
from auditor.aws.slots import Slots
from auditor.aws.statistics import RunStatistics
from auditor.errors import EvidenceError

Response = Mapping[str, Any]
_Tried = Callable[[], Awaitable[Response]]

# Pages come one after another and everything waits for them, so they never queue behind the accounts' calls.
_LISTING, _LISTINGS = "organizations", 2
_LOOK = "GetCredentialReport"
# Throttled for the caller as a whole, and needed by every account: never taken to be down.
_THROTTLED_TOGETHER = ("sts", "organizations")


class Calls:
    """At most ``concurrency`` calls in flight; a call that waits to be tried again is not in flight.

    One account's throttling slows that account's calls only. STS and Organizations throttle the caller as a whole, so
    all their callers slow down together and recover together. ``say`` is told when an operation fails in one account
    after the other, and when it is back.
    """

    def __init__(
        self,
        concurrency: int,
        statistics: RunStatistics | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.statistics = statistics or RunStatistics()
        self._concurrency, self._queued = concurrency, 0
        self._slots, self._door = Slots(concurrency), asyncio.Lock()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._lists = Slots(_LISTINGS)
        self._paces = {service: Pace() for service in _THROTTLED_TOGETHER}
        self._outages = Outages(say)
        self._jitter = random.Random()  # noqa: S311 -- jitter is no secret

    async def __call__(
        self,
        stage: str,
        operation: Operation,
        credentials: AioCredentials,
        budget: Budget | None = None,
        within: float | None = None,
        /,
        **parameters: Any,
    ) -> Response:
        """Raises EvidenceError with ``stage`` when AWS says no, or does not answer after some tries.

        ``within``: seconds that AWS may take for one try; TimeoutError when it takes longer.
        """
        clock = asyncio.get_running_loop().time
        began, tried = clock(), partial(_answer, operation, parameters, within)
        try:
            return await self._persistent(stage, called_operation(operation), tried, credentials, budget or Budget())
        finally:
            self.statistics.seconds[stage] += clock() - began

    async def pages(
        self, stage: str, operation: Operation, credentials: AioCredentials, key: str, /, **parameters: Any
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """The list ``key`` of every page; an empty page in the middle is no end, one token twice is an error."""
        token, seen = dict[str, str](), set[str]()
        while True:
            page = await self(stage, operation, credentials, **parameters, **token)
            yield page.get(key, [])
            following = str(page.get("NextToken") or "")
            if not following:
                return
            if following in seen:
                name = called_operation(operation).name
                raise EvidenceError(stage, "EndlessPages", f"{name} answered the same page token twice")
            seen.add(following)
            token = {"NextToken": following}

    async def _persistent(
        self,
        stage: str,
        called: CalledOperation,
        tried: _Tried,
        credentials: AioCredentials,
        budget: Budget,
    ) -> Response:
        retries = Retries(budget, self._jitter)
        while True:
            attempt = retries.attempt
            try:
                answer = await self._once(called, tried, credentials, budget)
            except FAULTS as error:
                self._note(error, called, budget)
                pause = await self._pause_after(error, called, retries, budget)
                _tell(error, stage, called, budget.account_id, attempt, pause)
                if pause is None:
                    raise evidence_error(error, stage) from error
                failure = evidence_error(error, stage) if is_outage(error) else None
            else:
                budget.left += 1
                self._outages.answered(called)
                return answer
            if failure is None:
                await asyncio.sleep(pause)
                continue
            await self._outages.rest(called, pause)
            if self._outages.ends(called, retries):
                raise failure

    async def _once(
        self, called: CalledOperation, tried: _Tried, credentials: AioCredentials, budget: Budget
    ) -> Response:
        own, shared = budget.pace(called), self._paces.get(called.service)
        turn = await own.turn() if own and not shared else 0.0
        slots = self._lists if called.service == _LISTING else self._slots
        with self._waiting(called):
            turn = await shared.turn() if shared else turn
            # Looks whether a report is ready are patient: the earlier one is begun, the fewer of them there are.
            await slots.acquire(patient=called.name == _LOOK)
        try:
            self.statistics.calls[called.service] += 1
            with acting_as(credentials):
                answer = await tried()
        finally:
            slots.release()
        if pace := shared or own:
            pace.passed(turn)
        return answer

    async def room(self) -> None:
        """Wait until the calls of a further account would not stand in a long queue.

        The time limit of an account runs while its calls wait, so what cannot be worked on is not begun.
        """
        async with self._door:  # one at a time: each has put its first call into the queue before the next looks
            await self._has_room.wait()

    @contextlib.contextmanager
    def _waiting(self, called: CalledOperation) -> Iterator[None]:
        """Counts the calls that wait for their turn, but for those that list accounts: they have slots of their own;
        and for looks whether a report is ready, which let all others pass."""
        counted = called.service != _LISTING and called.name != _LOOK
        self._queue(counted)
        try:
            yield
        finally:
            self._queue(-counted)

    def _queue(self, more: int) -> None:
        self._queued += more
        if self._queued < self._concurrency:
            self._has_room.set()
        else:
            self._has_room.clear()

    def _note(self, error: Fault, called: CalledOperation, budget: Budget) -> None:
        """What an error says of the service: to be called less often, out of order, or at work."""
        if is_throttle(error):
            self.statistics.throttles[called.service] += 1
        if is_overload(error):
            shared = self._paces.get(called.service)
            if shared:
                shared.throttled()
            elif budget.account_id:
                budget.slow_down(called)
        if not (is_outage(error) or is_throttle(error) or is_refusal(error)):
            self._outages.answered(called)

    async def _pause_after(
        self, error: Fault, called: CalledOperation, retries: Retries, budget: Budget
    ) -> float | None:
        """Seconds until the next try, None where there is to be none."""
        pause = retries.pause_after(error)
        if is_outage(error) and budget.account_id and called.service not in _THROTTLED_TOGETHER:
            self._outages.failed(called, budget.account_id)
            if pause is not None and not await self._outages.allows_retry(called, retries, code_of(error)):
                return None
        self.statistics.retries += pause is not None
        return pause


async def _answer(operation: Operation, parameters: Mapping[str, Any], within: float | None) -> Response:
    if within is None:
        return await operation(**parameters)
    async with asyncio.timeout(within):
        return await operation(**parameters)


def _tell(
    error: Fault, stage: str, called: CalledOperation, account_id: str, attempt: int, pause: float | None
) -> None:
    """An answer that says no is no trouble by itself: some say that a report is not ready, or that nothing is there."""
    retried = {} if pause is None else {"pause": round(pause, 3)}
    tell(
        "call-failed" if pause is None else "call-retried",
        logging.INFO if pause is None and not is_passing(error) else logging.WARNING,
        account=account_id,
        stage=stage,
        service=called.service,
        operation=called.name,
        code=code_of(error),
        attempt=attempt,
        request_id=request_id_of(error),
        **retried,
    )
