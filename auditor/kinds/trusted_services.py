"""Which AWS services may act in the whole organization."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, Table, shortened
from auditor.model import TRUSTED_SERVICES, Unit
from auditor.store.evidence import Document

_SERVICES = Call(
    "organizations:ListAWSServiceAccessForOrganization",
    items="EnabledServicePrincipals",
    probe=Probe({"MaxResults": 1}),
)


def _rows(_: str, document: Document) -> Iterator[Row]:
    services = sorted({service.get("ServicePrincipal", "") for _line, service in document.items(_SERVICES.items)})
    yield {"line": 1, "trusted": shortened(", ".join(services))}


KIND = Kind(
    name=TRUSTED_SERVICES,
    owner=Owner.ORGANIZATION,
    about="The AWS services that may act in the whole organization.",
    calls=(_SERVICES,),
    tables=(
        Table(
            Unit.ORGANIZATION,
            (Column("trusted", "str", "Service principals, sorted and joined by ', '."),),
            rows=_rows,
        ),
    ),
)
