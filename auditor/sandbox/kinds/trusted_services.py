"""AWS services that the organization trusts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor.sandbox.kinds.delegated_administrators import ANALYZER_SERVICE
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.pages import organization_page

_TRUSTED = (
    ANALYZER_SERVICE,
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "guardduty.amazonaws.com",
    "iam.amazonaws.com",
    "securityhub.amazonaws.com",
    "sso.amazonaws.com",
)


def _list_aws_service_access(request: Request) -> dict[str, Any]:
    since = request.options.as_of - timedelta(days=600)
    items = [{"ServicePrincipal": name, "DateEnabled": since} for name in _TRUSTED]
    return organization_page(request, "EnabledServicePrincipals", items)


KIND = BoxedKind(
    "trusted-services",
    (Operation("organizations:ListAWSServiceAccessForOrganization", _list_aws_service_access),),
    of_organization=True,
)
