"""What belongs to the organization as a whole: one row of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.evidence import Document
from auditor.frames.tables import Row, error_of, first_response, line_of, shortened, table
from auditor.model import (
    DELEGATED_ADMINISTRATORS,
    IDENTITY_CENTER,
    ORGANIZATION_FEATURES,
    ORGANIZATION_POLICIES,
    OU_TREE,
    RESOURCE_POLICY,
    TRUSTED_SERVICES,
    Unit,
)
from auditor.policy import PolicyError, allowed_accounts

_FEATURES = "iam:ListOrganizationsFeatures"
_RESOURCE_POLICY = "organizations:DescribeResourcePolicy"


def _features(_: str, document: Document) -> Iterator[Row]:
    features = first_response(document, _FEATURES).get("EnabledFeatures", [])
    yield {
        "line": line_of(document, _FEATURES),
        "features": ", ".join(sorted(features)),
        "features_error": error_of(document, _FEATURES),
    }


def _resource_policy(_: str, document: Document) -> Iterator[Row]:
    content = first_response(document, _RESOURCE_POLICY).get("ResourcePolicy", {}).get("Content", "")
    problem, accounts = "", list[str]()
    if content:
        try:
            accounts = allowed_accounts(content, "organizations")
        except PolicyError as error:
            problem = f"the resource policy {error}"
    yield {
        "line": line_of(document, _RESOURCE_POLICY),
        "resource_policy": bool(content),
        "delegated_to": ", ".join(accounts),
        "problem": problem,
    }


def _administrators(_: str, document: Document) -> Iterator[Row]:
    services: dict[str, list[str]] = {}
    for answer in document.answers:
        for _line, service in answer.items("DelegatedServices"):
            services.setdefault(str(answer.parameters.get("AccountId")), []).append(service["ServicePrincipal"])
    names = {a["Id"]: a.get("Name", "") for _line, a in document.items("DelegatedAdministrators")}
    told = [f"{account} ({names[account]}): {', '.join(sorted(services.get(account, [])))}" for account in names]
    yield {"line": 1, "administrators": shortened("; ".join(told))}


def _trusted(_: str, document: Document) -> Iterator[Row]:
    services = sorted(s.get("ServicePrincipal", "") for _line, s in document.items("EnabledServicePrincipals"))
    yield {"line": 1, "trusted": shortened(", ".join(services))}


def _policies(_: str, document: Document) -> Iterator[Row]:
    targets: dict[str, list[str]] = {}
    for answer in document.answers:
        for _line, target in answer.items("Targets"):
            named = f"{target.get('Name', '')} ({target.get('TargetId', '')})"
            targets.setdefault(str(answer.parameters.get("PolicyId")), []).append(named)
    policies = [policy for _line, policy in document.items("Policies")]
    told = [
        f"{_short_type(p)} {p.get('Name', '')}: {', '.join(targets.get(p.get('Id', ''), [])) or 'attached to nothing'}"
        for p in policies
    ]
    counts = Counter(_short_type(policy) for policy in policies)
    yield {
        "line": 1,
        "policies": shortened("; ".join([f"{counts['SCP']} SCPs, {counts['RCP']} RCPs", *told])),
    }


def _short_type(policy: Mapping[str, Any]) -> str:
    return "RCP" if policy.get("Type") == "RESOURCE_CONTROL_POLICY" else "SCP"


def _identity_center(_: str, document: Document) -> Iterator[Row]:
    told = [
        f"{instance.get('InstanceArn', '')} in {answer.region}"
        for answer in document.answers
        for _line, instance in answer.items("Instances")
    ]
    yield {"line": 1, "identity_center": ", ".join(told)}


def _ou_tree(owner_id: str, document: Document) -> Iterator[Row]:
    """Where each account sits is told of all accounts by discovery; here the OUs and how many accounts each has."""
    parents: dict[str, tuple[str, str]] = {root["Id"]: ("", root["Name"]) for _line, root in document.items("Roots")}
    counts: Counter[str] = Counter()
    for answer in document.answers:
        parent = str(answer.parameters.get("ParentId", ""))
        parents |= {u["Id"]: (parent, u["Name"]) for _line, u in answer.items("OrganizationalUnits")}
        counts[parent] += sum(1 for _ in answer.items("Accounts"))
    told = sorted((_path(unit, parents), counts[unit]) for unit in parents)
    yield {
        "line": 1,
        "ou_tree": shortened("; ".join(f"{path}: {_accounts(count)}" for path, count in told)),
        "ous": len(parents) - sum(not parent for parent, _name in parents.values()),
    }


def _path(unit: str, parents: Mapping[str, tuple[str, str]]) -> str:
    names: list[str] = []
    while unit in parents and len(names) <= len(parents):
        unit, name = parents[unit]
        names.insert(0, name)
    return "/".join(names)


def _accounts(count: int) -> str:
    return f"{count} account" if count == 1 else f"{count} accounts"


_ONE = Unit.ORGANIZATION
TABLES = (
    table(_ONE, ORGANIZATION_FEATURES, {"features": "str", "features_error": "str"}, _features),
    table(
        _ONE, RESOURCE_POLICY, {"resource_policy": "boolean", "delegated_to": "str", "problem": "str"}, _resource_policy
    ),
    table(_ONE, DELEGATED_ADMINISTRATORS, {"administrators": "str"}, _administrators),
    table(_ONE, TRUSTED_SERVICES, {"trusted": "str"}, _trusted),
    table(_ONE, ORGANIZATION_POLICIES, {"policies": "str"}, _policies),
    table(_ONE, IDENTITY_CENTER, {"identity_center": "str"}, _identity_center),
    table(_ONE, OU_TREE, {"ou_tree": "str", "ous": "Int64"}, _ou_tree),
)
