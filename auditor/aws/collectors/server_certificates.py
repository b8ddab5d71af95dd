"""Collects the server certificates that are kept in IAM."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.account_summary import counted
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import LARGEST_PAGE, Recorder
from auditor.model import ACCOUNT_SUMMARY, SERVER_CERTIFICATES, Evidence

_NONE = "the account summary counts no server certificates"


class ServerCertificatesCollector(JsonCollector):
    """Asks only where there are some, or nobody knows."""

    kind = SERVER_CERTIFICATES
    actions = ("iam:ListServerCertificates",)
    after = (ACCOUNT_SUMMARY,)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        if counted(known, "ServerCertificates") == 0:
            return recorder.evidence(_NONE)
        async for _ in recorder.pages(self.clients.iam, "iam:ListServerCertificates", MaxItems=LARGEST_PAGE):
            pass
        return recorder.evidence()
