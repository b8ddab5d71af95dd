"""Which evidence beside the credential report goes missing in a boxed account, and under which code."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from auditor.sandbox.denials import OPERATIONS, REPORT, UNSERVED, denied
from auditor.sandbox.evidence import PlantedEvidence

# (kind of evidence, stage, code)
Gap = tuple[str, str, str]
_DENIED = {"iam": "AccessDenied", "ec2": "UnauthorizedOperation"}


def gaps(evidence: PlantedEvidence, fault: str, partition: str, kinds: Collection[str]) -> set[Gap]:
    """The gaps of one account when these kinds are collected, each call only where it is needed."""
    lost = set(_lost(fault, partition, evidence.regions))
    # An account with a faulty summary is asked for everything that the summary would have spared it.
    summary = None if "account-summary" in {kind for kind, _ in lost} or "account-summary" not in kinds else evidence
    denials = {operation for operation, _ in denied(fault)}
    reported = denials.isdisjoint(op for op, (_, needed) in OPERATIONS.items() if REPORT in needed)
    asked = {kind for kind, _ in lost if kind in kinds and _is_asked(kind, summary, evidence, reported)}
    return {(kind, "fetch", code) for kind, code in lost if kind in asked}


def silent_regions(evidence: PlantedEvidence, fault: str, asked: str) -> frozenset[str] | None:
    """The regions where the operation ``asked`` is denied; None where not even the regions could be listed."""
    listed = set(denied(fault))
    if "DescribeRegions" in {operation for operation, _ in listed}:
        return None
    everywhere = (asked, "") in listed
    return frozenset(region for region in evidence.regions if everywhere or (asked, region) in listed)


def _lost(fault: str, partition: str, regions: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    unserved = UNSERVED.get(partition, frozenset())
    for service, kinds in OPERATIONS.values():
        if service in unserved:
            yield from ((kind, "UnknownOperationException") for kind in kinds)
    for operation, region in denied(fault):
        service, kinds = OPERATIONS[operation]
        if service not in unserved and region in ("", *regions):
            code = _DENIED.get(service, "AccessDeniedException")
            yield from ((kind, code) for kind in kinds if kind != REPORT)


def _is_asked(kind: str, summary: PlantedEvidence | None, evidence: PlantedEvidence, reported: bool) -> bool:
    """Whether the call is made at all; the summary spares some accounts some calls."""
    if kind == "access-keys":  # users are told by the report, and where it is spoilt nobody is asked about
        return reported and any(user.more_keys for user in evidence.users)
    if summary is None:
        return True
    match kind:
        case "virtual-mfa-devices":
            return summary.root.mfa
        case "server-certificates":
            return bool(summary.certificates)
        case "identity-providers":
            return bool(summary.saml or summary.oidc)
        case _:
            return True
