"""An operation that fails in one account after the other is no longer tried again and again, until it is back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from auditor.aws.calls import Calls
from auditor.aws.faults import code_of
from auditor.errors import EvidenceError
from tests.simulated import Client, calls_of, failure
from tests.virtual_clock import at_once

REGION = "eu-west-1"
Trouble = Callable[[float, str, int], Exception | None]
"""(seconds, account, number of this try of the account) -> what the try meets."""


def down(error: Exception, until: float = 1e9, since: float = 0.0) -> Trouble:
    return lambda now, _account, _number: error if since <= now < until else None


class Run:
    """One account a second calls ListThings of ``service``; what came of it."""

    def __init__(self, trouble: Trouble, accounts: int = 60, every: float = 1.0, service: str = "things") -> None:
        self.tries: Counter[str] = Counter()
        self.gaps: dict[str, str] = {}
        self.said: list[str] = []
        self._trouble, self._every = trouble, every
        self._client = Client(service, self._answer, 0.05, REGION)
        self.accounts = [f"{number:012d}" for number in range(accounts)]
        self.seconds: float = at_once(self._run())

    async def _run(self) -> float:
        calls = Calls(64, say=self.said.append)
        await asyncio.gather(*(self._account(calls, *item) for item in enumerate(self.accounts)))
        return asyncio.get_running_loop().time()

    async def _account(self, calls: Calls, number: int, account_id: str) -> None:
        await asyncio.sleep(number * self._every)
        try:
            await calls_of(calls, account_id)("fetch", self._client.list_things)
        except EvidenceError as error:
            self.gaps[account_id] = error.code

    def _answer(self, _operation: str, account_id: str) -> dict[str, Any]:
        self.tries[account_id] += 1
        trouble = self._trouble(asyncio.get_running_loop().time(), account_id, self.tries[account_id])
        if trouble:
            raise trouble
        return {}


SERVER_ERROR = failure("InternalFailure", 500)
REFUSED = EndpointConnectionError(endpoint_url="https://things", error="refused")


@pytest.mark.parametrize("error", [SERVER_ERROR, failure("ServiceUnavailable", 503), REFUSED], ids=code_of)
def test_later_accounts_try_once_and_it_is_said_once(error: Exception) -> None:
    run = Run(down(error))
    later = run.accounts[15:]
    assert set(run.gaps) == set(run.accounts)
    assert sum(run.tries[account] for account in later) <= len(later) + 2 * 12  # two looks whether it is back
    assert Counter(run.tries[account] for account in later)[1] >= len(later) - 2
    (said,) = run.said
    assert said.startswith("things:ListThings in eu-west-1 failed in 5 accounts in a row (")
    assert said.endswith("until it answers again, each further account tries it once, without retries")


def test_all_accounts_at_once_cost_one_try_each_and_a_few() -> None:
    run = Run(down(SERVER_ERROR), accounts=150, every=0.0)
    assert set(run.gaps) == set(run.accounts)
    assert run.tries.total() <= 1.2 * 150
    assert run.seconds < 8


def test_the_first_answer_ends_it_and_gaps_stay_gaps() -> None:
    run = Run(down(SERVER_ERROR, until=40))
    assert set(run.gaps) <= set(run.accounts[:40])
    assert {"000000000020", "000000000030"} <= set(run.gaps)
    begun, ended = run.said
    assert begun.startswith("things:ListThings in eu-west-1 failed in 5 accounts in a row (InternalFailure)")
    assert ended.startswith("things:ListThings in eu-west-1 answers again")


def test_one_call_at_times_is_tried_again_and_finds_out_that_it_is_back() -> None:
    """From the fortieth second on each account's first try fails and its second is answered."""
    run = Run(lambda now, _account, number: SERVER_ERROR if now < 40 or number == 1 else None, accounts=100)
    assert len(run.said) == 2
    assert not set(run.gaps) & set(run.accounts[75:])


def test_a_service_that_is_away_for_some_seconds_costs_no_account() -> None:
    run = Run(down(SERVER_ERROR, since=5, until=8), every=0.05, accounts=200)
    assert not run.gaps
    assert not run.said


def test_an_answer_in_between_is_no_row() -> None:
    """Every third account works, so nobody is given up sooner than alone while accounts are begun."""
    works = {f"{number:012d}" for number in range(0, 400, 3)}
    run = Run(lambda _now, account, _number: None if account in works else SERVER_ERROR, accounts=400, every=0.2)
    assert set(run.gaps) == {account for account in run.accounts if account not in works}
    assert {run.tries[account] for account in run.accounts[:200] if account in run.gaps} == {8}


@pytest.mark.parametrize(
    "error", [failure("AccessDenied", 403), failure("AccessDeniedException"), failure("NoSuchEntity", 404)], ids=code_of
)
def test_what_aws_says_no_to_is_no_outage(error: Exception) -> None:
    run = Run(down(error))
    assert not run.said
    assert set(run.tries.values()) == {1}


def test_denials_in_some_accounts_hide_no_outage() -> None:
    denied = failure("AccessDenied", 403)
    run = Run(lambda _now, account, _number: denied if int(account) % 2 else SERVER_ERROR, accounts=100, every=0.2)
    assert len(run.said) == 1


def test_throttling_is_no_outage() -> None:
    """Ten seconds of nothing but throttles cost every account time, and none its evidence."""
    run = Run(down(failure("Throttling"), until=10), every=0.1)
    assert not run.gaps
    assert not run.said


@pytest.mark.parametrize("service", ["sts", "organizations"])
def test_what_every_account_needs_is_never_given_up(service: str) -> None:
    run = Run(down(SERVER_ERROR), accounts=30, every=0.1, service=service)
    assert set(run.tries.values()) == {8}
    assert not run.said
