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

# Seconds between two looks: while few reports are waited for a look costs nothing, while many are they share so many
# looks a second. A report that takes long is looked for less and less: after a share of the time that has passed.
_QUIET, _CROWDED, _LONGEST = 0.7, 2.4, 15.0
_LOOKS_A_SECOND, _SHARE = 250, 0.12
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
        self._jitter = jitter or random.Random()  # noqa: S311 -- jitter is no secret
        self._waiting = 0

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        """The newest report AWS has: it makes at most one every four hours. Raises EvidenceError."""
        try:
            self._waiting += 1
            async with asyncio.timeout(self._timeout):
                answer = await self._fetched(calls)
        except TimeoutError:
            raise EvidenceError(
                "generate", "ReportTimeout", f"the report was not ready after {self._timeout:g} seconds"
            ) from None
        finally:
            self._waiting -= 1
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
        clock = asyncio.get_running_loop().time
        ready, began = await self._generated(calls), clock()
        while True:
            if not ready:
                await self._rest(clock() - began)
            try:
                return await calls("fetch", self._iam.get_credential_report)
            except EvidenceError as error:
                ready = await self._after(error, calls)

    async def _rest(self, waited: float) -> None:
        """Sleep until the next look at a report that is waited for since ``waited`` seconds."""
        crowd = min(_CROWDED, self._waiting / _LOOKS_A_SECOND)
        pause = min(_LONGEST, max(_QUIET, crowd, waited * _SHARE))
        await asyncio.sleep(pause * self._jitter.uniform(0.75, 1.25))

    async def _after(self, error: EvidenceError, calls: AccountCalls) -> bool:
        """Whether to fetch again at once; raises ``error`` when waiting does not help."""
        if error.code in _GENERATE_AGAIN:
            return await self._generated(calls)
        if error.code != _NOT_READY:
            raise error
        return False

    async def _generated(self, calls: AccountCalls) -> bool:
        """Ask for a report; true when AWS has one already."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            try:
                answer = await calls("generate", self._iam.generate_credential_report)
                return bool(answer.get("State") == "COMPLETE")
            except EvidenceError as error:
                if error.code != _NO_CAPACITY:
                    raise
            await self._rest(clock() - began)
