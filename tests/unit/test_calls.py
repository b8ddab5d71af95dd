"""Who waits when AWS throttles: measured on a clock that jumps, so that a wait costs nothing and is exact."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
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
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from auditor.aws.calls import Calls
from auditor.aws.faults import code_of, evidence_error
from auditor.aws.retries import Budget
from auditor.errors import EvidenceError
from tests.virtual_clock import at_once

A_CALL = 0.06  # seconds
ACCOUNTS = [f"{number:012d}" for number in range(20)]
THROTTLED = ACCOUNTS[3]
NOBODY = AioCredentials("key", "secret", "token")


class Service:
    """One service that answers after ``A_CALL``, and ``THROTTLED`` with ``error`` for the first ``storm`` calls."""

    def __init__(self, name: str, storm: int, error: ClientError | None = None) -> None:
        mapping = {"answer": "Answer"}
        self.meta = SimpleNamespace(service_model=SimpleNamespace(service_name=name), method_to_api_mapping=mapping)
        self._storm, self._error = storm, error or failure("Throttling", "Rate exceeded")

    async def answer(self, account_id: str) -> dict[str, Any]:
        await asyncio.sleep(A_CALL)
        if account_id == THROTTLED and self._storm:
            self._storm -= 1
            raise self._error
        return {}


def failure(code: str, message: str, status: int = 400) -> ClientError:
    about = {"RequestId": "r-1", "HTTPStatusCode": status}
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


BROKEN = failure("InternalFailure", "An internal error occurred", 500)
BUSY = failure("ServiceUnavailable", "Try again later", 503)


@pytest.mark.parametrize(
    ("error", "storm", "retries"),
    [(BROKEN, 7, 7), (BROKEN, 8, 7), (BUSY, 11, 11), (BUSY, 12, 11)],
    ids=["500, seven", "500, eight", "503, eleven", "503, twelve"],
)
def test_an_error_of_the_service_is_met_so_often_and_no_more(error: ClientError, storm: int, retries: int) -> None:
    async def main() -> int:
        calls, client = Calls(4), Service("iam", storm, error)
        asked = calls("fetch", client.answer, NOBODY, Budget(THROTTLED), account_id=THROTTLED)
        if storm == retries:
            await asked
        else:
            with pytest.raises(EvidenceError, match=f"fetch: {error.response['Error']['Code']}: ") as caught:
                await asked
            assert caught.value.request_id == "r-1"
        return calls.statistics.retries

    assert at_once(main()) == retries


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_being_told_to_slow_down_costs_time_and_never_the_account(service: str) -> None:
    async def main() -> tuple[int, int]:
        calls, client, budget = Calls(4), Service(service, 200), Budget(THROTTLED)
        await calls("fetch", client.answer, NOBODY, budget, account_id=THROTTLED)
        return budget.left - Budget().left, calls.statistics.throttles[service]

    assert at_once(main()) == (1, 200)


def test_a_call_about_no_account_is_throttled_for_a_quarter_of_an_hour_at_most() -> None:
    async def main() -> float:
        calls, client = Calls(4), Service("organizations", 10**9)
        with pytest.raises(EvidenceError, match="Throttling"):
            await calls("discover", client.answer, NOBODY, account_id=THROTTLED)
        return asyncio.get_running_loop().time()

    assert 900 <= at_once(main()) < 1000


def test_the_calls_of_an_account_are_spaced_as_its_service_wants_them() -> None:
    """Forty calls at once where four a second are served: hardly longer than ten seconds, and few are refused."""

    class Limited(Service):
        left, since = 4.0, 0.0

        async def answer(self, account_id: str) -> dict[str, Any]:
            await asyncio.sleep(A_CALL)
            now = asyncio.get_running_loop().time()
            self.left, self.since = min(4.0, self.left + 4 * (now - self.since)), now
            if self.left < 1:
                raise failure("Throttling", "Rate exceeded")
            self.left -= 1
            return {}

    async def main() -> tuple[float, int]:
        calls, client, budget = Calls(64), Limited("iam", 0), Budget(THROTTLED)
        calls._jitter = random.Random(1)
        asked = [calls("fetch", client.answer, NOBODY, budget, account_id=THROTTLED) for _ in range(40)]
        await asyncio.gather(*asked)
        return asyncio.get_running_loop().time(), calls.statistics.throttles["iam"]

    seconds, throttles = at_once(main())
    assert seconds <= 15
    assert throttles <= 2 * 40


@pytest.mark.parametrize(
    "error",
    [
        *(failure(code, "slow down") for code in sorted(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)),
        *(failure(code, "again") for code in sorted(TransientRetryableChecker._TRANSIENT_ERROR_CODES)),
        failure("NeverHeardOf", "too many requests", 429),
        failure("EC2ThrottledException", "slow down", 503),
        failure("BandwidthLimitExceeded", "slow down", 509),
    ],
    ids=code_of,
)
def test_what_the_sdk_would_try_again_is_tried_again(error: ClientError) -> None:
    """All but LimitExceededException: that is a quota, and no time helps."""
    is_quota = error.response["Error"]["Code"] == "LimitExceededException"

    async def main() -> int:
        calls, client = Calls(4), Service("iam", 2, error)
        with pytest.raises(EvidenceError) if is_quota else contextlib.nullcontext():
            await calls("fetch", client.answer, NOBODY, Budget(THROTTLED), account_id=THROTTLED)
        return calls.statistics.retries

    assert at_once(main()) == (0 if is_quota else 2)


def test_a_page_token_that_comes_back_ends_the_pages() -> None:
    asked = []

    async def listing(**parameters: Any) -> dict[str, Any]:
        asked.append(parameters)
        return {"Accounts": [{}], "NextToken": "again"} if len(asked) < 10 else {}

    async def main() -> None:
        pages = Calls(4).pages("discover", listing, NOBODY, "Accounts")
        with pytest.raises(EvidenceError, match="discover: EndlessPages"):
            [page async for page in pages]

    at_once(main())
    assert asked == [{}, {"NextToken": "again"}]


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
        calls, client, budget = Calls(4), Service("iam", 100, BROKEN), Budget(THROTTLED, retries=2)
        with pytest.raises(EvidenceError, match="InternalFailure"):
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
