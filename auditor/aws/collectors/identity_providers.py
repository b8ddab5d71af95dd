"""Collects the SAML and OpenID Connect providers of an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.account_summary import counted
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import ACCOUNT_SUMMARY, AUTHORIZATION_DETAILS, IDENTITY_PROVIDERS, Evidence


@dataclass(frozen=True)
class _Providers:
    """``mark`` stands in the ARN of each such provider, so also in the trust policy of each role that trusts it."""

    name: str
    action: str
    listed: str
    mark: bytes


_SAML = _Providers("SAML", "iam:ListSAMLProviders", "SAMLProviderList", b":saml-provider/")
_OIDC = _Providers("OpenID Connect", "iam:ListOpenIDConnectProviders", "OpenIDConnectProviderList", b":oidc-provider/")
_NONE = "the account summary counts no identity providers"


class IdentityProvidersCollector(JsonCollector):
    """Asks only where there are some, or nobody knows; for the second kind only where the first is not all.

    The summary counts both kinds together. SAML comes first: IAM Identity Center puts such a provider into every
    account that it serves, so most accounts have that one and no other. Where roles trust OpenID Connect alone, that
    comes first.
    """

    kind = IDENTITY_PROVIDERS
    actions = (_OIDC.action, _SAML.action)
    after = (ACCOUNT_SUMMARY, AUTHORIZATION_DETAILS)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder, total = Recorder(self.kind, calls), counted(known, "Providers")
        if total == 0:
            return recorder.evidence(_NONE)
        first, second = _in_order(known)
        answer = await recorder.ask(self.clients.iam, first.action)
        if total is not None and len((answer or {}).get(first.listed, [])) == total:
            return recorder.evidence(_all_told(total, first, second))
        await recorder.ask(self.clients.iam, second.action)
        return recorder.evidence()


def _in_order(known: Mapping[str, Evidence]) -> tuple[_Providers, _Providers]:
    """Which list to ask for first: a guess, on which nothing but the number of calls depends."""
    details = known[AUTHORIZATION_DETAILS].content if AUTHORIZATION_DETAILS in known else b""
    return (_OIDC, _SAML) if _OIDC.mark in details and _SAML.mark not in details else (_SAML, _OIDC)


def _all_told(total: int, first: _Providers, second: _Providers) -> str:
    providers = f"{total} identity provider{'' if total == 1 else 's'}"
    return (
        f"{second.action} was not called: the account summary counts {providers}, "
        f"and as many {first.name} providers are listed"
    )
