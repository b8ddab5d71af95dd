"""Collects which AWS services may act in the whole organization."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import TRUSTED_SERVICES, Evidence


class TrustedServicesCollector(JsonCollector):
    """As many calls as there are pages."""

    kind = TRUSTED_SERVICES
    actions = ("organizations:ListAWSServiceAccessForOrganization",)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        async for _ in recorder.pages(self.clients.organizations, "organizations:ListAWSServiceAccessForOrganization"):
            pass
        return recorder.evidence()
