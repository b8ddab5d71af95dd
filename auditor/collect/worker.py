"""A further process of a run, seen from inside: it takes one account after the other and collects its evidence."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from auditor.aws.statistics import RunStatistics
from auditor.collect.assessing import Assessor
from auditor.collect.channel import Channel
from auditor.collect.interface import Access
from auditor.collect.plan import Collectors
from auditor.collect.team import ACCOUNT, FILES, GAPS
from auditor.model import Evidence, EvidenceFile
from auditor.store.evidence_files import EvidenceFiles

ACCOUNTS_PER_CALL = 32
"""While a report is being generated its account has no call in flight, so more accounts are open than calls."""


class AccountWorker:
    """Writes evidence into the snapshot's folder; all else is told to the first process."""

    def __init__(
        self, channel: Channel, access: Access, collectors: Collectors, timeout: float, statistics: RunStatistics
    ) -> None:
        self._channel, self._access, self._statistics = channel, access, statistics
        self._assessor = Assessor(collectors, timeout, self._store, access)
        self._files: EvidenceFiles | None = None

    async def work(self, concurrency: int) -> None:
        """Return when there is no account left."""
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency * ACCOUNTS_PER_CALL):
                group.create_task(self._take())
        self._channel.tell(done=True, statistics=self._statistics.taken())

    async def _take(self) -> None:
        while True:
            await self._access.room()
            answer = await self._channel.ask(want="account")
            if answer["account"] is None:
                return
            self._files = self._files or EvidenceFiles(Path(answer["snapshot"]))
            await self._collect(answer["account"])

    async def _collect(self, account: Any) -> None:
        gathering = await self._assessor.assess(ACCOUNT.validate_python(account))
        self._channel.tell(
            finished=account["id"],
            files=FILES.dump_python(tuple(gathering.files), mode="json"),
            gaps=GAPS.dump_python(tuple(gathering.gaps), mode="json"),
            statistics=self._statistics.taken(),
        )

    def _store(self, owner: str, evidence: Evidence) -> EvidenceFile:
        assert self._files  # noqa: S101 -- opened with the first account
        return self._files.store(owner, evidence)
