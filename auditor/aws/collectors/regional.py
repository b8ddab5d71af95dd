"""What the collectors share that ask every region of an account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder, first_trouble
from auditor.aws.session import Clients
from auditor.model import Evidence

REGIONS = "ec2:DescribeRegions"


class RegionalCollector(JsonCollector):
    """Asks ``action`` of ``service`` in the given ``regions``, else in those that are enabled in the account.

    A region that does not answer is a gap; what the others answered is kept.
    """

    service: str
    action: str
    parameters: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, clients: Clients, regions: Sequence[str] = ()) -> None:
        super().__init__(clients)
        self._regions = regions

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        regions = self._regions or await self._enabled(recorder)
        parts = [Recorder(self.kind, calls) for _ in regions]
        await asyncio.gather(*(self._ask(part, region) for part, region in zip(parts, regions, strict=True)))
        recorder.answers += [answer for part in parts for answer in part.answers]
        return recorder.evidence()

    def check(self, owner_id: str, evidence: Evidence) -> None:
        if error := first_trouble(evidence.content):
            raise error

    async def _enabled(self, recorder: Recorder) -> list[str]:
        answer = await recorder.ask(await self.clients.client("ec2"), REGIONS)
        return sorted(region["RegionName"] for region in (answer or {}).get("Regions", []))

    async def _ask(self, recorder: Recorder, region: str) -> None:
        client = await self.clients.client(self.service, region)
        await recorder.attempt(client, self.action, region, **self.parameters)
