"""Which evidence beside the credential report goes missing in a boxed account, and under which code."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from auditor.sandbox.denials import denied, is_unserved
from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.kinds.identity_providers import Providers, planted_providers
from auditor.sandbox.kinds.server_certificates import planted_certificates
from tests.expected.kinds import OPERATIONS, REPORT

# (kind of evidence, stage, code)
Gap = tuple[str, str, str]
_DENIED = {"iam": "AccessDenied", "ec2": "UnauthorizedOperation"}


def gaps(evidence: PlantedEvidence, fault: str, partition: str, kinds: Collection[str]) -> set[Gap]:
    """The gaps of one account when these kinds are collected, each call only where it is needed."""
    lost = set(_lost(fault, partition, evidence.regions))
    had = frozenset(kinds) - {kind for _, kind, _ in lost}
    denials = {operation for operation, _ in denied(fault)}
    reported = denials.isdisjoint(op for op, (_, needed) in OPERATIONS.items() if REPORT in needed)
    return {
        (kind, "fetch", code)
        for operation, kind, code in lost
        if kind in kinds and _is_asked(operation, kind, had, evidence, reported)
    }


def tells_of_security(fault: str, partition: str) -> bool:
    """Whether the call for the security contact is answered, whatever became of the one for the primary contact."""
    denials = {operation for operation, _ in denied(fault)}
    return not is_unserved("GetAlternateContact", partition) and "GetAlternateContact" not in denials


def silent_regions(evidence: PlantedEvidence, fault: str, asked: str) -> frozenset[str] | None:
    """The regions where the operation ``asked`` is denied; None where not even the regions could be listed."""
    listed = set(denied(fault))
    if "DescribeRegions" in {operation for operation, _ in listed}:
        return None
    everywhere = (asked, "") in listed
    return frozenset(region for region in evidence.regions if everywhere or (asked, region) in listed)


def _lost(fault: str, partition: str, regions: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(operation, kind of evidence, code) of every call that would be refused."""
    for operation, (_, kinds) in OPERATIONS.items():
        if is_unserved(operation, partition):
            yield from ((operation, kind, "UnknownOperationException") for kind in kinds)
    for operation, region in denied(fault):
        service, kinds = OPERATIONS[operation]
        if not is_unserved(operation, partition) and region in ("", *regions):
            code = _DENIED.get(service, "AccessDeniedException")
            yield from ((operation, kind, code) for kind in kinds if kind != REPORT)


def _is_asked(operation: str, kind: str, had: frozenset[str], evidence: PlantedEvidence, reported: bool) -> bool:
    """Whether the call is made at all; the summary spares some accounts some calls, if it was ``had``."""
    if kind == "access-keys":  # users are told by the report, and where it is spoilt nobody is asked about
        return reported and any(user.more_keys for user in evidence.users)
    if "account-summary" not in had:
        return True
    match kind:
        case "virtual-mfa-devices":
            return evidence.root.mfa
        case "server-certificates":
            return bool(evidence.of(planted_certificates))
        case "identity-providers":
            providers = evidence.of(planted_providers)
            trusted = providers.trusted if "authorization-details" in had else ()
            return operation in lists_of_providers(providers, trusted)
        case _:
            return True


def lists_of_providers(providers: Providers, trusted: tuple[str, ...]) -> tuple[str, ...]:
    """Which lists of identity providers are asked for, in order, where roles are seen to trust those."""
    lists = ("ListSAMLProviders", providers.saml), ("ListOpenIDConnectProviders", providers.oidc)
    only_oidc = trusted and all("oidc-provider/" in arn for arn in trusted)
    (first, _), (second, left) = reversed(lists) if only_oidc else lists
    if not providers.saml and not providers.oidc:
        return ()
    return (first, second) if left else (first,)
