"""The tree of organizational units: the root, what is below each unit, and the accounts in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeVar

from auditor.sandbox.evidence import OrganizationEvidence
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.organization import BoxedAccount, Container
from auditor.sandbox.organizations import members_by_account
from auditor.sandbox.pages import organization_page
from auditor.sandbox.wire import AwsError

Child = TypeVar("Child", BoxedAccount, Container)


def _list_roots(request: Request) -> dict[str, Any]:
    root = _unit_members(request.organization.tree.root)
    policies = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    return organization_page(request, "Roots", [root | {"PolicyTypes": policies}])


def _list_organizational_units_for_parent(request: Request) -> dict[str, Any]:
    units = request.organization.of(_units_by_parent)[_parent_id(request)]
    return organization_page(request, "OrganizationalUnits", [_unit_members(unit) for unit in units])


def _list_accounts_for_parent(request: Request) -> dict[str, Any]:
    accounts, members = request.organization.of(_accounts_by_parent), request.organization.of(members_by_account)
    return organization_page(request, "Accounts", [members[account.id] for account in accounts[_parent_id(request)]])


def _parent_id(request: Request) -> str:
    parent = request.organization.tree.containers.get(request.parameters.get("ParentId", ""))
    if parent is None:
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return parent.id


def _unit_members(unit: Container) -> dict[str, Any]:
    return {"Id": unit.id, "Arn": unit.arn, "Name": unit.name}


def _units_by_parent(organization: OrganizationEvidence) -> dict[str, list[Container]]:
    return _by_parent(organization.tree.containers.values())


def _accounts_by_parent(organization: OrganizationEvidence) -> dict[str, list[BoxedAccount]]:
    return _by_parent(organization.tree.accounts)


def _by_parent(children: Iterable[Child]) -> dict[str, list[Child]]:
    found: defaultdict[str, list[Child]] = defaultdict(list)
    for child in children:
        found[child.parent_id].append(child)
    return found


# Without these calls a run does not know its accounts: there is no gap to expect.
KIND = BoxedKind(
    "ou-tree",
    (
        Operation("organizations:ListRoots", _list_roots),
        Operation("organizations:ListOrganizationalUnitsForParent", _list_organizational_units_for_parent),
        Operation("organizations:ListAccountsForParent", _list_accounts_for_parent),
    ),
    of_organization=True,
    is_deniable=False,
)
