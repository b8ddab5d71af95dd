"""When the role of an account is assumed anew: as its credentials run out, and not before."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiobotocore.credentials import AioCredentials

from auditor.aws.assume import AccountCalls, RoleCredentials, RoleSettings
from auditor.aws.calls import Calls
from auditor.aws.retries import Budget
from auditor.errors import EvidenceError
from tests.simulated import Client, failure
from tests.virtual_clock import at_once

ROLE = RoleSettings("Auditor", "test", 3600, "aws")


class Sts:
    """Hands out credentials that live ``seconds``; ``behind``: how far this machine's clock is ahead of AWS's."""

    def __init__(self, seconds: float, behind: float = 0.0) -> None:
        names = {"assume_role": "AssumeRole"}
        self.meta = SimpleNamespace(service_model=SimpleNamespace(service_name="sts"), method_to_api_mapping=names)
        self._seconds, self._behind = seconds, behind
        self.ends: list[float] = []

    async def assume_role(self, **_: Any) -> dict[str, Any]:
        self.ends.append(asyncio.get_running_loop().time() + self._seconds)
        expires = datetime.now(UTC) + timedelta(seconds=self._seconds - self._behind)
        number = str(len(self.ends) - 1)
        keys = {"AccessKeyId": number, "SecretAccessKey": "secret", "SessionToken": "token"}
        return {"Credentials": keys | {"Expiration": expires}}

    def check(self, key: str) -> None:
        if asyncio.get_running_loop().time() >= self.ends[int(key)]:
            raise failure("ExpiredToken", 403)


def entered(sts: Sts) -> AccountCalls:
    budget, calls = Budget("1" * 12), Calls(8)
    clients: Any = SimpleNamespace(sts=sts, caller_credentials=AioCredentials("caller", "secret", "token"))
    return AccountCalls(calls, RoleCredentials(clients, calls, ROLE, budget), budget)


def times_assumed(sts: Sts, seconds: int) -> int:
    """How often the role is assumed for ten calls at the same time, every second."""

    async def main() -> None:
        calls, client = entered(sts), Client("iam", lambda _, key: sts.check(key), 0.01)
        for _ in range(seconds):
            await asyncio.gather(*(calls("fetch", client.list_things) for _ in range(10)))
            await asyncio.sleep(1)

    at_once(main())
    return len(sts.ends)


@pytest.mark.parametrize("lifetime", [20, 900])
def test_credentials_that_live_shorter_than_asked_for_are_used_to_their_end(lifetime: int) -> None:
    assert times_assumed(Sts(lifetime), 3 * lifetime) <= 4


def test_a_clock_that_is_ahead_of_aws_renews_no_credentials_at_each_call() -> None:
    assert times_assumed(Sts(20, behind=240), 60) <= 4


def test_a_call_is_throttled_for_longer_than_its_credentials_live() -> None:
    sts = Sts(20)

    def answer(_operation: str, key: str) -> dict[str, Any]:
        sts.check(key)
        if asyncio.get_running_loop().time() < 600:
            raise failure("Throttling")
        return {"answered": True}

    async def main() -> Any:
        return await entered(sts)("fetch", Client("iam", answer, 0.01).list_things)

    assert at_once(main()) == {"answered": True}


def test_credentials_that_are_never_accepted_end() -> None:
    def answer(_operation: str, _key: str) -> None:
        raise failure("ExpiredToken", 403)

    async def main() -> None:
        with pytest.raises(EvidenceError, match="fetch: ExpiredToken"):
            await entered(sts)("fetch", Client("iam", answer, 0.01).list_things)

    sts = Sts(20)
    at_once(main())
    assert len(sts.ends) <= 6
