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
    lost_kinds = {kind for _, kind, _ in lost}
    # An account with a faulty summary is asked for everything that the summary would have spared it.
    summary = None if "account-summary" in lost_kinds or "account-summary" not in kinds else evidence
    denials = {operation for operation, _ in denied(fault)}
    reported = denials.isdisjoint(op for op, (_, needed) in OPERATIONS.items() if REPORT in needed)
    return {
        (kind, "fetch", code)
        for operation, kind, code in lost
        if kind in kinds and _is_asked(operation, kind, summary, evidence, reported)
    }


def tells_of_security(fault: str, partition: str) -> bool:
    """Whether the call for the security contact is answered, whatever became of the one for the primary contact."""
    denials = {operation for operation, _ in denied(fault)}
    return "account" not in UNSERVED.get(partition, ()) and "GetAlternateContact" not in denials


def silent_regions(evidence: PlantedEvidence, fault: str, asked: str) -> frozenset[str] | None:
    """The regions where the operation ``asked`` is denied; None where not even the regions could be listed."""
    listed = set(denied(fault))
    if "DescribeRegions" in {operation for operation, _ in listed}:
        return None
    everywhere = (asked, "") in listed
    return frozenset(region for region in evidence.regions if everywhere or (asked, region) in listed)


def _lost(fault: str, partition: str, regions: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(operation, kind of evidence, code) of every call that would be refused."""
    unserved = UNSERVED.get(partition, frozenset())
    for operation, (service, kinds) in OPERATIONS.items():
        if service in unserved:
            yield from ((operation, kind, "UnknownOperationException") for kind in kinds)
    for operation, region in denied(fault):
        service, kinds = OPERATIONS[operation]
        if service not in unserved and region in ("", *regions):
            code = _DENIED.get(service, "AccessDeniedException")
            yield from ((operation, kind, code) for kind in kinds if kind != REPORT)


def _is_asked(
    operation: str, kind: str, summary: PlantedEvidence | None, evidence: PlantedEvidence, reported: bool
) -> bool:
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
            # Both are counted together, and SAML providers are listed first.
            return bool(summary.oidc or (summary.saml and operation == "ListSAMLProviders"))
        case _:
            return True
