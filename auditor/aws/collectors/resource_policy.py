"""Collects the organization's resource policy, which hands the running of its policies to member accounts."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import RESOURCE_POLICY, Evidence

_NONE = "ResourcePolicyNotFoundException"


class ResourcePolicyCollector(JsonCollector):
    """One call; that there is no policy is an answer, not a gap."""

    kind = RESOURCE_POLICY
    actions = ("organizations:DescribeResourcePolicy",)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        await recorder.ask(self.clients.organizations, "organizations:DescribeResourcePolicy", accepted={_NONE})
        return recorder.evidence()
