"""The Organizations service in the box: the tree and its accounts, in pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedAccount, BoxedOrganization, Container
from auditor.sandbox.readers import Readers, page, to_json
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

Shape = dict[str, Any]
# Status knows fewer words than State; a pending account is none that could be audited.
_STATUS_OF_STATE = {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": "SUSPENDED"}


class Organizations:
    """The operations of Organizations that read."""

    def __init__(self, options: SandboxOptions, organization: BoxedOrganization, readers: Readers) -> None:
        self._options, self._organization, self._readers = options, organization, readers
        guard = readers.guarded
        self._units: defaultdict[str, list[Container]] = defaultdict(list)
        self._accounts: defaultdict[str, list[BoxedAccount]] = defaultdict(list)
        for container in organization.containers.values():
            self._units[container.parent_id].append(container)
        for account in organization.accounts:
            self._accounts[account.parent_id].append(account)
        self.operations: dict[str, Operation] = {
            "DescribeOrganization": self.describe_organization,
            "ListRoots": guard(self.list_roots),
            "ListOrganizationalUnitsForParent": guard(self.list_organizational_units_for_parent),
            "ListAccountsForParent": guard(self.list_accounts_for_parent),
            "ListAccounts": guard(self.list_accounts),
            "ListParents": guard(self.list_parents),
            "DescribeAccount": guard(self.describe_account),
            "DescribeOrganizationalUnit": guard(self.describe_organizational_unit),
        }

    def describe_organization(self, _identity: Identity, _call: Call) -> str:
        self._readers.require_organization()
        organization = self._organization
        management = organization.management
        return to_json(
            Organization={
                "Id": organization.id,
                "Arn": organization.arn,
                "FeatureSet": "ALL",
                "MasterAccountArn": management.arn,
                "MasterAccountId": management.id,
                "MasterAccountEmail": management.email,
                "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
            }
        )

    def list_roots(self, call: Call) -> str:
        root = self._organization.root
        policies = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
        shape = {"Id": root.id, "Arn": root.arn, "Name": root.name, "PolicyTypes": policies}
        return self._page(call, "Roots", [shape], lambda whole: whole)

    def list_organizational_units_for_parent(self, call: Call) -> str:
        units = self._units[self._parent(call).id]
        return self._page(call, "OrganizationalUnits", units, _unit)

    def list_accounts_for_parent(self, call: Call) -> str:
        return self._page(call, "Accounts", self._accounts[self._parent(call).id], self._account)

    def list_accounts(self, call: Call) -> str:
        return self._page(call, "Accounts", self._organization.accounts, self._account)

    def list_parents(self, call: Call) -> str:
        child_id = call.params.get("ChildId", "")
        child = self._organization.by_id.get(child_id) or self._organization.containers.get(child_id)
        if child is None or not child.parent_id:
            raise AwsError("ChildNotFoundException", "You specified a child that does not exist.")
        kind = "ROOT" if child.parent_id == self._organization.root.id else "ORGANIZATIONAL_UNIT"
        return to_json(Parents=[{"Id": child.parent_id, "Type": kind}])

    def describe_account(self, call: Call) -> str:
        account = self._organization.by_id.get(call.params.get("AccountId", ""))
        if account is None:
            raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
        return to_json(Account=self._account(account))

    def describe_organizational_unit(self, call: Call) -> str:
        unit = self._organization.containers.get(call.params.get("OrganizationalUnitId", ""))
        if unit is None or not unit.parent_id:
            message = "You specified an organizational unit that doesn't exist."
            raise AwsError("OrganizationalUnitNotFoundException", message)
        return to_json(OrganizationalUnit=_unit(unit))

    def _parent(self, call: Call) -> Container:
        parent = self._organization.containers.get(call.params.get("ParentId", ""))
        if parent is None:
            raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
        return parent

    def _page(self, call: Call, name: str, items: Sequence[Any], shape: Callable[[Any], Shape]) -> str:
        return page(call, name, [shape(item) for item in items], self._options.page_size)

    def _account(self, account: BoxedAccount) -> Shape:
        shape: Shape = {
            "Id": account.id,
            "Arn": account.arn,
            "Email": account.email,
            "Name": account.name,
            "JoinedMethod": "INVITED" if account.is_management else "CREATED",
            "JoinedTimestamp": account.joined.timestamp(),
        }
        if self._options.account_state in ("both", "state"):
            shape["State"] = account.state
        if self._options.account_state in ("both", "status"):
            shape["Status"] = _STATUS_OF_STATE.get(account.state, account.state)
        return shape


def _unit(unit: Container) -> Shape:
    return {"Id": unit.id, "Arn": unit.arn, "Name": unit.name}
