"""Who waits when AWS throttles: measured on a clock that jumps, so that a wait costs nothing and is exact."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from aiobotocore.credentials import AioCredentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from auditor.aws.calls import Budget, Calls
from auditor.aws.faults import evidence_error
from auditor.errors import EvidenceError

A_CALL = 0.06  # seconds
ACCOUNTS = [f"{number:012d}" for number in range(20)]
THROTTLED = ACCOUNTS[3]
NOBODY = AioCredentials("key", "secret", "token")


class JumpingClock(asyncio.SelectorEventLoop):
    """A loop whose time is that of whatever is due next."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def at_once(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=JumpingClock) as runner:
        return runner.run(main)


class Service:
    """One service that answers after ``A_CALL``, and throttles ``THROTTLED`` for the first ``storm`` calls."""

    def __init__(self, name: str, storm: int) -> None:
        mapping = {"answer": "Answer"}
        self.meta = SimpleNamespace(service_model=SimpleNamespace(service_name=name), method_to_api_mapping=mapping)
        self._storm = storm

    async def answer(self, account_id: str) -> dict[str, Any]:
        await asyncio.sleep(A_CALL)
        if account_id == THROTTLED and self._storm:
            self._storm -= 1
            raise failure("Throttling", "Rate exceeded")
        return {}


def failure(code: str, message: str) -> ClientError:
    about = {"RequestId": "r-1", "HTTPStatusCode": 400}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": about}, "Answer")


def finish_times(service: str, storm: int, concurrency: int) -> dict[str, float]:
    """When each account is done with three calls, one after another; in seconds."""

    async def main() -> dict[str, float]:
        calls, client = Calls(concurrency), Service(service, storm)
        calls._jitter = random.Random(1)

        async def account(account_id: str) -> float:
            budget = Budget(account_id)
            for _ in range(3):
                await calls("fetch", client.answer, NOBODY, budget, account_id=account_id)
            return asyncio.get_running_loop().time()

        return dict(zip(ACCOUNTS, await asyncio.gather(*map(account, ACCOUNTS)), strict=True))

    times: dict[str, float] = at_once(main())
    return times


def test_one_throttled_account_slows_no_other() -> None:
    calm, storm = finish_times("iam", 0, 64), finish_times("iam", 6, 64)
    assert storm.pop(THROTTLED) > calm.pop(THROTTLED) + 6 * A_CALL
    assert storm == pytest.approx(calm)


def test_an_account_that_waits_leaves_its_place_to_others() -> None:
    """Two calls at once: the others lose the time of the six calls that were refused, not that of the waits."""
    calm, storm = finish_times("iam", 0, 2), finish_times("iam", 6, 2)
    alone = storm.pop(THROTTLED)
    assert max(storm.values()) <= max(calm.values()) + 6 * A_CALL
    assert alone > max(storm.values())


def test_sts_throttles_the_caller_so_all_slow_down_together() -> None:
    calm, storm = finish_times("sts", 0, 64), finish_times("sts", 6, 64)
    slowed = [i for i in ACCOUNTS if i != THROTTLED and storm[i] > calm[i] + 0.004]
    assert len(slowed) > len(ACCOUNTS) / 2


@pytest.mark.parametrize(("storm", "retries"), [(7, 7), (8, 7)])
def test_the_eighth_refusal_of_a_call_is_the_last(storm: int, retries: int) -> None:
    async def main() -> int:
        calls, client = Calls(4), Service("iam", storm)
        asked = calls("fetch", client.answer, NOBODY, Budget(THROTTLED), account_id=THROTTLED)
        if storm < 8:
            await asked
        else:
            with pytest.raises(EvidenceError, match="fetch: Throttling: Rate exceeded") as caught:
                await asked
            assert caught.value.request_id == "r-1"
        return calls.statistics.retries

    assert at_once(main()) == retries


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (EndpointConnectionError(endpoint_url="https://x", error="reset"), 5),
        (ConnectionClosedError(endpoint_url="https://x", error="cut"), 5),
        (ReadTimeoutError(endpoint_url="https://x", error="late"), 3),
        (ConnectTimeoutError(endpoint_url="https://x", error="late"), 3),
        (ProxyConnectionError(proxy_url="http://p", error="reset"), 5),
        (ResponseParserError("a proxy's page"), 5),
        (SSLError(endpoint_url="https://x", error="wrong name"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_trouble_on_the_wire_is_tried_again(error: Exception, attempts: int) -> None:
    tried = []

    async def broken() -> dict[str, Any]:
        tried.append(error)
        raise error

    async def main() -> None:
        with pytest.raises(EvidenceError) as caught:
            await Calls(4)("fetch", broken, NOBODY)
        assert caught.value.code == type(error).__name__

    at_once(main())
    assert len(tried) == attempts


def test_each_kind_of_trouble_has_tries_of_its_own() -> None:
    """Four throttles in a row leave a connection that breaks its own five tries, and the call comes through."""
    reset = EndpointConnectionError(endpoint_url="https://x", error="reset")
    troubles: list[Exception] = [*[failure("Throttling", "Rate exceeded")] * 4, reset, reset, reset, reset]

    async def troubled() -> dict[str, Any]:
        if troubles:
            raise troubles.pop(0)
        return {"State": "COMPLETE"}

    async def main() -> Any:
        return await Calls(4)("fetch", troubled, NOBODY)

    assert at_once(main()) == {"State": "COMPLETE"}


def test_an_account_may_cost_no_more_than_its_budget() -> None:
    async def main() -> tuple[int, int]:
        calls, client, budget = Calls(4), Service("iam", 100), Budget(THROTTLED, retries=2)
        with pytest.raises(EvidenceError, match="Throttling"):
            await calls("fetch", client.answer, NOBODY, budget, account_id=THROTTLED)
        return budget.left, calls.statistics.retries

    assert at_once(main()) == (0, 2)


QUOTES: list[Callable[[str], str]] = [
    lambda token: f"The Canonical String should have been 'POST\nx-amz-security-token:{token}\nhost'",
    lambda token: f"X-Amz-Security-Token:{token}",
]


@pytest.mark.parametrize("quote", QUOTES)
def test_a_session_token_that_aws_quotes_is_withheld(quote: Callable[[str], str]) -> None:
    told = evidence_error(failure("SignatureDoesNotMatch", quote("IQoJb3JpZ2lu/+=")), "fetch")
    assert "IQoJ" not in told.message
    assert "(withheld)" in told.message
