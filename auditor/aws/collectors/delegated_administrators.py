"""Collects which member accounts administer which services for the organization."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import DELEGATED_ADMINISTRATORS, Evidence


class DelegatedAdministratorsCollector(JsonCollector):
    """A call, and one for each delegated administrator."""

    kind = DELEGATED_ADMINISTRATORS
    actions = ("organizations:ListDelegatedAdministrators", "organizations:ListDelegatedServicesForAccount")

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder, client = Recorder(self.kind, calls), self.clients.organizations
        ids: list[str] = []
        async for page in recorder.pages(client, "organizations:ListDelegatedAdministrators"):
            ids += [admin["Id"] for admin in page.get("DelegatedAdministrators", [])]
        for account_id in ids:
            services = recorder.pages(client, "organizations:ListDelegatedServicesForAccount", AccountId=account_id)
            async for _ in services:
                pass
        return recorder.evidence()
