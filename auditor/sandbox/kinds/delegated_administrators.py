"""Accounts that administer services for the whole organization, and which services each has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor.sandbox.evidence import OrganizationEvidence
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.pages import organization_page
from auditor.sandbox.wire import AwsError

ANALYZER_SERVICE = "access-analyzer.amazonaws.com"
_SERVICES = (("guardduty.amazonaws.com", "securityhub.amazonaws.com"), (ANALYZER_SERVICE,))


def planted_delegates(organization: OrganizationEvidence) -> dict[str, tuple[str, ...]]:
    """Account id -> service principals."""
    members = [account.id for account in organization.tree.active if not account.is_management]
    return dict(zip(members, _SERVICES, strict=False))


def _list_delegated_administrators(request: Request) -> dict[str, Any]:
    administrators = [_administrator(request, account_id) for account_id in request.organization.of(planted_delegates)]
    return organization_page(request, "DelegatedAdministrators", administrators)


def _administrator(request: Request, account_id: str) -> dict[str, Any]:
    account = request.organization.tree.by_id[account_id]
    return {
        "Id": account.id,
        "Arn": account.arn,
        "Email": account.email,
        "Name": account.name,
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": account.joined,
        "DelegationEnabledDate": request.options.as_of - timedelta(days=300),
    }


def _list_delegated_services_for_account(request: Request) -> dict[str, Any]:
    services = request.organization.of(planted_delegates).get(request.parameters.get("AccountId", ""))
    if services is None:
        message = "The specified account is not a delegated administrator for this AWS service."
        raise AwsError("AccountNotRegisteredException", message)
    since = request.options.as_of - timedelta(days=300)
    items = [{"ServicePrincipal": name, "DelegationEnabledDate": since} for name in services]
    return organization_page(request, "DelegatedServices", items)


KIND = BoxedKind(
    "delegated-administrators",
    (
        Operation("organizations:ListDelegatedAdministrators", _list_delegated_administrators),
        Operation("organizations:ListDelegatedServicesForAccount", _list_delegated_services_for_account),
    ),
    of_organization=True,
)
