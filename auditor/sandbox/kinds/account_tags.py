"""Tags of accounts: Owner, Environment and CostCenter; some accounts have none."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.organization import BoxedAccount
from auditor.sandbox.pages import organization_page
from auditor.sandbox.wire import AwsError

_ENVIRONMENTS = ("prod", "dev", "test", "sandbox")
_TEAMS = ("payments", "platform", "data", "=risk", "security")
_UNTAGGED_EVERY = 9


def _tags(account: BoxedAccount) -> dict[str, str]:
    if account.rank % _UNTAGGED_EVERY == 4:
        return {}
    return {
        "Owner": f"{_TEAMS[account.rank % len(_TEAMS)]}@example.com",
        "Environment": _ENVIRONMENTS[account.rank % len(_ENVIRONMENTS)],
        "CostCenter": f"{account.rank % 40:04d}",
    }


def _list_tags_for_resource(request: Request) -> dict[str, Any]:
    tree, resource = request.organization.tree, request.parameters.get("ResourceId", "")
    account = tree.by_id.get(resource)
    if account is None and resource not in tree.containers:
        raise AwsError("TargetNotFoundException", "You specified a target that doesn't exist.")
    tags = {} if account is None else _tags(account)
    return organization_page(request, "Tags", [{"Key": key, "Value": value} for key, value in tags.items()])


KIND = BoxedKind(
    "account-tags",
    (Operation("organizations:ListTagsForResource", _list_tags_for_resource),),
    of_organization=True,
    is_optional=True,
)
