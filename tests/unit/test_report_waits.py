"""A credential report is waited for as long as AWS makes it, however long the queue of calls is."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.aws.calls import Calls
from auditor.aws.collectors.credential_report import CredentialReportCollector
from auditor.errors import EvidenceError
from tests.simulated import MADE, Client, Load, calls_of, collected, failure
from tests.virtual_clock import at_once

# An eighth of 3,000 accounts and of 64 calls at a time: as long a run, with an eighth of the calls.
LARGE = Load(accounts=375, calls_per_account=31, latency=0.4, ready_after=10, concurrency=8)


def test_a_long_queue_of_calls_costs_no_report() -> None:
    """Calls that wait for nothing would fill all slots without a gap: the run is hardly longer than that."""
    outcome = collected(LARGE)
    assert not outcome.gaps
    busy = LARGE.accounts * LARGE.calls_per_account * LARGE.latency / LARGE.concurrency
    assert outcome.seconds <= 1.15 * busy
    assert outcome.looks <= 1.5 * LARGE.accounts


def waited_for(answers: Callable[[str, float], Any], timeout: float = 300) -> tuple[float, Counter[str], str]:
    """Seconds, calls by operation, and the code of the gap, for one report; ``answers`` to (operation, seconds)."""
    asked: Counter[str] = Counter()

    def answer(operation: str, _account: str) -> Any:
        asked[operation] += 1
        assert asked.total() < 2000, "it goes on without a pause"
        return answers(operation, asyncio.get_running_loop().time())

    async def main() -> tuple[float, Counter[str], str]:
        clients: Any = SimpleNamespace(iam=Client("iam", answer, 0.02))
        code = ""
        try:
            calls = calls_of(Calls(4), "1" * 12)
            await CredentialReportCollector(clients, timeout, random.Random(1)).collect("1" * 12, calls, {})
        except EvidenceError as error:
            code = error.code
        return asyncio.get_running_loop().time(), asked, code

    found: tuple[float, Counter[str], str] = at_once(main())
    return found


@pytest.mark.parametrize("code", ["ReportNotPresent", "ReportExpired", "ReportInProgress"])
def test_a_report_that_is_complete_and_cannot_be_had_is_asked_for_with_pauses(code: str) -> None:
    def answers(operation: str, _seconds: float) -> Any:
        if operation == "GenerateCredentialReport":
            return {"State": "COMPLETE"}
        raise failure(code, 410)

    seconds, asked, gap = waited_for(answers, timeout=60)
    assert gap == "ReportTimeout"
    assert 60 <= seconds < 61
    assert asked["GetCredentialReport"] <= 40


def test_no_capacity_is_waited_for_as_long_as_a_report() -> None:
    def answers(_operation: str, _seconds: float) -> Any:
        raise failure("LimitExceeded", 409)

    seconds, asked, gap = waited_for(answers, timeout=60)
    assert (gap, 60 <= seconds < 61, asked.total() <= 40) == ("ReportTimeout", True, True)


def test_throttles_are_no_time_that_a_report_takes() -> None:
    """Two minutes of throttles before the report is begun, and two while it is looked for: a minute is enough."""

    def answers(operation: str, seconds: float) -> Any:
        if seconds < 120 or 125 < seconds < 245:
            raise failure("Throttling")
        if operation == "GenerateCredentialReport":
            return {"State": "STARTED"}
        if seconds < 125:
            raise failure("ReportInProgress", 404)
        return {"Content": b"", "GeneratedTime": MADE, "ResponseMetadata": {"RequestId": "r-1"}}

    seconds, _, gap = waited_for(answers, timeout=60)
    assert not gap
    assert 245 <= seconds < 260


@pytest.mark.parametrize("silent", ["GenerateCredentialReport", "GetCredentialReport"])
def test_a_call_that_is_never_answered_ends_at_the_time_limit_of_the_report(silent: str) -> None:
    class Mute(Client):
        async def _answered(self, operation: str) -> Any:
            if operation == silent:
                await asyncio.sleep(10**6)
            return await super()._answered(operation)

    async def main() -> float:
        clients: Any = SimpleNamespace(iam=Mute("iam", lambda *_: {"State": "COMPLETE"}, 0.02))
        with pytest.raises(EvidenceError, match="generate: ReportTimeout: the report was not ready after 7 seconds"):
            await CredentialReportCollector(clients, 7).collect("1" * 12, calls_of(Calls(4), "1" * 12), {})
        return asyncio.get_running_loop().time()

    assert 7 <= at_once(main()) < 8
