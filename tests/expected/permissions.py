"""The verdicts on permissions and access analyzers that a boxed account must get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.kinds.access_analyzers import Analyzer, planted_analyzers
from auditor.sandbox.permissions import Permissions
from auditor.sandbox.policies import INLINE
from tests.expected.account import FAIL, MANUAL, NO_EVIDENCE, Judged

PERMISSION_CONTROLS = (
    *("user-permissions-via-groups", "no-full-admin-policy", "support-role-exists"),
    *("cloudshell-full-access-restricted", "resource-policy-no-open-principal"),
    *("no-near-admin-policy", "no-inline-full-admin", "no-inline-near-admin"),
)
# What the inline policies of a box are, by their text: (allows everything, makes a near-administrator).
_INLINE = {text: truth for _, text, *truth in INLINE}


def permissions_judged(permissions: Permissions, had: bool) -> Iterator[Judged]:
    """All that is not a pass; ``had`` says that the authorization details were collected."""
    if not had:
        yield from ((NO_EVIDENCE, control, "") for control in PERMISSION_CONTROLS)
        return
    for boxed in permissions.users:
        if boxed.grants.inline or boxed.grants.attached:
            yield FAIL, "user-permissions-via-groups", boxed.user.name
    yield from _full_admin(permissions)
    yield from _near_admin(permissions)
    yield from _inline(permissions)
    if not _attached_to_role(permissions, "AWSSupportAccess"):
        yield FAIL, "support-role-exists", ""
    if permissions.attachments()["AWSCloudShellFullAccess"]:
        yield MANUAL, "cloudshell-full-access-restricted", ""
    yield from ((FAIL, "resource-policy-no-open-principal", role.name) for role in permissions.roles if role.trusts_all)
    yield MANUAL, "resource-policy-no-open-principal", ""


def _full_admin(permissions: Permissions) -> Iterator[Judged]:
    attached = permissions.attachments()
    for policy in permissions.policies:
        if not attached[policy.name]:
            continue
        if policy.allows_all:
            yield FAIL, "no-full-admin-policy", policy.name
        elif policy.allows_all is None:
            yield NO_EVIDENCE, "no-full-admin-policy", ""


def _near_admin(permissions: Permissions) -> Iterator[Judged]:
    attached = permissions.attachments()
    for policy in permissions.policies:
        if attached[policy.name] and policy.allows_all is None:
            yield NO_EVIDENCE, "no-near-admin-policy", ""
        elif attached[policy.name] and policy.writes_permissions:
            yield FAIL, "no-near-admin-policy", policy.name


def _inline(permissions: Permissions) -> Iterator[Judged]:
    named = [(boxed.user.name, boxed.grants) for boxed in permissions.users]
    named += [(group.name, group.grants) for group in permissions.groups]
    named += [(role.name, role.grants) for role in permissions.roles]
    for number, control in enumerate(("no-inline-full-admin", "no-inline-near-admin")):
        for name, grants in named:
            truths = [_INLINE.get(text, (False, False))[number] for _, text in grants.inline]
            if True in truths:
                yield FAIL, control, name
            elif None in truths:
                yield NO_EVIDENCE, control, ""


def _attached_to_role(permissions: Permissions, name: str) -> bool:
    return any(policy.name == name for role in permissions.roles for policy in role.grants.attached)


def covered_regions(evidence: PlantedEvidence) -> frozenset[str]:
    """The regions where this account's analyzers look at the whole organization."""
    return frozenset(a.region for a in _working(evidence) if a.type == "ORGANIZATION")


def _working(evidence: PlantedEvidence) -> list[Analyzer]:
    return [analyzer for analyzer in evidence.of(planted_analyzers) if analyzer.status == "ACTIVE"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """``covered`` are regions where an analyzer of the organization works and was read; ``unseen`` those in which an
    account that may own one was not seen, so that there may be one all the same."""

    covered: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()


def analyzers_judged(
    evidence: PlantedEvidence,
    covered: frozenset[str],
    silent: frozenset[str] | None,
    unseen: frozenset[str] = frozenset(),
) -> Iterator[Judged]:
    """``covered`` and ``unseen`` as in ``Coverage``; ``silent`` are regions of the account that gave no answer.

    ``silent`` is None when nothing was collected.
    """
    if silent is None:
        yield NO_EVIDENCE, "access-analyzer-all-regions", ""
        return
    working = {a.region for a in _working(evidence) if a.type in ("ACCOUNT", "ORGANIZATION")}
    missing = set(evidence.regions) - covered - (working - silent)
    if missing - silent - unseen:
        yield FAIL, "access-analyzer-all-regions", ""
    elif missing:
        yield NO_EVIDENCE, "access-analyzer-all-regions", ""
