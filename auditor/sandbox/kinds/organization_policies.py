"""Service and resource control policies, and what each is attached to; a list of them begins with an empty page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.sandbox.evidence import OrganizationEvidence
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.organization import BoxedOrganization
from auditor.sandbox.pages import organization_page
from auditor.sandbox.policies import allow, deny, document
from auditor.sandbox.wire import AwsError

_SERVICE, _RESOURCE = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
_TYPES = (_SERVICE, _RESOURCE, "TAG_POLICY", "BACKUP_POLICY")


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A service or resource control policy; ``targets`` are ids of the root, units and accounts."""

    id: str
    name: str
    type: str
    content: str
    targets: tuple[str, ...]
    is_of_aws: bool = False


def planted_guardrails(organization: OrganizationEvidence) -> tuple[Guardrail, ...]:
    return tuple(_guardrails(organization.tree))


def _guardrails(tree: BoxedOrganization) -> Iterator[Guardrail]:
    top, everywhere = (tree.root.id,), (tree.root.id, *list(tree.containers)[1:4])
    units = [unit.id for unit in tree.containers.values() if unit.path in ("Root/Prod", "Root/Dev")]
    of_root = {"StringLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}
    of_others = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": tree.id}}
    leave = document(deny("organizations:LeaveOrganization", "*"))
    no_root = document(deny("*", "*", Condition=of_root))
    anyone = {"Principal": "*", "Action": "*", "Resource": "*"}
    for_all = document({"Effect": "Allow"} | anyone)
    inside = document({"Effect": "Deny"} | anyone | {"Action": "s3:*", "Condition": of_others})
    yield Guardrail("p-FullAWSAccess", "FullAWSAccess", _SERVICE, document(allow("*", "*")), everywhere, True)
    yield Guardrail("p-leave000", "nobody leaves", _SERVICE, leave, top)
    yield Guardrail("p-root0000", "no root, please", _SERVICE, no_root, (*units, tree.active[-1].id))
    yield Guardrail("p-unused00", "attached to nothing", _SERVICE, leave, ())
    yield Guardrail("p-RCPFullAWSAccess", "RCPFullAWSAccess", _RESOURCE, for_all, everywhere, True)
    yield Guardrail("p-inside00", "data stays inside", _RESOURCE, inside, top)


def _list_policies(request: Request) -> dict[str, Any]:
    wanted = request.parameters.get("Filter")
    if wanted not in _TYPES:
        raise AwsError("InvalidInputException", "You specified an invalid value.", Reason="INVALID_ENUM")
    found = [policy for policy in request.organization.of(planted_guardrails) if policy.type == wanted]
    return organization_page(request, "Policies", [_summary(request, policy) for policy in found], empty_first=True)


def _describe_policy(request: Request) -> dict[str, Any]:
    policy = _named_policy(request)
    return {"Policy": {"PolicySummary": _summary(request, policy), "Content": policy.content}}


def _list_targets_for_policy(request: Request) -> dict[str, Any]:
    targets = [_target(request.organization.tree, target) for target in _named_policy(request).targets]
    return organization_page(request, "Targets", targets)


def _named_policy(request: Request) -> Guardrail:
    by_id = {policy.id: policy for policy in request.organization.of(planted_guardrails)}
    policy = by_id.get(request.parameters.get("PolicyId", ""))
    if policy is None:
        raise AwsError("PolicyNotFoundException", "You specified a policy that doesn't exist.")
    return policy


def _summary(request: Request, policy: Guardrail) -> dict[str, Any]:
    organization, rest = request.organization, f"{policy.type.lower()}/{policy.id}"
    of_aws = f"arn:{request.options.partition}:organizations::aws:policy/{rest}"
    return {
        "Id": policy.id,
        "Arn": of_aws if policy.is_of_aws else f"{organization.prefix}:policy/{organization.tree.id}/{rest}",
        "Name": policy.name,
        "Description": "",
        "Type": policy.type,
        "AwsManaged": policy.is_of_aws,
    }


def _target(tree: BoxedOrganization, target_id: str) -> dict[str, Any]:
    if target_id in tree.by_id:
        kind = "ACCOUNT"
    else:
        kind = "ORGANIZATIONAL_UNIT" if tree.containers[target_id].parent_id else "ROOT"
    found = tree.by_id.get(target_id) or tree.containers[target_id]
    return {"TargetId": found.id, "Arn": found.arn, "Name": found.name, "Type": kind}


KIND = BoxedKind(
    "organization-policies",
    (
        Operation("organizations:ListPolicies", _list_policies),
        Operation("organizations:DescribePolicy", _describe_policy),
        Operation("organizations:ListTargetsForPolicy", _list_targets_for_policy),
    ),
    of_organization=True,
)
