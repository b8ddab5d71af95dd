"""Whom AWS writes to: one row an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.evidence import Document
from auditor.frames.tables import Row, error_of, first_response, is_answered, line_of, table
from auditor.model import CONTACTS, Unit

_ALTERNATE, _PRIMARY = "account:GetAlternateContact", "account:GetContactInformation"
_NONE = "ResourceNotFoundException"
_SECURITY_MEMBERS = ("Name", "Title", "EmailAddress", "PhoneNumber")
_PRIMARY_MEMBERS = ("FullName", "CompanyName", "AddressLine1", "City", "PostalCode", "CountryCode", "PhoneNumber")
_COLUMNS = {
    "security_contact": "str",  # name, title, e-mail, telephone; empty for none, missing where AWS did not tell
    "primary_contact": "str",
    "primary_line": "Int64",
}


def _rows(_: str, document: Document) -> Iterator[Row]:
    security = first_response(document, _ALTERNATE).get("AlternateContact", {})
    primary = first_response(document, _PRIMARY).get("ContactInformation", {})
    refused, told = error_of(document, _PRIMARY), _told(primary, _PRIMARY_MEMBERS)
    yield {
        "line": line_of(document, _ALTERNATE),
        "security_contact": _told(security, _SECURITY_MEMBERS) if is_answered(document, _ALTERNATE, _NONE) else None,
        "primary_contact": told if refused in ("", _NONE) else f"unknown ({refused})",
        "primary_line": line_of(document, _PRIMARY),
    }


def _told(contact: Mapping[str, Any], members: tuple[str, ...]) -> str:
    return ", ".join(str(contact[member]) for member in members if contact.get(member))


TABLES = (table(Unit.ACCOUNT, CONTACTS, _COLUMNS, _rows),)
