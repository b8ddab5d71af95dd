"""How badly the endpoint behaves: what it throttles, breaks or does not know."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random

from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.sessions import Identity
from auditor.sandbox.wire import AwsError, Call


class ConnectionLostError(Exception):
    """The connection breaks before an answer."""


class UnknownServiceError(Exception):
    """The endpoint has never heard of the service and answers with a page of its own."""


class Disturbance:
    """Deals out throttles, 503s and resets by their rates; the n-th draw of a seed is always the same.

    Services that are down or unknown fail with every call.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._rng = Random(f"{options.seed}:disturbance")
        self._down, self._unknown = options.down, options.unknown
        self._any = options.throttle_rate + options.error_rate + options.reset_rate > 0

    def strike(self, call: Call) -> None:
        """Raise what this call has to suffer, if anything."""
        if call.service in self._unknown:
            raise UnknownServiceError
        if call.service in self._down:
            raise AwsError("InternalFailure", "The request processing has failed because of an unknown error.")
        if not self._any or (self._options.disturbed and call.service not in self._options.disturbed):
            return
        draw = self._rng.random()
        if draw < self._options.reset_rate:
            raise ConnectionLostError
        draw -= self._options.reset_rate
        if draw < self._options.error_rate:
            raise AwsError("ServiceUnavailable", "Service is unable to handle request.")
        if draw - self._options.error_rate < self._options.throttle_rate:
            raise AwsError("Throttling", "Rate exceeded")


class RateLimits:
    """Calls a second and service, counted for each account and region by itself; one second's worth may come at once.

    STS and Organizations are called with the caller's own keys, so all those calls count for the caller's account.
    """

    def __init__(self, rates: Mapping[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        self._rates, self._clock = rates, clock
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def check(self, identity: Identity, call: Call) -> None:
        """Raise a throttle where the calls of the last second leave no room for this one."""
        rate = self._rates.get(call.service)
        if rate is None:
            return
        key, now, burst = (identity.account_id, call.service, call.region), self._clock(), max(1.0, rate)
        left, since = self._left.get(key, (burst, now))
        left = min(burst, left + (now - since) * rate)
        self._left[key] = (max(0.0, left - 1) if left >= 1 else left, now)
        if left < 1:
            raise AwsError("Throttling", "Rate exceeded")
