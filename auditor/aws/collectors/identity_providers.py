"""Collects the SAML and OpenID Connect providers that an account trusts."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.account_summary import counted
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import ACCOUNT_SUMMARY, IDENTITY_PROVIDERS, Evidence

_NONE = "the account summary counts no identity providers"


class IdentityProvidersCollector(JsonCollector):
    """Asks only where there are some, or nobody knows."""

    kind = IDENTITY_PROVIDERS
    actions = ("iam:ListOpenIDConnectProviders", "iam:ListSAMLProviders")
    after = (ACCOUNT_SUMMARY,)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        if counted(known, "Providers") == 0:
            return recorder.evidence(_NONE)
        for action in self.actions:
            await recorder.ask(self.clients.iam, action)
        return recorder.evidence()
