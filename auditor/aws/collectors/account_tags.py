"""Collects the tags that the organization has put on its accounts; a call each, so only where they matter."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.aws.organization import AwsDirectory
from auditor.aws.session import Clients
from auditor.model import ACCOUNT_TAGS, Evidence


class AccountTagsCollector(JsonCollector):
    """A call for each account, one after another, once all accounts are listed."""

    kind = ACCOUNT_TAGS
    actions = ("organizations:ListTagsForResource",)

    def __init__(self, clients: Clients, directory: AwsDirectory) -> None:
        super().__init__(clients)
        self._directory = directory

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        for account_id in await self._directory.listed:
            tags = recorder.pages(
                self.clients.organizations, "organizations:ListTagsForResource", ResourceId=account_id
            )
            async for _ in tags:
                pass
        return recorder.evidence()
