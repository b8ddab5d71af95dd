"""Many accounts collected on a virtual clock: the product's own calls, slots and report collector; AWS is simulated."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from aiobotocore.credentials import AioCredentials
from botocore.exceptions import ClientError

from auditor.aws import session
from auditor.aws.assume import AccountCalls, CallerCredentials
from auditor.aws.calls import Calls
from auditor.aws.collectors.credential_report import CredentialReportCollector
from auditor.aws.retries import Budget
from auditor.errors import EvidenceError
from tests.virtual_clock import at_once

_ACCOUNTS_PER_CALL = 32  # as many are open at a time as in a run
_REPORT_CALLS = 3  # assume, generate, fetch
MADE = datetime(2026, 11, 24, tzinfo=UTC)


def failure(code: str, status: int = 400) -> ClientError:
    """What the SDK raises for an error answer."""
    about = {"RequestId": "r-1", "HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": about}, "Answer")


def calls_of(calls: Calls, account_id: str) -> AccountCalls:
    """Calls into one account; ``Client`` knows by the credentials which."""
    return AccountCalls(calls, CallerCredentials(AioCredentials(account_id, "secret", "token")), Budget(account_id))


class Client:
    """A client of ``service``: ``answer`` is called with the operation and the account, after ``latency`` seconds."""

    def __init__(self, service: str, answer: Callable[[str, str], Any], latency: float, region: str = "") -> None:
        names = {"assume_role": "AssumeRole", "list_things": "ListThings"}
        names |= {f"{verb}_credential_report": f"{verb.title()}CredentialReport" for verb in ("generate", "get")}
        model = SimpleNamespace(service_name=service)
        self.meta = SimpleNamespace(service_model=model, method_to_api_mapping=names, region_name=region)
        self._answer, self._latency = answer, latency

    async def assume_role(self) -> Any:
        return await self._answered("AssumeRole")

    async def list_things(self) -> Any:
        return await self._answered("ListThings")

    async def generate_credential_report(self) -> Any:
        return await self._answered("GenerateCredentialReport")

    async def get_credential_report(self) -> Any:
        return await self._answered("GetCredentialReport")

    async def _answered(self, operation: str) -> Any:
        await asyncio.sleep(self._latency)
        return self._answer(operation, session._bound.get().access_key)


@dataclass(frozen=True)
class Load:
    """What is collected. ``latency``: seconds that AWS takes for a call; ``ready_after``: for a report."""

    accounts: int
    calls_per_account: int
    latency: float
    ready_after: float
    concurrency: int = 64
    report_timeout: float = 300.0


@dataclass(frozen=True)
class Outcome:
    """``seconds`` on the virtual clock; ``gaps`` by code; ``looks``: how often reports were asked for."""

    seconds: float
    gaps: Counter[str]
    looks: int


def collected(load: Load) -> Outcome:
    """Collect all accounts, each as a run does: the role first, then everything at the same time."""
    outcome: Outcome = at_once(_Simulation(load).run())
    return outcome


class _Simulation:
    def __init__(self, load: Load) -> None:
        self._load, self._gaps, self._looks = load, Counter[str](), 0
        self._begun: dict[str, float] = {}
        self._calls = Calls(load.concurrency)
        self._client = Client("iam", self._answer, load.latency)

    async def run(self) -> Outcome:
        clients: Any = SimpleNamespace(iam=self._client)
        self._collector = CredentialReportCollector(clients, self._load.report_timeout, random.Random(2))
        numbers = iter(range(self._load.accounts))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._load.accounts, self._load.concurrency * _ACCOUNTS_PER_CALL)):
                group.create_task(self._work(numbers))
        return Outcome(asyncio.get_running_loop().time(), self._gaps, self._looks)

    async def _work(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            await self._calls.room()
            await self._account(f"{number:012d}")

    async def _account(self, account_id: str) -> None:
        calls = calls_of(self._calls, account_id)
        await calls("assume", self._client.assume_role)
        further = range(self._load.calls_per_account - _REPORT_CALLS)
        others = [calls("fetch", self._client.list_things) for _ in further]
        await asyncio.gather(self._report(account_id, calls), *others)

    async def _report(self, account_id: str, calls: AccountCalls) -> None:
        try:
            await self._collector.collect(account_id, calls, {})
        except EvidenceError as error:
            self._gaps[error.code] += 1

    def _answer(self, operation: str, account_id: str) -> dict[str, Any]:
        now = asyncio.get_running_loop().time()
        if operation == "GenerateCredentialReport":
            is_ready = now >= self._begun.setdefault(account_id, now) + self._load.ready_after
            return {"State": "COMPLETE" if is_ready else "STARTED"}
        if operation == "GetCredentialReport":
            self._looks += 1
            if now < self._begun[account_id] + self._load.ready_after:
                raise failure("ReportInProgress", 404)
            return {"Content": b"", "GeneratedTime": MADE, "ResponseMetadata": {"RequestId": "r-1"}}
        return {}
