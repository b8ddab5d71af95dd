"""Whom AWS writes to."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.reperform.plain.document import Call, Document
from auditor.reperform.plain.shape import Facts


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    alternate, primary = "account:GetAlternateContact", "account:GetContactInformation"
    security = document.response(alternate).get("AlternateContact", {})
    security_contact = _details(security, ("Name", "Title", "EmailAddress", "PhoneNumber"))
    members = ("FullName", "CompanyName", "AddressLine1", "City", "PostalCode", "CountryCode", "PhoneNumber")
    return {
        "account": [
            {
                "line": document.line(alternate),
                "security_contact": security_contact if any(map(_is_answered, document.of(alternate))) else None,
                "primary_contact": _details(document.response(primary).get("ContactInformation", {}), members),
                "primary_line": document.line(primary),
            }
        ]
    }


def _is_answered(call: Call) -> bool:
    """That there is no such contact is an answer, too."""
    return call.response is not None or call.error == "ResourceNotFoundException"


def _details(contact: Facts, members: Iterable[str]) -> str:
    return ", ".join(str(contact[member]) for member in members if contact.get(member))
