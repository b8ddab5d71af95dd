"""What is true of the organization as a whole: its features, guardrail policies, delegations and tags."""

from __future__ import annotations

import json
from dataclasses import dataclass

from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedAccount, BoxedOrganization
from auditor.sandbox.policies import document

TRUSTED_SERVICES = (
    "access-analyzer.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "guardduty.amazonaws.com",
    "iam.amazonaws.com",
    "securityhub.amazonaws.com",
    "sso.amazonaws.com",
)
_ENVIRONMENTS = ("prod", "dev", "test", "sandbox")
_TEAMS = ("payments", "platform", "data", "=risk", "security")
_UNTAGGED_EVERY = 9


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A service or resource control policy; ``targets`` are ids of the root, units and accounts."""

    id: str
    name: str
    type: str
    content: str
    targets: tuple[str, ...]
    is_of_aws: bool = False


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """``delegated`` is account id -> service principals; ``resource_policy`` is empty when there is none."""

    features: tuple[str, ...]
    delegated: dict[str, tuple[str, ...]]
    guardrails: tuple[Guardrail, ...]
    resource_policy: str


def organization_facts(options: SandboxOptions, organization: BoxedOrganization) -> OrganizationFacts:
    members = [account.id for account in organization.active if not account.is_management][:2]
    services = (("guardduty.amazonaws.com", "securityhub.amazonaws.com"), ("access-analyzer.amazonaws.com",))
    policy = ""
    if options.policy_delegate and members:
        policy = _resource_policy(options.partition, members[0])
    features = ("RootCredentialsManagement", "RootSessions") if options.central_root else ()
    guardrails = _guardrails(organization)
    return OrganizationFacts(features, dict(zip(members, services, strict=False)), guardrails, policy)


def _resource_policy(partition: str, account_id: str) -> str:
    actions = ["organizations:CreatePolicy", "organizations:UpdatePolicy", "organizations:AttachPolicy"]
    statement = {
        "Sid": "PolicyManagement",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
        "Action": [*actions, "organizations:Describe*", "organizations:List*"],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _guardrails(organization: BoxedOrganization) -> tuple[Guardrail, ...]:
    everywhere = (organization.root.id, *list(organization.containers)[1:4])
    units = [unit.id for unit in organization.containers.values() if unit.path in ("Root/Prod", "Root/Dev")]
    strict = (*units, organization.active[-1].id)
    allow_all = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    for_all = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    leave = document({"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"})
    root = document(
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}},
        }
    )
    inside = document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id}},
        }
    )
    service, resource = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
    return (
        Guardrail("p-FullAWSAccess", "FullAWSAccess", service, allow_all, everywhere, True),
        Guardrail("p-leave000", "nobody leaves", service, leave, (organization.root.id,)),
        Guardrail("p-root0000", "no root, please", service, root, strict),
        Guardrail("p-unused00", "attached to nothing", service, leave, ()),
        Guardrail("p-RCPFullAWSAccess", "RCPFullAWSAccess", resource, document(for_all), everywhere, True),
        Guardrail("p-inside00", "data stays inside", resource, inside, (organization.root.id,)),
    )


def tags_of(account: BoxedAccount) -> dict[str, str]:
    """Owner, Environment and CostCenter; some accounts have none."""
    if account.rank % _UNTAGGED_EVERY == 4:
        return {}
    return {
        "Owner": f"{_TEAMS[account.rank % len(_TEAMS)]}@example.com",
        "Environment": _ENVIRONMENTS[account.rank % len(_ENVIRONMENTS)],
        "CostCenter": f"{account.rank % 40:04d}",
    }
