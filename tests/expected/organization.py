"""The verdicts on the organization as a whole; they stand in the row of the management account."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sandbox.evidence import OrganizationEvidence
from auditor.sandbox.kinds.organization_features import planted_features
from auditor.sandbox.kinds.resource_policy import planted_resource_policy
from tests.expected.account import FAIL, MANUAL, NO_EVIDENCE, Judged, Kinds

_DECIDED = {
    "org-root-access-centralized": "organization-features",
    "org-policies-delegated-admin": "resource-policy",
}
_MANUAL = (
    *("org-guardrail-policies", "org-management-account-no-workloads", "org-ou-structured"),
    "org-services-delegated-admins",
)


def organization_judged(organization: OrganizationEvidence, had: Kinds) -> Iterator[Judged]:
    """All that is not a pass."""
    met = {
        "org-root-access-centralized": "RootCredentialsManagement" in organization.of(planted_features),
        "org-policies-delegated-admin": bool(organization.of(planted_resource_policy)),
    }
    for control, kind in _DECIDED.items():
        if kind not in had:
            yield NO_EVIDENCE, control, ""
        elif not met[control]:
            yield FAIL, control, ""
    yield from ((MANUAL, control, "") for control in _MANUAL)
