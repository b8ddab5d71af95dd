"""Service-specific credentials of IAM users: API keys of Amazon Bedrock, passwords of CodeCommit and Keyspaces."""

from __future__ import annotations

from auditor.kinds.declaration import LARGEST_PAGE, Call, Column, Kind, Owner, Probe, RowPerItem, Table, written
from auditor.model import Unit

_CREDENTIALS = Call(
    "iam:ListServiceSpecificCredentials",
    parameters={"AllUsers": True, "MaxItems": LARGEST_PAGE},
    items="ServiceSpecificCredentials",
    probe=Probe({"AllUsers": True, "MaxItems": 1}),
)
_ID = "ServiceSpecificCredentialId"
_COLUMNS = (
    Column("user_name", "str", "The IAM user who has the credential.", path="UserName"),
    Column("credential_id", "str", "Id of the credential.", path=_ID),
    Column("service", "str", "The service that takes it, like bedrock.amazonaws.com.", path="ServiceName"),
    Column("credential_status", "str", "Active, Inactive or Expired.", path="Status"),
    Column("created", "datetime64[us, UTC]", "When it was made.", unit="UTC", path="CreateDate"),
    Column("expires_at", "datetime64[us, UTC]", "When it expires; null for never.", unit="UTC", path="ExpirationDate"),
    written("created", "CreateDate"),
    written("expires_at", "ExpirationDate"),
)

# AWS gives these credentials no ARN.
_EACH = RowPerItem(_CREDENTIALS.action, _CREDENTIALS.items, name=f"UserName/{_ID}", key=_ID)

KIND = Kind(
    name="service-specific-credentials",
    owner=Owner.ACCOUNT,
    about="The service-specific credentials of IAM users, which the credential report does not show.",
    calls=(_CREDENTIALS,),
    tables=(
        Table(
            Unit.RESOURCE,
            _COLUMNS,
            name="service_credentials",
            about="Each service-specific credential of an IAM user, such as an API key of Amazon Bedrock.",
            source=_EACH,
        ),
    ),
)
