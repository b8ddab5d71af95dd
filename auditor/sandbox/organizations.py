"""The Organizations service in the box: what discovery asks before any evidence is collected."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.evidence import OrganizationEvidence
from auditor.sandbox.operations import Operation, Request
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedAccount
from auditor.sandbox.pages import organization_page

# Status knows fewer words than State; a pending account is none that could be audited.
_STATUS_OF_STATE = {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": "SUSPENDED"}


def _describe_organization(request: Request) -> dict[str, Any]:
    """Every member may ask."""
    request.served.readers.require_organization()
    tree = request.organization.tree
    shown = {
        "Id": tree.id,
        "Arn": tree.arn,
        "FeatureSet": "ALL",
        "MasterAccountArn": tree.management.arn,
        "MasterAccountId": tree.management_id,
        "MasterAccountEmail": tree.management.email,
        "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }
    return {"Organization": shown}


def _list_accounts(request: Request) -> dict[str, Any]:
    return organization_page(request, "Accounts", list(request.organization.of(members_by_account).values()))


def members_by_account(organization: OrganizationEvidence) -> dict[str, dict[str, Any]]:
    """Every account by its id, as lists of accounts show it."""
    options, tree = organization.options, organization.tree
    return {account.id: _account_members(options, tree.id, account) for account in tree.accounts}


def _account_members(options: SandboxOptions, organization_id: str, account: BoxedAccount) -> dict[str, Any]:
    members: dict[str, Any] = {
        "Id": account.id,
        "Arn": account.arn,
        "Email": account.email,
        "Name": account.name,
        "JoinedMethod": "INVITED" if account.is_management else "CREATED",
        "JoinedTimestamp": account.joined,
    }
    if options.account_state in ("both", "state"):
        members["State"] = account.state
    if options.account_state in ("both", "status"):
        members["Status"] = _STATUS_OF_STATE.get(account.state, account.state)
    if options.account_paths:
        members["Paths"] = ["/".join((organization_id, *account.ou_ids, ""))]
    return members


OPERATIONS = (
    Operation("organizations:DescribeOrganization", _describe_organization),
    Operation("organizations:ListAccounts", _list_accounts),
)
