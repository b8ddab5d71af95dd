"""The instances of IAM Identity Center; the home region is not known, so every region is asked."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, Table
from auditor.model import IDENTITY_CENTER, Unit
from auditor.store.evidence import Document

_INSTANCES = Call(
    "sso:ListInstances",
    service="sso-admin",
    items="Instances",
    in_each_region=True,
    probe=Probe({"MaxResults": 1}),
)


def _rows(_: str, document: Document) -> Iterator[Row]:
    texts = [
        f"{instance.get('InstanceArn', '')} in {answer.region}"
        for answer in document.answers
        for _line, instance in answer.items(_INSTANCES.items)
    ]
    if unanswered := sorted({answer.region for answer in document.answers if answer.error}):
        texts.append(f"not known in {', '.join(unanswered)}")
    yield {"line": 1, "identity_center": ", ".join(texts)}


KIND = Kind(
    name=IDENTITY_CENTER,
    owner=Owner.ORGANIZATION,
    about="The instances of IAM Identity Center.",
    calls=(_INSTANCES,),
    tables=(
        Table(
            Unit.ORGANIZATION,
            (Column("identity_center", "str", "ARN and region of each instance, and where that is not known."),),
            rows=_rows,
        ),
    ),
)
