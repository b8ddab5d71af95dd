"""The accounts that administer AWS services for the whole organization, and which services each administers."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import Call, Column, EachItem, Kind, Owner, Probe, Row, Table, shortened
from auditor.model import DELEGATED_ADMINISTRATORS, Unit
from auditor.store.evidence import Document

_ADMINISTRATORS = Call(
    "organizations:ListDelegatedAdministrators",
    items="DelegatedAdministrators",
    probe=Probe({"MaxResults": 1}),
)
_NOT_REGISTERED = "AccountNotRegisteredException"
_SERVICES = Call(
    "organizations:ListDelegatedServicesForAccount",
    items="DelegatedServices",
    answers=(_NOT_REGISTERED, "AccountNotFoundException"),  # it is none any more
    for_each=EachItem("DelegatedAdministrators", "Id", "AccountId"),
    probe=Probe(harmless=(_NOT_REGISTERED,), caller_in="AccountId"),
)
_ANALYZER_SERVICE = "access-analyzer.amazonaws.com"


def _rows(_: str, document: Document) -> Iterator[Row]:
    of_services = [answer for answer in document.answers if answer.operation == _SERVICES.action]
    services: dict[str, list[str]] = {}
    for answer in of_services:
        for _line, service in answer.items(_SERVICES.items):
            services.setdefault(str(answer.parameters.get("AccountId")), []).append(service["ServicePrincipal"])
    names = {a["Id"]: a.get("Name", "") for _line, a in document.items(_ADMINISTRATORS.items)}
    unknown = {str(answer.parameters.get("AccountId")) for answer in document.answers if answer.error}
    texts = []
    for account, name in names.items():
        nothing = "not known" if account in unknown else ""
        texts.append(f"{account} ({name}): {', '.join(sorted(set(services.get(account, ())))) or nothing}")
    answered = {answer.parameters.get("AccountId") for answer in of_services if not answer.error}
    of_analyzers = [a for a in names if a not in answered or _ANALYZER_SERVICE in services.get(a, ())]
    yield {
        "line": 1,
        "administrators": shortened("; ".join(texts)),
        "analyzer_administrators": " ".join(sorted(of_analyzers)),
    }


KIND = Kind(
    name=DELEGATED_ADMINISTRATORS,
    owner=Owner.ORGANIZATION,
    about="The accounts that administer AWS services for the whole organization.",
    calls=(_ADMINISTRATORS, _SERVICES),
    tables=(
        Table(
            Unit.ORGANIZATION,
            (
                Column("administrators", "str", "Accounts, each with the services that it administers."),
                Column(
                    "analyzer_administrators", "str", "Accounts that may administer Access Analyzer, joined by blanks."
                ),
            ),
            rows=_rows,
        ),
    ),
)
