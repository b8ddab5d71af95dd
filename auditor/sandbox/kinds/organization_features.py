"""Features of IAM that the organization has turned on: central management of root's credentials."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.evidence import OrganizationEvidence
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.wire import AwsError


def planted_features(organization: OrganizationEvidence) -> tuple[str, ...]:
    return ("RootCredentialsManagement", "RootSessions") if organization.options.central_root else ()


def _list_organizations_features(request: Request) -> dict[str, Any]:
    if not request.options.in_organization:
        raise AwsError("OrganizationNotFoundException", "The account is not in an organization.")
    if request.identity.account_id not in request.served.readers.ids:
        message = "The account is not the management account or a delegated administrator for IAM."
        raise AwsError("AccountNotManagementOrDelegatedAdministratorException", message)
    organization = request.organization
    return {"OrganizationId": organization.tree.id, "EnabledFeatures": organization.of(planted_features)}


KIND = BoxedKind(
    "organization-features",
    (Operation("iam:ListOrganizationsFeatures", _list_organizations_features),),
    of_organization=True,
)
