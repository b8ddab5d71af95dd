"""The contacts of an account: its owner, and for most a security contact."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.evidence import PlantedEvidence, pick
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.wire import AwsError

_TYPES = ("BILLING", "OPERATIONS", "SECURITY")
_HAVING = (True, True, False)


def has_security_contact(evidence: PlantedEvidence) -> bool:
    return pick(_HAVING, evidence.rank)


def _get_alternate_contact(request: Request) -> dict[str, Any]:
    wanted = request.parameters.get("AlternateContactType")
    if wanted not in _TYPES:
        raise AwsError("ValidationException", "AlternateContactType is not one of its values")
    if wanted != "SECURITY" or not request.evidence.of(has_security_contact):
        message = f"No contact of the inputted alternate contact type {wanted} found."
        raise AwsError("ResourceNotFoundException", message)
    contact = {
        "AlternateContactType": wanted,
        "EmailAddress": "security@example.com",
        "Name": "Security Team, Example",
        "PhoneNumber": "+44 20 7946 0000",
        "Title": "=Security",
    }
    return {"AlternateContact": contact}


def _get_contact_information(request: Request) -> dict[str, Any]:
    contact = {
        "FullName": f"Owner {request.evidence.rank}",
        "AddressLine1": "1 Example Street",
        "City": "Zürich",
        "CountryCode": "CH",
        "PostalCode": "8000",
        "PhoneNumber": "+41 44 000 00 00",
    }
    return {"ContactInformation": contact}


KIND = BoxedKind(
    "contacts",
    (
        Operation("account:GetAlternateContact", _get_alternate_contact),
        Operation("account:GetContactInformation", _get_contact_information),
    ),
    unserved_in=frozenset({"aws-us-gov"}),
)
