"""Every call to AWS goes through here: bounded in number, signed for one identity, tried again, translated."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiobotocore.credentials import AioCredentials

from auditor.aws.faults import (
    FAULTS,
    Fault,
    code_of,
    evidence_error,
    is_answer,
    is_passing,
    is_throttle,
    is_timeout,
    request_id_of,
)
from auditor.aws.pace import Pace
from auditor.aws.session import acting_as
from auditor.aws.slots import Slots
from auditor.events import tell
from auditor.statistics import RunStatistics

Operation = Callable[..., Awaitable[dict[str, Any]]]
Response = Mapping[str, Any]

_ATTEMPTS = 8
_BROKEN_ATTEMPTS = 5  # connections that break or do not come about
_TIMEOUT_ATTEMPTS = 3  # a host that does not answer costs a read timeout each time
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 20.0  # seconds
_ACCOUNT_RETRIES = 40
_RUN_RETRIES, _RUN_RETRIES_PER_CALL = 1000, 2
# Pages come one after another and everything waits for them, so they never queue behind the accounts' calls.
_LISTING, _LISTINGS = "organizations", 2
_LOOK = "GetCredentialReport"
_THROTTLED_TOGETHER = ("sts", "organizations")


class Budget:
    """How many retries one account may still cost; ``account_id`` is empty for calls about no single account."""

    def __init__(self, account_id: str = "", retries: int = _ACCOUNT_RETRIES) -> None:
        self.account_id, self.left = account_id, retries


class Calls:
    """At most ``concurrency`` calls in flight; a call that waits to be tried again is not in flight.

    One account's throttling slows that account's calls only. STS and Organizations throttle the caller as a whole, so
    all their callers slow down together and recover together.
    """

    def __init__(self, concurrency: int, statistics: RunStatistics | None = None) -> None:
        self.statistics = statistics or RunStatistics()
        self._concurrency, self._queued = concurrency, 0
        self._slots, self._door = Slots(concurrency), asyncio.Lock()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._lists = Slots(_LISTINGS)
        self._paces = {service: Pace() for service in _THROTTLED_TOGETHER}
        self._jitter = random.Random()  # noqa: S311 -- jitter is no secret

    async def __call__(
        self,
        stage: str,
        operation: Operation,
        credentials: AioCredentials,
        budget: Budget | None = None,
        /,
        **parameters: Any,
    ) -> Response:
        """Raises EvidenceError with ``stage`` when AWS says no, or does not answer after some tries."""
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            return await self._persistent(stage, operation, credentials, budget or Budget(), parameters)
        finally:
            self.statistics.seconds[stage] += clock() - began

    async def pages(
        self, stage: str, operation: Operation, credentials: AioCredentials, key: str, /, **parameters: Any
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """The list ``key`` of every page; an empty page in the middle is no end."""
        token: dict[str, str] = {}
        while True:
            page = await self(stage, operation, credentials, **parameters, **token)
            yield page.get(key, [])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    async def _persistent(
        self,
        stage: str,
        operation: Operation,
        credentials: AioCredentials,
        budget: Budget,
        parameters: Mapping[str, Any],
    ) -> Response:
        service, attempt, failures = _service(operation), 1, Counter[int]()
        while True:
            try:
                return await self._once(service, operation, credentials, parameters)
            except FAULTS as error:
                self._note(error, service)
                limit = _attempts(error)
                failures[limit] += 1  # each kind of trouble by itself: a throttle does not use up a broken connection
                again = failures[limit] < limit and self._try_again(error, service, budget)
                pause = self._pause(attempt) if again else None
                _tell(error, stage, operation, budget.account_id, attempt, pause)
                if pause is None:
                    raise evidence_error(error, stage) from error
            await asyncio.sleep(pause)
            attempt += 1

    async def _once(
        self, service: str, operation: Operation, credentials: AioCredentials, parameters: Mapping[str, Any]
    ) -> Response:
        pace = self._paces.get(service)
        async with contextlib.AsyncExitStack() as held:
            with self._waiting(service, operation):
                turn = await pace.turn() if pace else 0.0
                await held.enter_async_context(self._slot(service, operation))
            self.statistics.calls[service] += 1
            with acting_as(credentials):
                answer = await operation(**parameters)
        if pace:
            pace.passed(turn)
        return answer

    def _slot(self, service: str, operation: Operation) -> contextlib.AbstractAsyncContextManager[None]:
        """Looks whether a report is ready come last: the earlier a report is begun, the fewer of them there are."""
        if service == _LISTING:
            return self._lists.taken()
        return self._slots.taken(patient=_operation(operation) == _LOOK)

    async def room(self) -> None:
        """Wait until the calls of a further account would not stand in a long queue.

        Time limits of accounts and reports run while their calls wait, so what cannot be worked on is not begun.
        """
        async with self._door:  # one at a time: each has put its first call into the queue before the next looks
            await self._has_room.wait()

    @contextlib.contextmanager
    def _waiting(self, service: str, operation: Operation) -> Iterator[None]:
        """Counts the calls that wait for their turn, but for those that list accounts: they have slots of their own;
        and for looks whether a report is ready, which let all others pass."""
        counted = service != _LISTING and _operation(operation) != _LOOK
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

    def _note(self, error: Fault, service: str) -> None:
        if is_throttle(error):
            self.statistics.throttles[service] += 1
            if service in self._paces:
                self._paces[service].throttled()

    def _try_again(self, error: Fault, service: str, budget: Budget) -> bool:
        statistics = self.statistics
        allowed = _RUN_RETRIES + _RUN_RETRIES_PER_CALL * statistics.calls.total()
        if not is_passing(error) or budget.left <= 0 or statistics.retries >= allowed:
            return False
        budget.left -= 1
        statistics.retries += 1
        return True

    def _pause(self, attempt: int) -> float:
        """Full jitter: anything from nothing to a bound that doubles."""
        return self._jitter.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))


def _attempts(error: Fault) -> int:
    """How many times a call may meet such trouble."""
    if is_answer(error):
        return _ATTEMPTS
    return _TIMEOUT_ATTEMPTS if is_timeout(error) else _BROKEN_ATTEMPTS


def _tell(error: Fault, stage: str, operation: Operation, account_id: str, attempt: int, pause: float | None) -> None:
    """An answer that says no is no trouble by itself: some say that a report is not ready, or that nothing is there."""
    retried = {} if pause is None else {"pause": round(pause, 3)}
    tell(
        "call-failed" if pause is None else "call-retried",
        logging.INFO if pause is None and not is_passing(error) else logging.WARNING,
        account=account_id,
        stage=stage,
        service=_service(operation),
        operation=_operation(operation),
        code=code_of(error),
        attempt=attempt,
        request_id=request_id_of(error),
        **retried,
    )


def _operation(operation: Operation) -> str:
    """``AssumeRole`` for the method of a client that calls it."""
    client: Any = getattr(operation, "__self__", None)
    name = getattr(operation, "__name__", "unknown")
    return str(client.meta.method_to_api_mapping.get(name, name)) if client is not None else name


def _service(operation: Operation) -> str:
    """``sts`` for a method of an STS client."""
    client: Any = getattr(operation, "__self__", None)
    return str(client.meta.service_model.service_name) if client is not None else "unknown"
