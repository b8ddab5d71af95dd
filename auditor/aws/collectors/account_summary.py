"""Collects IAM's own counts of one account: users, root's keys and MFA, certificates, identity providers."""

from __future__ import annotations

from collections.abc import Mapping

from auditor import evidence
from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import ACCOUNT_SUMMARY, Evidence


class AccountSummaryCollector(JsonCollector):
    """One call."""

    kind = ACCOUNT_SUMMARY
    actions = ("iam:GetAccountSummary",)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        await recorder.ask(self.clients.iam, "iam:GetAccountSummary")
        return recorder.evidence()


def counted(known: Mapping[str, Evidence], name: str) -> int | None:
    """What the account summary counts under ``name``; None where there is no summary or no such count."""
    if ACCOUNT_SUMMARY not in known:
        return None
    answers = evidence.read(known[ACCOUNT_SUMMARY].content).answers
    count = (answers[0].response or {}).get("SummaryMap", {}).get(name) if answers else None
    return count if isinstance(count, int) else None
