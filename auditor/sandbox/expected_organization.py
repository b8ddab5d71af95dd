"""The verdicts on the organization as a whole; they stand in the row of the management account."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sandbox.expected_account import FAIL, MANUAL, NO_EVIDENCE, Judged, Kinds
from auditor.sandbox.guardrails import OrganizationFacts

_DECIDED = {
    "org-root-access-centralized": "organization-features",
    "org-policies-delegated-admin": "resource-policy",
}
_MANUAL = (
    *("org-guardrail-policies", "org-management-account-no-workloads", "org-ou-structured"),
    "org-services-delegated-admins",
)


def organization_judged(facts: OrganizationFacts, had: Kinds) -> Iterator[Judged]:
    """All that is not a pass."""
    met = {
        "org-root-access-centralized": "RootCredentialsManagement" in facts.features,
        "org-policies-delegated-admin": bool(facts.resource_policy),
    }
    for control, kind in _DECIDED.items():
        if kind not in had:
            yield NO_EVIDENCE, control, ""
        elif not met[control]:
            yield FAIL, control, ""
    yield from ((MANUAL, control, "") for control in _MANUAL)
