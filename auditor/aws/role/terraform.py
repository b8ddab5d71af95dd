"""A role as a Terraform configuration for one account; in several, it is a module with a provider for each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

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


def terraform(plan: RolePlan) -> str:
    """The configuration in HCL, with what to know above it."""
    optional_id = not plan.asks_external_id
    parts = [
        "".join(f"# {line}\n" for line in plan.notes),
        _variable("principal", WHO_TEXT, PRINCIPAL, plan.principal or None),
        _variable("external_id", EXTERNAL_ID_TEXT, EXTERNAL_ID, "" if optional_id else None, optional=optional_id),
        _variable("organization_id", ORGANIZATION_TEXT, ORGANIZATION, plan.organization, optional=True),
        'data "aws_partition" "current" {}\n',
        _document("trust", _trust(plan)),
        _document("audit", (_statement(grant, plan) for grant in plan.grants)),
        _role(plan),
        'output "role_arn" {\n  description = "ARN of the role"\n  value       = aws_iam_role.auditor.arn\n}\n',
    ]
    return "\n".join(parts)


def _text(value: str) -> str:
    """A string of HCL is one of JSON, but for what begins a template."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _actions(actions: Iterable[str]) -> str:
    """One a line."""
    return "    actions = [\n" + "".join(f"      {_text(action)},\n" for action in actions) + "    ]\n"


def _variable(name: str, text: str, pattern: str, default: str | None, *, optional: bool = False) -> str:
    """``default`` None: it has to be given."""
    told, allowed = (text + OPTIONAL_TEXT, allowed_empty(pattern)) if optional else (text, pattern)
    standing = "" if default is None else f"  default     = {_text(default)}\n"
    return (
        f'variable "{name}" {{\n'
        f"  description = {_text(told)}\n"
        "  type        = string\n"
        "  nullable    = false\n"
        f"{standing}\n"
        "  validation {\n"
        f"    condition     = can(regex({_text(allowed)}, var.{name}))\n"
        f'    error_message = "Not of the form {name} must have."\n'
        "  }\n"
        "}\n"
    )


def _document(name: str, statements: Iterable[str]) -> str:
    return f'data "aws_iam_policy_document" "{name}" {{\n' + "\n".join(statements) + "}\n"


def _trust(plan: RolePlan) -> Iterator[str]:
    """Whoever may assume the role. The external id is known of AssumeRole only, so all else stands by itself."""
    inside = _given("organization_id", "aws:PrincipalOrgID")
    asked = _given("external_id", "sts:ExternalId")
    if plan.asks_external_id:
        asked = _condition("sts:ExternalId", "[var.external_id]")
    yield _trusting("Assume", ["sts:AssumeRole"], asked + inside)
    if plan.passes:
        yield _trusting("Pass", plan.passes, inside)


def _trusting(sid: str, actions: Iterable[str], conditions: str) -> str:
    return (
        "  statement {\n"
        f'    sid = "{sid}"\n'
        f"{_actions(actions)}\n"
        '    principals {\n      type        = "AWS"\n      identifiers = [var.principal]\n    }\n'
        f"{conditions}"
        "  }\n"
    )


def _condition(key: str, values: str) -> str:
    return (
        "\n    condition {\n"
        '      test     = "StringEquals"\n'
        f"      variable = {_text(key)}\n"
        f"      values   = {values}\n"
        "    }\n"
    )


def _given(variable: str, key: str) -> str:
    """A condition only where the variable is not empty."""
    return (
        '\n    dynamic "condition" {\n'
        f'      for_each = var.{variable} == "" ? [] : [var.{variable}]\n'
        "      content {\n"
        '        test     = "StringEquals"\n'
        f"        variable = {_text(key)}\n"
        "        values   = [condition.value]\n"
        "      }\n"
        "    }\n"
    )


def _statement(grant: Grant, plan: RolePlan) -> str:
    partition, condition = "${data.aws_partition.current.partition}", ""
    match grant.resource:
        case Resource.MEMBER_ROLES:
            resource = f"arn:{partition}:iam::*:role/{plan.member_role}"
        case Resource.MEMBER_ROOTS:
            resource = f"arn:{partition}:iam::*:root"
            task = f"arn:{partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
            condition = _condition("sts:TaskPolicyArn", f'["{task}"]')
        case _:
            resource = "*"
    return (
        "  statement {\n"
        f'    sid = "{grant.sid}"\n'
        f"{_actions(grant.actions)}"
        f'    resources = ["{resource}"]\n'
        f"{condition}"
        "  }\n"
    )


def _role(plan: RolePlan) -> str:
    tags = "".join(f"    {key:<11} = {_text(value)}\n" for key, value in plan.tags.items())
    return (
        'resource "aws_iam_role" "auditor" {\n'
        f"  name                 = {_text(plan.bare_name)}\n"
        f"  path                 = {_text(plan.path)}\n"
        f"  description          = {_text(plan.about)}\n"
        f"  max_session_duration = {plan.longest_session}\n"
        "  assume_role_policy   = data.aws_iam_policy_document.trust.json\n\n"
        f"  tags = {{\n{tags}  }}\n"
        "}\n\n"
        'resource "aws_iam_role_policy" "audit" {\n'
        '  name   = "audit"\n'
        "  role   = aws_iam_role.auditor.id\n"
        "  policy = data.aws_iam_policy_document.audit.json\n"
        "}\n"
    )
