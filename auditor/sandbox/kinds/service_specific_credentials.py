"""Service-specific credentials: made 89, 90 and 91 days ago, active and not, ending and never ending."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor.sandbox.evidence import PlantedEvidence, pick
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.pages import iam_page
from auditor.sandbox.wire import AwsError

Members = dict[str, Any]
# Status, days since each credential was made, and days until it ends (None: never).
_PLANTED: tuple[tuple[tuple[str, int, int | None], ...], ...] = (
    (),
    (("Active", 90, 275),),
    (("Active", 91, None), ("Inactive", 400, None)),
    (("Active", 89, None), ("Expired", 100, -10)),
    (("Active", 0, 1), ("Active", 91, 274)),
)


def planted_credentials(evidence: PlantedEvidence) -> tuple[Members, ...]:
    """Of the first users of the account, one each."""
    users = [user.name for user in evidence.users]
    chosen = zip(users, pick(_PLANTED, evidence.rank), strict=False)
    return tuple(_members(evidence, number, name, *planted) for number, (name, planted) in enumerate(chosen, 1))


def _members(evidence: PlantedEvidence, number: int, user: str, status: str, age: int, left: int | None) -> Members:
    ends = {} if left is None else {"ExpirationDate": evidence.as_of + timedelta(days=left)}
    return {
        "UserName": user,
        "Status": status,
        "ServiceCredentialAlias": f"{user}-at-{evidence.account_id}",
        "CreateDate": evidence.as_of - timedelta(days=age),
        "ServiceName": "bedrock.amazonaws.com",
        "ServiceSpecificCredentialId": f"ACCA{evidence.account_id}{number:05d}",
    } | ends


def _list(request: Request) -> Members:
    evidence, asked = request.evidence, request.parameters
    planted, service = evidence.of(planted_credentials), asked.get("ServiceName")
    found = tuple(one for one in planted if service in (None, one["ServiceName"]))
    if not asked.get("AllUsers"):
        found = tuple(one for one in found if one["UserName"] == asked.get("UserName"))
    elif "UserName" in asked:
        raise AwsError("ValidationError", "UserName and AllUsers cannot be given together.")
    return iam_page(request, "ServiceSpecificCredentials", found, evidence.short_pages)


KIND = BoxedKind("service-specific-credentials", (Operation("iam:ListServiceSpecificCredentials", _list),))
