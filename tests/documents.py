"""JSON evidence as AWS would answer it, in which everything is well but for what a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.model import (
    ACCESS_ANALYZERS,
    ACCOUNT_SUMMARY,
    AUTHORIZATION_DETAILS,
    CONTACTS,
    DELEGATED_ADMINISTRATORS,
    EC2_INSTANCES,
    IDENTITY_CENTER,
    IDENTITY_PROVIDERS,
    ORGANIZATION_FEATURES,
    ORGANIZATION_POLICIES,
    OU_TREE,
    PASSWORD_POLICY,
    RESOURCE_POLICY,
    SERVER_CERTIFICATES,
    TRUSTED_SERVICES,
    VIRTUAL_MFA_DEVICES,
)
from auditor.store.evidence import Answer, Document
from tests.support import ACCOUNT, OTHER

Item = dict[str, Any]
GOOD_POLICY: Item = {
    "MinimumPasswordLength": 14,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
    "AllowUsersToChangePassword": True,
    "ExpirePasswords": True,
    "MaxPasswordAge": 90,
    "PasswordReusePrevention": 24,
}
GONE = object()
"""In place of a member that the answer lacks."""


def answered(kind: str, operation: str, response: Mapping[str, Any], **other: Any) -> Document:
    return Document(kind, (Answer(operation, response, **other),))


def refused(kind: str, operation: str, error: str) -> Document:
    """An error that is the answer."""
    return Document(kind, (Answer(operation, error=error, message="there is none"),))


def without_gone(members: Mapping[str, Any]) -> Item:
    return {name: value for name, value in members.items() if value is not GONE}


def summary(users: Any = 1, keys: Any = 0, mfa: Any = 1, password: Any = 1) -> Document:
    counts = {"Users": users, "AccountAccessKeysPresent": keys, "AccountMFAEnabled": mfa}
    found = without_gone(counts | {"AccountPasswordPresent": password})
    return answered(ACCOUNT_SUMMARY, "iam:GetAccountSummary", {"SummaryMap": found})


def policy(**changes: Any) -> Document:
    """A password policy that meets every control; ``changes`` are AWS's member names."""
    members = without_gone(GOOD_POLICY | changes)
    return answered(PASSWORD_POLICY, "iam:GetAccountPasswordPolicy", {"PasswordPolicy": members})


def no_policy() -> Document:
    return refused(PASSWORD_POLICY, "iam:GetAccountPasswordPolicy", "NoSuchEntity")


def virtual_devices(*owners: str) -> Document:
    """One device for each ARN; an empty one is a device that nobody uses."""
    found = [
        {"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/{n}"} | ({"User": {"Arn": arn}} if arn else {})
        for n, arn in enumerate(owners)
    ]
    return answered(VIRTUAL_MFA_DEVICES, "iam:ListVirtualMFADevices", {"VirtualMFADevices": found})


def certificates(**expirations: str) -> Document:
    """Certificates by name with what stands as Expiration; empty for a certificate without one."""
    found = [
        {"ServerCertificateName": name, "Arn": f"arn:aws:iam::{ACCOUNT}:server-certificate/{name}"}
        | ({"Expiration": at} if at else {})
        for name, at in expirations.items()
    ]
    return answered(
        SERVER_CERTIFICATES,
        "iam:ListServerCertificates",
        {"ServerCertificateMetadataList": found, "IsTruncated": False},
    )


def analyzers(regions: Mapping[str, Sequence[str] | str]) -> Document:
    """By region the types of its analyzers (``ACCOUNT``, ``ACCOUNT DISABLED``), or the code it was refused with."""
    operation = "access-analyzer:ListAnalyzers"
    told = [Answer("ec2:DescribeRegions", {"Regions": [{"RegionName": region} for region in regions]})]
    for region, found in regions.items():
        if isinstance(found, str):
            told.append(Answer(operation, error=found, message="no", region=region))
        else:
            told.append(Answer(operation, {"analyzers": [_analyzer(text) for text in found]}, region=region))
    return Document(ACCESS_ANALYZERS, tuple(told))


def _analyzer(text: str) -> Item:
    kind, _, status = text.partition(" ")
    return {"name": "a", "type": kind, "status": status or "ACTIVE"}


def contacts(security: Item | str | None = None, primary: Item | str | None = None) -> Document:
    """``security``: None for an account without such a contact; a text is the code that a call was refused with."""
    operation, other = "account:GetAlternateContact", "account:GetContactInformation"
    refusal = security if isinstance(security, str) else "ResourceNotFoundException"
    first = Answer(operation, error=refusal, message="no")
    if security and not isinstance(security, str):
        first = Answer(operation, {"AlternateContact": security})
    if isinstance(primary, str):
        return Document(CONTACTS, (first, Answer(other, error=primary, message="no")))
    return Document(CONTACTS, (first, Answer(other, {"ContactInformation": primary or {}})))


def instances(regions: Mapping[str, Sequence[Item] | str]) -> Document:
    """By region the instances (EC2's members), or the code it was refused with."""
    operation = "ec2:DescribeInstances"
    told = [
        Answer(operation, error=found, message="no", region=region)
        if isinstance(found, str)
        else Answer(operation, {"Reservations": [{"Instances": [one]} for one in found]}, region=region)
        for region, found in regions.items()
    ]
    return Document(EC2_INSTANCES, tuple(told))


def instance(name: str, profile: str = "", state: str = "running") -> Item:
    found: Item = {"InstanceId": name, "State": {"Name": state}}
    return found | ({"IamInstanceProfile": {"Arn": profile}} if profile else {})


def providers(saml: Sequence[str] = (), oidc: Sequence[str] = ()) -> Document:
    one = Answer("iam:ListSAMLProviders", {"SAMLProviderList": [{"Arn": arn} for arn in saml]})
    two = Answer("iam:ListOpenIDConnectProviders", {"OpenIDConnectProviderList": [{"Arn": arn} for arn in oidc]})
    return Document(IDENTITY_PROVIDERS, (one, two))


def details(**lists: Sequence[Item]) -> Document:
    """``users``, ``groups``, ``roles`` and ``policies`` as IAM lists them, on one page."""
    keys = {"users": "UserDetailList", "groups": "GroupDetailList", "roles": "RoleDetailList", "policies": "Policies"}
    page = {key: list(lists.get(name, ())) for name, key in keys.items()} | {"IsTruncated": False}
    return answered(AUTHORIZATION_DETAILS, "iam:GetAccountAuthorizationDetails", page)


def holder(kind: str, name: str, *policies: str, **other: Any) -> Item:
    """A ``User``, ``Group`` or ``Role`` with policies (ARNs) attached."""
    attached = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in policies]
    arn = f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{name}"
    trust = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": OTHER}}}
    found: Item = {f"{kind}Name": name, "Arn": arn, "AttachedManagedPolicies": attached}
    return found | ({"AssumeRolePolicyDocument": trust} if kind == "Role" else {}) | other


def managed(arn: str, document: Any, count: int = 1, **other: Any) -> Item:
    """A managed policy with one version."""
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document}
    name = arn.rpartition("/")[2]
    return {
        "PolicyName": name,
        "Arn": arn,
        "AttachmentCount": count,
        "DefaultVersionId": "v1",
        "PolicyVersionList": [version],
    } | other


def features(*names: str) -> Document:
    response = {"OrganizationId": "o-test", "EnabledFeatures": list(names)}
    return answered(ORGANIZATION_FEATURES, "iam:ListOrganizationsFeatures", response)


def resource_policy(content: str) -> Document:
    response = {"ResourcePolicy": {"Content": content}}
    return answered(RESOURCE_POLICY, "organizations:DescribeResourcePolicy", response)


def no_resource_policy() -> Document:
    return refused(RESOURCE_POLICY, "organizations:DescribeResourcePolicy", "ResourcePolicyNotFoundException")


def administrators(**services: Sequence[str]) -> Document:
    """Services by the name of the administrator; their ids are 000000000100, 000000000101, ..."""
    return delegates({f"{100 + number:012d}": found for number, found in enumerate(services.values())}, *services)


def delegates(services: Mapping[str, Sequence[str]], *names: str) -> Document:
    """Services by the id of the administrator, whose ``names`` are its id where none is given."""
    listed = [{"Id": i, "Name": name} for i, name in zip(services, names or services, strict=True)]
    told = [Answer("organizations:ListDelegatedAdministrators", {"DelegatedAdministrators": listed})]
    told += [
        Answer(
            "organizations:ListDelegatedServicesForAccount",
            {"DelegatedServices": [{"ServicePrincipal": name} for name in found]},
            parameters={"AccountId": i},
        )
        for i, found in services.items()
    ]
    return Document(DELEGATED_ADMINISTRATORS, tuple(told))


def trusted(*services: str) -> Document:
    found = {"EnabledServicePrincipals": [{"ServicePrincipal": name} for name in services]}
    return answered(TRUSTED_SERVICES, "organizations:ListAWSServiceAccessForOrganization", found)


def organization_policies(policies: Sequence[Item], targets: Mapping[str, Sequence[Item]]) -> Document:
    told = [Answer("organizations:ListPolicies", {"Policies": list(policies)})]
    told += [
        Answer("organizations:ListTargetsForPolicy", {"Targets": list(found)}, parameters={"PolicyId": policy_id})
        for policy_id, found in targets.items()
    ]
    return Document(ORGANIZATION_POLICIES, tuple(told))


def identity_center(**regions: str) -> Document:
    """Instance ARNs by region (``eu_west_1``)."""
    told = [
        Answer("sso:ListInstances", {"Instances": [{"InstanceArn": arn}]}, region=region.replace("_", "-"))
        for region, arn in regions.items()
    ]
    return Document(IDENTITY_CENTER, tuple(told) or (Answer("sso:ListInstances", {"Instances": []}),))


def ou_tree(children: Mapping[str, Sequence[tuple[str, str]]], accounts: Mapping[str, int]) -> Document:
    """(id, name) of the OUs below each parent, and how many accounts it has; the root is r-test."""
    told = [Answer("organizations:ListRoots", {"Roots": [{"Id": "r-test", "Name": "Root"}]})]
    for parent, units in children.items():
        found = {"OrganizationalUnits": [{"Id": unit, "Name": name} for unit, name in units]}
        told.append(Answer("organizations:ListOrganizationalUnitsForParent", found, parameters={"ParentId": parent}))
    for parent, count in accounts.items():
        found = {"Accounts": [{"Id": f"{parent}-{number}"} for number in range(count)]}
        told.append(Answer("organizations:ListAccountsForParent", found, parameters={"ParentId": parent}))
    return Document(OU_TREE, tuple(told))
