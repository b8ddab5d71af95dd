"""Collects the IAM credential report of one account: generate, wait, fetch, keep the exact bytes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime

from auditor import credential_report
from auditor.aws.assume import AccountCalls
from auditor.aws.calls import Response
from auditor.aws.session import Clients
from auditor.errors import EvidenceError
from auditor.model import CREDENTIAL_REPORT, Evidence

# Seconds between two looks, factor, seconds. Reports take seconds: a pause that grows fast is long when one gets ready.
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 1.2, 1.06, 15.0
_NOT_READY = "ReportInProgress"
_GENERATE_AGAIN = frozenset({"ReportNotPresent", "ReportExpired"})
_NO_CAPACITY = "LimitExceeded"  # AWS runs out of report generation tasks at times


class CredentialReportCollector:
    """``timeout``: seconds until a report that does not get ready becomes a gap."""

    kind = CREDENTIAL_REPORT
    actions = ("iam:GenerateCredentialReport", "iam:GetCredentialReport")
    after: tuple[str, ...] = ()

    def __init__(self, clients: Clients, timeout: float, jitter: random.Random | None = None) -> None:
        self._iam, self._timeout = clients.iam, timeout
        self._jitter = jitter or random.Random()

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        """The newest report AWS has: it makes at most one every four hours. Raises EvidenceError."""
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._fetched(calls)
        except TimeoutError:
            raise EvidenceError(
                "generate", "ReportTimeout", f"the report was not ready after {self._timeout:g} seconds"
            ) from None
        return Evidence(
            kind=self.kind,
            content=answer["Content"],
            suffix="csv",
            request_id=answer["ResponseMetadata"]["RequestId"],
            collected_at=datetime.now(UTC).replace(microsecond=0),
            generated_at=answer["GeneratedTime"],
        )

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """Raises EvidenceError when the report cannot be used, WrongAccountError when it is another account's."""
        credential_report.check_values(credential_report.parse(evidence.content, owner_id))

    async def _fetched(self, calls: AccountCalls) -> Response:
        pause, ready = _FIRST_PAUSE, await self._generated(calls)
        while True:
            if not ready:
                await asyncio.sleep(pause * self._jitter.uniform(0.75, 1.25))
                pause = min(_LONGEST_PAUSE, pause * _GROWTH)
            try:
                return await calls("fetch", self._iam.get_credential_report)
            except EvidenceError as error:
                ready = await self._after(error, calls)

    async def _after(self, error: EvidenceError, calls: AccountCalls) -> bool:
        """Whether to fetch again at once; raises ``error`` when waiting does not help."""
        if error.code in _GENERATE_AGAIN:
            return await self._generated(calls)
        if error.code != _NOT_READY:
            raise error
        return False

    async def _generated(self, calls: AccountCalls) -> bool:
        """Ask for a report; true when AWS has one already."""
        pause = _FIRST_PAUSE
        while True:
            try:
                answer = await calls("generate", self._iam.generate_credential_report)
                return bool(answer.get("State") == "COMPLETE")
            except EvidenceError as error:
                if error.code != _NO_CAPACITY:
                    raise
            await asyncio.sleep(pause * self._jitter.uniform(0.75, 1.25))
            pause = min(_LONGEST_PAUSE, pause * _GROWTH)
