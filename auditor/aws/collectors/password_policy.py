"""Collects the account password policy; that there is none is an answer, not a gap."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import PASSWORD_POLICY, Evidence

_NONE = "NoSuchEntity"


class PasswordPolicyCollector(JsonCollector):
    """One call."""

    kind = PASSWORD_POLICY
    actions = ("iam:GetAccountPasswordPolicy",)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        await recorder.ask(self.clients.iam, "iam:GetAccountPasswordPolicy", accepted={_NONE})
        return recorder.evidence()
