"""What is known of the organization as a whole: one unit of each kind."""

from __future__ import annotations

from auditor.plain.facts.document import Document
from auditor.plain.facts.shape import Facts
from auditor.plain.policies import PolicyError, accounts_allowed

_FEATURES = "iam:ListOrganizationsFeatures"
_POLICY = "organizations:DescribeResourcePolicy"


def organization_features(document: Document, _: str) -> list[Facts]:
    features = sorted(document.response(_FEATURES).get("EnabledFeatures", []))
    line, error = document.line(_FEATURES), document.error(_FEATURES)
    return [{"line": line, "features": ", ".join(features), "features_error": error}]


def resource_policy(document: Document, _: str) -> list[Facts]:
    content = document.response(_POLICY).get("ResourcePolicy", {}).get("Content", "")
    accounts, problem = list[str](), ""
    if content:
        try:
            accounts = accounts_allowed(content, "organizations")
        except PolicyError as error:
            problem = f"the resource policy {error}"
    delegated = {"resource_policy": bool(content), "delegated_to": ", ".join(accounts), "problem": problem}
    return [{"line": document.line(_POLICY), **delegated}]


def delegated_administrators(document: Document, _: str) -> list[Facts]:
    """Shown to a person, as are the services with access, which decide nothing and are not read here."""
    services: dict[str, list[str]] = {}
    for call in document.calls:
        for _line, service in call.items.get("DelegatedServices", ()):
            services.setdefault(str(call.parameters.get("AccountId")), []).append(service["ServicePrincipal"])
    names = {found["Id"]: found.get("Name", "") for _line, found in document.items("DelegatedAdministrators")}
    told = [f"{account} ({name}): {', '.join(sorted(services.get(account, ())))}" for account, name in names.items()]
    return [{"line": 1, "administrators": "; ".join(told), "trusted": None}]


def organization_policies(document: Document, _: str) -> list[Facts]:
    targets: dict[str, list[str]] = {}
    for call in document.calls:
        for _line, target in call.items.get("Targets", ()):
            name = f"{target.get('Name', '')} ({target.get('TargetId', '')})"
            targets.setdefault(str(call.parameters.get("PolicyId")), []).append(name)
    policies = [policy for _line, policy in document.items("Policies")]
    told = [f"{p.get('Name', '')}: {', '.join(targets.get(p.get('Id', ''), ()))}" for p in policies]
    return [{"line": 1, "policies": "; ".join(told)}]


def ou_tree(document: Document, _: str) -> list[Facts]:
    units = [unit for name in ("Roots", "OrganizationalUnits") for _line, unit in document.items(name)]
    return [{"line": 1, "ou_tree": ", ".join(f"{unit['Name']} ({unit['Id']})" for unit in units)}]


def account_tags(document: Document) -> dict[str, dict[str, str]]:
    """The tags of each account that has any."""
    found: dict[str, dict[str, str]] = {}
    for call in document.calls:
        for _line, tag in call.items.get("Tags", ()):
            tags = found.setdefault(str(call.parameters.get("ResourceId")), {})
            tags[str(tag.get("Key"))] = str(tag.get("Value"))
    return found
