"""Whether root access of the member accounts is managed centrally."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, Table
from auditor.model import ORGANIZATION_FEATURES, Unit
from auditor.store.answers import error_of, first_response, line_of
from auditor.store.evidence import Document

# IAM answers these where the feature was never switched on for the organization.
_NONE = ("OrganizationNotInAllFeaturesModeException", "ServiceAccessNotEnabledException")
FEATURES = Call("iam:ListOrganizationsFeatures", answers=_NONE, probe=Probe(harmless=_NONE))


def _rows(_: str, document: Document) -> Iterator[Row]:
    features = first_response(document, FEATURES.action).get("EnabledFeatures", [])
    yield {
        "line": line_of(document, FEATURES.action),
        "features": ", ".join(sorted(features)),
        "features_error": error_of(document, FEATURES.action),
    }


KIND = Kind(
    name=ORGANIZATION_FEATURES,
    owner=Owner.ORGANIZATION,
    about="Whether root access of the member accounts is managed centrally.",
    calls=(FEATURES,),
    tables=(
        Table(
            Unit.ORGANIZATION,
            (
                Column("features", "str", "Enabled features, sorted and joined by ', '."),
                Column("features_error", "str", "Error code by which AWS says that none is enabled."),
            ),
            rows=_rows,
        ),
    ),
)
