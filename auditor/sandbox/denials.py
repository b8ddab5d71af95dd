"""Calls that an account refuses though its role may be assumed, and the evidence that goes missing with each."""

from __future__ import annotations

from collections.abc import Iterator

PREFIX = "deny:"
REPORT = "credential-report"
# Every operation that can be denied: the service that signs for it, and the kinds of evidence that need it.
OPERATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "GenerateCredentialReport": ("iam", (REPORT,)),
    "GetCredentialReport": ("iam", (REPORT,)),
    "GetAccountSummary": ("iam", ("account-summary",)),
    "GetAccountPasswordPolicy": ("iam", ("password-policy",)),
    "ListVirtualMFADevices": ("iam", ("virtual-mfa-devices",)),
    "GetAccountAuthorizationDetails": ("iam", ("authorization-details",)),
    "ListServerCertificates": ("iam", ("server-certificates",)),
    "ListAccessKeys": ("iam", ("access-keys",)),
    "ListSAMLProviders": ("iam", ("identity-providers",)),
    "ListOpenIDConnectProviders": ("iam", ("identity-providers",)),
    "ListAnalyzers": ("access-analyzer", ("access-analyzers",)),
    "GetAlternateContact": ("account", ("contacts",)),
    "GetContactInformation": ("account", ("contacts",)),
    "DescribeRegions": ("ec2", ("access-analyzers", "ec2-instances")),
    "DescribeInstances": ("ec2", ("ec2-instances",)),
    "ListOrganizationsFeatures": ("iam", ("organization-features",)),
    "ListDelegatedAdministrators": ("organizations", ("delegated-administrators",)),
    "ListDelegatedServicesForAccount": ("organizations", ("delegated-administrators",)),
    "ListAWSServiceAccessForOrganization": ("organizations", ("trusted-services",)),
    "ListPolicies": ("organizations", ("organization-policies",)),
    "DescribePolicy": ("organizations", ("organization-policies",)),
    "ListTargetsForPolicy": ("organizations", ("organization-policies",)),
    "DescribeResourcePolicy": ("organizations", ("resource-policy",)),
    "ListTagsForResource": ("organizations", ()),
    "ListInstances": ("sso", ("identity-center",)),
}
ORGANIZATION_KINDS = frozenset(
    {
        *("organization-features", "delegated-administrators", "trusted-services", "organization-policies"),
        *("resource-policy", "identity-center"),
    }
)
ACCOUNT_KINDS = frozenset(kind for _, kinds in OPERATIONS.values() for kind in kinds) - ORGANIZATION_KINDS
# What a run collects unless it is asked for more or less.
DEFAULT_KINDS = ACCOUNT_KINDS - {"ec2-instances"} | ORGANIZATION_KINDS
# Services that AWS does not run in a partition.
UNSERVED = {"aws-us-gov": frozenset({"account"})}


def denied(fault: str) -> Iterator[tuple[str, str]]:
    """(operation, region) of a fault like ``deny:GetAccountSummary,ListAnalyzers@eu-west-1``; no region is all."""
    if fault.startswith(PREFIX):
        for part in fault.removeprefix(PREFIX).split(","):
            operation, _, region = part.partition("@")
            yield operation, region


def is_denial(fault: str) -> bool:
    """Whether a fault denies operations, all of which are known."""
    operations = [operation for operation, _ in denied(fault)]
    return bool(operations) and set(operations) <= OPERATIONS.keys()
