"""Collects the SAML and OpenID Connect providers that an account trusts."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.account_summary import counted
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import ACCOUNT_SUMMARY, IDENTITY_PROVIDERS, Evidence

_SAML, _OIDC = "iam:ListSAMLProviders", "iam:ListOpenIDConnectProviders"
_NONE = "the account summary counts no identity providers"


class IdentityProvidersCollector(JsonCollector):
    """Asks only where there are some, or nobody knows; for the second kind only where the first is not all.

    The summary counts both kinds together. SAML comes first: IAM Identity Center puts such a provider into every
    account that it serves, so most accounts have that one and no other.
    """

    kind = IDENTITY_PROVIDERS
    actions = (_OIDC, _SAML)
    after = (ACCOUNT_SUMMARY,)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder, total = Recorder(self.kind, calls), counted(known, "Providers")
        if total == 0:
            return recorder.evidence(_NONE)
        answer = await recorder.ask(self.clients.iam, _SAML)
        if total is not None and len((answer or {}).get("SAMLProviderList", [])) == total:
            return recorder.evidence(_all_told(total))
        await recorder.ask(self.clients.iam, _OIDC)
        return recorder.evidence()


def _all_told(total: int) -> str:
    providers = f"{total} identity provider{'' if total == 1 else 's'}"
    return f"{_OIDC} was not called: the account summary counts {providers}, and as many SAML providers are listed"
