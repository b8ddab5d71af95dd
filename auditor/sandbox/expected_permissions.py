"""The verdicts on permissions and access analyzers that a boxed account must get."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sandbox.evidence import Permissions, PlantedEvidence
from auditor.sandbox.expected_account import FAIL, MANUAL, NO_EVIDENCE, Judged

PERMISSION_CONTROLS = (
    *("user-permissions-via-groups", "no-full-admin-policy", "support-role-exists"),
    *("cloudshell-full-access-restricted", "resource-policy-no-open-principal"),
)


def permissions_judged(permissions: Permissions, had: bool) -> Iterator[Judged]:
    """All that is not a pass; ``had`` says that the authorization details were collected."""
    if not had:
        yield from ((NO_EVIDENCE, control, "") for control in PERMISSION_CONTROLS)
        return
    for boxed in permissions.users:
        if boxed.grants.inline or boxed.grants.attached:
            yield FAIL, "user-permissions-via-groups", boxed.user.name
    yield from _full_admin(permissions)
    if not _attached_to_role(permissions, "AWSSupportAccess"):
        yield FAIL, "support-role-exists", ""
    if permissions.attachments()["AWSCloudShellFullAccess"]:
        yield MANUAL, "cloudshell-full-access-restricted", ""
    is_open = any(role.trusts_all for role in permissions.roles)
    yield FAIL if is_open else MANUAL, "resource-policy-no-open-principal", ""


def _full_admin(permissions: Permissions) -> Iterator[Judged]:
    attached = permissions.attachments()
    for policy in permissions.policies:
        if not attached[policy.name]:
            continue
        if policy.allows_all:
            yield FAIL, "no-full-admin-policy", policy.name
        elif policy.allows_all is None:
            yield NO_EVIDENCE, "no-full-admin-policy", ""


def _attached_to_role(permissions: Permissions, name: str) -> bool:
    return any(policy.name == name for role in permissions.roles for policy in role.grants.attached)


def covered_regions(evidence: PlantedEvidence) -> frozenset[str]:
    """The regions where this account's analyzers look at the whole organization."""
    return frozenset(a.region for a in evidence.analyzers if a.type == "ORGANIZATION" and a.status == "ACTIVE")


def analyzers_judged(
    evidence: PlantedEvidence, covered: frozenset[str], silent: frozenset[str] | None
) -> Iterator[Judged]:
    """``covered`` are regions where an analyzer of the organization works, ``silent`` those that gave no answer.

    ``silent`` is None when nothing was collected.
    """
    if silent is None:
        yield NO_EVIDENCE, "access-analyzer-all-regions", ""
        return
    working = {a.region for a in evidence.analyzers if a.status == "ACTIVE" and a.type in ("ACCOUNT", "ORGANIZATION")}
    missing = set(evidence.regions) - covered - (working - silent)
    if missing - silent:
        yield FAIL, "access-analyzer-all-regions", ""
    elif missing:
        yield NO_EVIDENCE, "access-analyzer-all-regions", ""
