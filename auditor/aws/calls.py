"""Every call to AWS goes through here: bounded in number, signed for one identity, tried again, translated."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aiobotocore.credentials import AioCredentials

from auditor.aws.faults import FAULTS, Fault, evidence_error, is_passing, is_throttle
from auditor.aws.session import acting_as

Operation = Callable[..., Awaitable[dict[str, Any]]]
Response = Mapping[str, Any]

_ATTEMPTS = 8
_TRANSPORT_ATTEMPTS = 3  # a host that does not answer costs a read timeout each time
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 20.0  # seconds


class Calls:
    """At most ``concurrency`` calls in flight; a call that waits to be tried again is not in flight."""

    def __init__(self, concurrency: int, jitter: random.Random | None = None) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._jitter = jitter or random.Random()
        self.counts: Counter[str] = Counter()

    async def __call__(
        self, stage: str, operation: Operation, credentials: AioCredentials, /, **parameters: Any
    ) -> Response:
        """Raises EvidenceError with ``stage`` when AWS says no, or does not answer after some tries."""
        attempt = 1
        while True:
            try:
                return await self._once(operation, credentials, parameters)
            except FAULTS as error:
                if not self._try_again(error, attempt):
                    raise evidence_error(error, stage) from error
            await asyncio.sleep(self._pause(attempt))
            attempt += 1

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

    async def _once(self, operation: Operation, credentials: AioCredentials, parameters: Mapping[str, Any]) -> Response:
        async with self._slots:
            self.counts["calls"] += 1
            with acting_as(credentials):
                return await operation(**parameters)

    def _try_again(self, error: Fault, attempt: int) -> bool:
        self.counts["throttles"] += is_throttle(error)
        answered = hasattr(error, "response")
        again = is_passing(error) and attempt < (_ATTEMPTS if answered else _TRANSPORT_ATTEMPTS)
        self.counts["retries"] += again
        return again

    def _pause(self, attempt: int) -> float:
        """Full jitter: anything from nothing to a bound that doubles."""
        return self._jitter.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))
