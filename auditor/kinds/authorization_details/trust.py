"""Whom the roles of an account trust: a row for each role that everybody may assume, one for all other resources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from auditor.kinds.authorization_details.details import Details
from auditor.kinds.declaration import Column, Row
from auditor.policy import PolicyError, numbers, open_principals, said, trusted_providers

# The row of the other resources has no name and no ARN.
COLUMNS = (
    Column("trust", "str", "Why everybody may assume the role: statement 1 allows Principal *."),
    Column("statements_spelling", "str", "Numbers of these statements, joined by ' and '."),
    Column("open_roles", "str", "In the row of the other resources: names, joined by '; '."),
    Column("open_lines", "str", "In the row of the other resources: lines of these roles, joined by blanks."),
    Column("unreadable_roles", "str", "Roles whose trust policy cannot be judged, each with why."),
)


@dataclass(frozen=True)
class OpenRole:
    """A role that everybody may assume; ``said`` names the statements, ``statements`` are their numbers."""

    line: int
    name: str
    arn: str
    said: str
    statements: str


def open_roles(details: Details) -> list[OpenRole]:
    """The roles that everybody may assume; a trust policy that cannot be read is in ``unreadable_roles``."""
    return list(_open_roles(details))


def _open_roles(details: Details) -> Iterator[OpenRole]:
    for line, role in details.of("roles"):
        with suppress(PolicyError):
            if grants := open_principals(role.get("AssumeRolePolicyDocument")):
                name = role.get("RoleName", "")
                yield OpenRole(line, name, role["Arn"], said(grants), numbers(grants))


def unreadable_roles(details: Details) -> list[tuple[int, str]]:
    """Line, and name and why, of each role whose trust policy cannot be judged."""
    found = []
    for line, role in details.of("roles"):
        try:
            open_principals(role.get("AssumeRolePolicyDocument"))
        except PolicyError as error:
            found.append((line, f"{role.get('RoleName', '')}: its trust policy {error}"))
    return found


def providers(details: Details) -> list[str]:
    """The identity providers that some role trusts. Trust policies that cannot be read are left out."""
    found: set[str] = set()
    for _, role in details.of("roles"):
        with suppress(PolicyError):
            found.update(arn.partition("/")[2] for arn in trusted_providers(role))
    return sorted(found)


def resource_rows(details: Details) -> list[Row]:
    """Columns of ``COLUMNS``."""
    opened, unreadable = open_roles(details), unreadable_roles(details)
    rows: list[Row] = [
        {
            "name": role.name,
            "arn": role.arn,
            "trust": role.said,
            "statements_spelling": role.statements,
            "line": role.line,
        }
        for role in opened
    ]
    others = {
        "open_roles": "; ".join(role.name for role in opened),
        "open_lines": " ".join(str(role.line) for role in opened),
        "unreadable_roles": "; ".join(text for _, text in unreadable),
        "line": min((line for line, _ in unreadable), default=1),
    }
    return [*rows, others]
