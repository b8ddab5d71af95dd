"""Identity providers of accounts, and those that roles trust, some of which are gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from auditor.sandbox.evidence import PlantedEvidence, pick
from auditor.sandbox.operations import BoxedKind, Operation, Request


@dataclass(frozen=True, slots=True)
class Providers:
    """ARNs of an account's identity providers; ``trusted`` are those that roles trust, some of which may be gone."""

    saml: tuple[str, ...] = ()
    oidc: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()

    def below(self, prefix: str) -> Providers:
        """The same where only the last part of each ARN is given so far."""
        return Providers(*(tuple(prefix + name for name in names) for names in (self.saml, self.oidc, self.trusted)))


_CORPORATE, _OLD = "saml-provider/corporate", "saml-provider/old-corporate"
_GITHUB, _GITLAB = "oidc-provider/token.actions.githubusercontent.com", "oidc-provider/gitlab.com"
_GONE = "oidc-provider/former.example.com"
PROVIDERS = (
    Providers(),
    Providers(saml=(_CORPORATE,), trusted=(_CORPORATE,)),
    Providers(oidc=(_GITHUB,), trusted=(_GITHUB,)),
    Providers(saml=(_CORPORATE, _OLD), oidc=(_GITHUB, _GITLAB), trusted=(_CORPORATE, _GITHUB, _GITLAB)),
    Providers(saml=(_OLD,), trusted=(_GONE,)),
)


def planted_providers(evidence: PlantedEvidence) -> Providers:
    return pick(PROVIDERS, evidence.rank, 1).below(f"{evidence.prefix}:")


def _list_saml_providers(request: Request) -> dict[str, Any]:
    made = request.options.as_of - timedelta(days=700)
    dates = {"ValidUntil": made + timedelta(days=3650), "CreateDate": made}
    return {"SAMLProviderList": [{"Arn": arn, **dates} for arn in request.evidence.of(planted_providers).saml]}


def _list_open_id_connect_providers(request: Request) -> dict[str, Any]:
    return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in request.evidence.of(planted_providers).oidc]}


KIND = BoxedKind(
    "identity-providers",
    (
        Operation("iam:ListSAMLProviders", _list_saml_providers),
        Operation("iam:ListOpenIDConnectProviders", _list_open_id_connect_providers),
    ),
)
