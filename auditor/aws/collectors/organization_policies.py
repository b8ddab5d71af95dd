"""Collects the service and resource control policies of the organization, their content and where they apply."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import ORGANIZATION_POLICIES, Evidence

_TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")


class OrganizationPoliciesCollector(JsonCollector):
    """A call for each type, and two for each policy."""

    kind = ORGANIZATION_POLICIES
    actions = ("organizations:DescribePolicy", "organizations:ListPolicies", "organizations:ListTargetsForPolicy")

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder, client = Recorder(self.kind, calls), self.clients.organizations
        ids: list[str] = []
        for kind in _TYPES:
            async for page in recorder.pages(client, "organizations:ListPolicies", Filter=kind):
                ids += [policy["Id"] for policy in page.get("Policies", [])]
        for policy_id in ids:
            await recorder.ask(client, "organizations:DescribePolicy", PolicyId=policy_id)
            async for _ in recorder.pages(client, "organizations:ListTargetsForPolicy", PolicyId=policy_id):
                pass
        return recorder.evidence()
