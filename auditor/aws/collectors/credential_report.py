"""Collects the IAM credential report of one account: generate, wait, fetch, keep the exact bytes."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime

from auditor.aws.assume import AccountCalls
from auditor.aws.calls import Response
from auditor.aws.session import Clients
from auditor.errors import EvidenceError
from auditor.kinds.credential_report import EXPIRED, KIND, NO_CAPACITY, NOT_PRESENT, NOT_READY, report_parser
from auditor.kinds.credential_report.plain_report import is_plain
from auditor.model import CREDENTIAL_REPORT, Evidence

# Seconds between two looks: while few reports are waited for a look costs nothing, while many are they share so many
# looks a second. A report that takes long is looked for less and less: after a share of the time that has passed.
_SHORTEST, _QUIET, _CROWDED, _LONGEST = 0.05, 0.7, 2.4, 15.0
_LOOKS_A_SECOND, _SHARE = 250, 0.12
_GENERATE_AGAIN = frozenset({NOT_PRESENT, EXPIRED})


class _Stopwatch:
    """How long AWS has taken so far, and ``timeout`` seconds at most: counted from its first answer to its last one.

    What our own calls wait for before they are made is no time of AWS: only an answer ends the waiting, or a call that
    is made and not answered for ``timeout`` seconds.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout, self._began = timeout, math.inf

    @property
    def seconds(self) -> float:
        return max(0.0, asyncio.get_running_loop().time() - self._began)

    @property
    def left(self) -> float:
        return self._timeout - self.seconds

    def start(self) -> None:
        """AWS has answered for the first time."""
        self._began = min(self._began, asyncio.get_running_loop().time())

    def check(self) -> None:
        """AWS has just answered that there is no report yet. Raises EvidenceError when it has taken too long."""
        if self.left <= 0:
            raise self.late

    @property
    def late(self) -> EvidenceError:
        message = f"the report was not ready after {self._timeout:g} seconds"
        return EvidenceError("generate", "ReportTimeout", message)


class CredentialReportCollector:
    """``timeout``: seconds that AWS may take until a report that is not ready becomes a gap."""

    kind = CREDENTIAL_REPORT
    actions, after = KIND.actions, KIND.after

    def __init__(self, clients: Clients, timeout: float, jitter: random.Random | None = None) -> None:
        self._iam, self._timeout = clients.iam, timeout
        self._jitter = jitter or random.Random()  # noqa: S311 -- jitter is no secret
        self._waiting = 0

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        """The newest report AWS has: it makes at most one every four hours. Raises EvidenceError."""
        stopwatch = _Stopwatch(self._timeout)
        self._waiting += 1
        try:
            answer = await self._fetched(calls, stopwatch)
        except TimeoutError:
            raise stopwatch.late from None
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
        if not is_plain(evidence.content, owner_id):
            report_parser.check_values(report_parser.parse(evidence.content, owner_id))

    async def _fetched(self, calls: AccountCalls, stopwatch: _Stopwatch) -> Response:
        """Raises TimeoutError where a call is not answered."""
        ready = await self._generated(calls, stopwatch)
        while True:
            if not ready:
                await self._rest(stopwatch)
            try:
                return await calls.within(self._timeout, "fetch", self._iam.get_credential_report)
            except EvidenceError as error:
                await self._after(error, calls, stopwatch)
                ready = False  # whatever AWS says: a report that could not be had is not asked for again at once

    async def _rest(self, stopwatch: _Stopwatch) -> None:
        """Sleep until the next look at a report, or until the last one that there is time for."""
        crowd = min(_CROWDED, self._waiting / _LOOKS_A_SECOND)
        pause = min(_LONGEST, max(_QUIET, crowd, stopwatch.seconds * _SHARE)) * self._jitter.uniform(0.75, 1.25)
        await asyncio.sleep(max(_SHORTEST, min(pause, stopwatch.left)))

    async def _after(self, error: EvidenceError, calls: AccountCalls, stopwatch: _Stopwatch) -> None:
        """Raises ``error`` when waiting does not help, and another when it has lasted too long."""
        if error.code not in {*_GENERATE_AGAIN, NOT_READY}:
            raise error
        stopwatch.check()
        if error.code in _GENERATE_AGAIN:
            await self._generated(calls, stopwatch)

    async def _generated(self, calls: AccountCalls, stopwatch: _Stopwatch) -> bool:
        """Ask for a report; true when AWS has one already."""
        while True:
            try:
                answer = await calls.within(self._timeout, "generate", self._iam.generate_credential_report)
                stopwatch.start()
                return bool(answer.get("State") == "COMPLETE")
            except EvidenceError as error:
                if error.code != NO_CAPACITY:
                    raise
            stopwatch.start()
            stopwatch.check()
            await self._rest(stopwatch)
