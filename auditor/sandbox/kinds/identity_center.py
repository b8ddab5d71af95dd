"""The instance of IAM Identity Center; only the management account's home region has one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor.sandbox.operations import BoxedKind, Operation, Request


def _list_instances(request: Request) -> dict[str, Any]:
    options = request.options
    is_home = options.identity_center and request.call.region == options.all_regions[0]
    if not is_home or request.identity.account_id not in request.served.readers.ids:
        return {"Instances": []}
    instance = {
        "InstanceArn": f"arn:{options.partition}:sso:::instance/ssoins-0123456789abcdef",
        "IdentityStoreId": "d-0123456789",
        "OwnerAccountId": request.organization.tree.management_id,
        "Name": "workforce",
        "CreatedDate": options.as_of - timedelta(days=900),
        "Status": "ACTIVE",
    }
    return {"Instances": [instance]}


_LIST_INSTANCES = Operation("sso:ListInstances", _list_instances, "sso-admin")
KIND = BoxedKind("identity-center", (_LIST_INSTANCES,), of_organization=True)
