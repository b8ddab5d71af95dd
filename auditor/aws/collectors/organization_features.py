"""Collects whether root access of the member accounts is managed centrally."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import ORGANIZATION_FEATURES, Evidence

# IAM answers these where the feature was never switched on for the organization.
_NONE = ("OrganizationNotInAllFeaturesModeException", "ServiceAccessNotEnabledException")


class OrganizationFeaturesCollector(JsonCollector):
    """One call."""

    kind = ORGANIZATION_FEATURES
    actions = ("iam:ListOrganizationsFeatures",)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        await recorder.ask(self.clients.iam, "iam:ListOrganizationsFeatures", accepted=_NONE)
        return recorder.evidence()
