"""Collects whom AWS writes to: the security contact and the primary contact of one account."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder, first_trouble
from auditor.model import CONTACTS, Evidence

_NONE = "ResourceNotFoundException"


class ContactsCollector(JsonCollector):
    """Two calls, neither of which costs the other its answer; that no contact is on file is an answer, not a gap."""

    kind = CONTACTS
    actions = ("account:GetAlternateContact", "account:GetContactInformation")

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        account = await self.clients.client("account")
        await recorder.attempt(account, "account:GetAlternateContact", AlternateContactType="SECURITY")
        await recorder.attempt(account, "account:GetContactInformation")
        return recorder.evidence()

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """A contact that may not be read is a gap, and costs nothing of what the other call answered."""
        if error := first_trouble(evidence.content, {_NONE}):
            raise error
