"""The organization's resource policy, which lets a member manage policies, or which is not there."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.evidence import OrganizationEvidence
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.policies import document
from auditor.sandbox.wire import AwsError

_ACTIONS = (
    *("organizations:CreatePolicy", "organizations:UpdatePolicy", "organizations:AttachPolicy"),
    *("organizations:Describe*", "organizations:List*"),
)


def planted_resource_policy(organization: OrganizationEvidence) -> str:
    """Its text, empty where there is none."""
    members = [account.id for account in organization.tree.active if not account.is_management]
    if not organization.options.policy_delegate or not members:
        return ""
    statement = {
        "Sid": "PolicyManagement",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{organization.options.partition}:iam::{members[0]}:root"},
        "Action": list(_ACTIONS),
        "Resource": "*",
    }
    return document(statement)


def _describe_resource_policy(request: Request) -> dict[str, Any]:
    content = request.organization.of(planted_resource_policy)
    if not content:
        raise AwsError("ResourcePolicyNotFoundException", "No resource policy found for the organization.")
    arn = f"{request.organization.prefix}:resourcepolicy/{request.organization.tree.id}/rp-sandbox00"
    return {"ResourcePolicy": {"ResourcePolicySummary": {"Id": "rp-sandbox00", "Arn": arn}, "Content": content}}


KIND = BoxedKind(
    "resource-policy",
    (Operation("organizations:DescribeResourcePolicy", _describe_resource_policy),),
    of_organization=True,
)
