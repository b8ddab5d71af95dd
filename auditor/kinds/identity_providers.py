"""The SAML and OpenID Connect providers of an account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.kinds.account_summary import count_of
from auditor.kinds.declaration import Call, Column, Kind, KnownEvidence, Owner, Recorder, Row, Table
from auditor.model import ACCOUNT_SUMMARY, AUTHORIZATION_DETAILS, IDENTITY_PROVIDERS, Unit
from auditor.store.evidence import Document


@dataclass(frozen=True)
class _Providers:
    """``mark`` stands in the ARN of each such provider, so also in the trust policy of each role that trusts it."""

    name: str
    call: Call
    mark: bytes


_SAML = _Providers("SAML", Call("iam:ListSAMLProviders", items="SAMLProviderList"), b":saml-provider/")
_OIDC = _Providers(
    "OpenID Connect",
    Call("iam:ListOpenIDConnectProviders", items="OpenIDConnectProviderList"),
    b":oidc-provider/",
)


def _spared(known: KnownEvidence) -> str:
    """Asked only where there are some, or nobody knows."""
    return "the account summary counts no identity providers" if count_of(known, "Providers") == 0 else ""


async def _collect(recorder: Recorder, _: str, known: KnownEvidence) -> str:
    """The second list is asked for only where the first is not all: the summary counts both kinds together."""
    total, (first, second) = count_of(known, "Providers"), _in_order(known)
    pages = await recorder.ask(first.call)
    if total is not None and sum(len(page.get(first.call.items, [])) for page in pages) == total:
        return _why_no_second(total, first, second)
    await recorder.ask(second.call)
    return ""


def _in_order(known: KnownEvidence) -> tuple[_Providers, _Providers]:
    """Which list to ask for first: a guess, on which nothing but the number of calls depends.

    SAML comes first: IAM Identity Center puts such a provider into every account that it serves, so most accounts have
    that one and no other. Where roles trust OpenID Connect alone, that comes first.
    """
    details = known[AUTHORIZATION_DETAILS].content if AUTHORIZATION_DETAILS in known else b""
    return (_OIDC, _SAML) if _OIDC.mark in details and _SAML.mark not in details else (_SAML, _OIDC)


def _why_no_second(total: int, first: _Providers, second: _Providers) -> str:
    providers = f"{total} identity provider{'' if total == 1 else 's'}"
    return (
        f"{second.call.action} was not called: the account summary counts {providers}, "
        f"and as many {first.name} providers are listed"
    )


def _rows(_: str, document: Document) -> Iterator[Row]:
    listed = [*document.items(_SAML.call.items), *document.items(_OIDC.call.items)]
    names = [str(provider.get("Arn", "")).partition("/")[2] for _, provider in listed]
    yield {"line": document.answers[0].line if document.answers else 1, "providers": ", ".join(names)}


KIND = Kind(
    name=IDENTITY_PROVIDERS,
    owner=Owner.ACCOUNT,
    about="The SAML and OpenID Connect providers that an account trusts.",
    calls=(_OIDC.call, _SAML.call),
    after=(ACCOUNT_SUMMARY, AUTHORIZATION_DETAILS),
    spared=_spared,
    collect=_collect,
    tables=(
        Table(
            Unit.ACCOUNT,
            # The last part of each ARN.
            (Column("providers", "str", "Names of the providers, joined by ', '; empty for none."),),
            name="identity_providers",
            about="The SAML and OpenID Connect providers of each account.",
            rows=_rows,
        ),
    ),
)
