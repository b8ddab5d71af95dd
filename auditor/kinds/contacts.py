"""Whom AWS writes to: the security contact and the primary contact of one account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, Table
from auditor.model import CONTACTS, Unit
from auditor.store.answers import error_of, first_response, is_answered, line_of
from auditor.store.evidence import Document

_NONE = ("ResourceNotFoundException",)  # that no contact is on file is an answer, not a gap
_OF_SECURITY = {"AlternateContactType": "SECURITY"}
_SECURITY = Call(
    "account:GetAlternateContact",
    parameters=_OF_SECURITY,
    answers=_NONE,
    continues=True,
    probe=Probe(_OF_SECURITY, _NONE),
)
_PRIMARY = Call("account:GetContactInformation", answers=_NONE, continues=True, probe=Probe(harmless=_NONE))
_SECURITY_MEMBERS = ("Name", "Title", "EmailAddress", "PhoneNumber")
_PRIMARY_MEMBERS = ("FullName", "CompanyName", "AddressLine1", "City", "PostalCode", "CountryCode", "PhoneNumber")
_COLUMNS = (
    # Missing where AWS did not answer.
    Column("security_contact", "str", "The security contact; empty for none."),
    Column("primary_contact", "str", "The account's own contact.", in_controls=False),
    Column("primary_line", "Int64", "Line of the primary contact.", in_controls=False),
)


def _rows(_: str, document: Document) -> Iterator[Row]:
    security = first_response(document, _SECURITY.action).get("AlternateContact", {})
    primary = first_response(document, _PRIMARY.action).get("ContactInformation", {})
    is_known = is_answered(document, _SECURITY.action, *_NONE)
    error = error_of(document, _PRIMARY.action)
    yield {
        "line": line_of(document, _SECURITY.action),
        "security_contact": _joined(security, _SECURITY_MEMBERS) if is_known else None,
        "primary_contact": _joined(primary, _PRIMARY_MEMBERS) if error in ("", *_NONE) else f"unknown ({error})",
        "primary_line": line_of(document, _PRIMARY.action),
    }


def _joined(contact: Mapping[str, Any], members: tuple[str, ...]) -> str:
    return ", ".join(str(contact[member]) for member in members if contact.get(member))


KIND = Kind(
    name=CONTACTS,
    owner=Owner.ACCOUNT,
    about="Whom AWS writes to: the security contact and the primary contact.",
    calls=(_SECURITY, _PRIMARY),
    tables=(
        Table(
            Unit.ACCOUNT,
            _COLUMNS,
            name="contacts",
            about="The contacts that AWS writes to, for each account.",
            rows=_rows,
        ),
    ),
)
