"""A role as a CloudFormation template: for a StackSet over the member accounts, or for one account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from auditor.aws.role.plan import (
    EXTERNAL_ID,
    EXTERNAL_ID_TEXT,
    OPTIONAL_TEXT,
    ORGANIZATION,
    ORGANIZATION_TEXT,
    PRINCIPAL,
    WHO_TEXT,
    Grant,
    Resource,
    RolePlan,
    allowed_empty,
)

_Json = dict[str, Any]
_NOTHING = {"Ref": "AWS::NoValue"}
_WIDTH = 120


def cloudformation(plan: RolePlan) -> str:
    """The template in YAML, with what to know above it."""
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": plan.about,
        "Parameters": _parameters(plan),
        "Conditions": _conditions(plan),
        "Resources": {"AuditorRole": {"Type": "AWS::IAM::Role", "Properties": _role(plan)}},
        "Outputs": {
            "RoleArn": {"Description": "ARN of the role", "Value": {"Fn::GetAtt": ["AuditorRole", "Arn"]}},
        },
    }
    head = "".join(f"# {line}\n" for line in plan.notes)
    return head + yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes a value out wherever it stands: CloudFormation knows no YAML anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _parameters(plan: RolePlan) -> _Json:
    principal = {"Type": "String", "Description": WHO_TEXT, "AllowedPattern": PRINCIPAL}
    external_id = {"Type": "String", "Description": EXTERNAL_ID_TEXT, "AllowedPattern": EXTERNAL_ID}
    if not plan.asks_external_id:
        external_id |= _optional(EXTERNAL_ID_TEXT, EXTERNAL_ID, "")
    return {
        "Principal": principal | ({"Default": plan.principal} if plan.principal else {}),
        "ExternalId": external_id,
        "OrganizationId": {"Type": "String", **_optional(ORGANIZATION_TEXT, ORGANIZATION, plan.organization)},
    }


def _optional(text: str, pattern: str, default: str) -> _Json:
    return {"Description": text + OPTIONAL_TEXT, "AllowedPattern": allowed_empty(pattern), "Default": default}


def _conditions(plan: RolePlan) -> _Json:
    """An external id that has to be given is no matter of a condition."""
    asked, inside = {"Condition": "HasExternalId"}, {"Condition": "HasOrganization"}
    has_organization = {"HasOrganization": _is_given("OrganizationId")}
    if plan.asks_external_id:
        return has_organization
    either = {"IsConditional": {"Fn::Or": [asked, inside]}}
    return {"HasExternalId": _is_given("ExternalId")} | has_organization | either


def _is_given(parameter: str) -> _Json:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _role(plan: RolePlan) -> _Json:
    return {
        "RoleName": plan.bare_name,
        "Path": plan.path,
        "Description": plan.about,
        "MaxSessionDuration": plan.longest_session,
        "AssumeRolePolicyDocument": _policy(*_trust(plan)),
        "Policies": [{"PolicyName": "audit", "PolicyDocument": _policy(*(_statement(g, plan) for g in plan.grants))}],
        "Tags": [{"Key": key, "Value": value} for key, value in plan.tags.items()],
    }


def _policy(*statements: _Json) -> _Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _trust(plan: RolePlan) -> Iterator[_Json]:
    """Whoever may assume the role. The external id is known of AssumeRole only, so all else stands by itself."""
    who = {"Effect": "Allow", "Principal": {"AWS": {"Ref": "Principal"}}}
    inside = {"aws:PrincipalOrgID": _if("HasOrganization", {"Ref": "OrganizationId"})}
    external_id: Any = {"Ref": "ExternalId"}
    if not plan.asks_external_id:
        external_id = _if("HasExternalId", external_id)
    both: Any = {"StringEquals": {"sts:ExternalId": external_id} | inside}
    yield who | {
        "Sid": "Assume",
        "Action": "sts:AssumeRole",
        "Condition": both if plan.asks_external_id else _if("IsConditional", both),
    }
    if plan.passes:
        only_inside = _if("HasOrganization", {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}})
        yield who | {"Sid": "Pass", "Action": list(plan.passes), "Condition": only_inside}


def _if(condition: str, value: Any) -> _Json:
    return {"Fn::If": [condition, value, _NOTHING]}


def _statement(grant: Grant, plan: RolePlan) -> _Json:
    statement: _Json = {"Sid": grant.sid, "Effect": "Allow", "Action": list(grant.actions)}
    match grant.resource:
        case Resource.MEMBER_ROLES:
            return statement | {"Resource": _sub(f"arn:${{AWS::Partition}}:iam::*:role/{plan.member_role}")}
        case Resource.MEMBER_ROOTS:
            task = _sub("arn:${AWS::Partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials")
            reached = {"Resource": _sub("arn:${AWS::Partition}:iam::*:root")}
            return statement | reached | {"Condition": {"StringEquals": {"sts:TaskPolicyArn": task}}}
        case _:
            return statement | {"Resource": "*"}


def _sub(text: str) -> _Json:
    return {"Fn::Sub": text}
