"""Whom of outside their own account the roles let in: a row for each principal that a trust policy allows.

AWS services are not of outside, nor are principals of the role's own account, which its own policies rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.kinds.authorization_details.details import Details, Item
from auditor.kinds.declaration import Column, Row
from auditor.policy import PolicyError
from auditor.policy.document import Statement, parse

COLUMNS = (
    Column("principal_type", "str", "AWS, Federated, CanonicalUser, or everybody.", in_controls=False),
    Column("principal", "str", "Who may assume the role, as the trust policy names it.", in_controls=False),
    Column("principal_account", "str", "Account id in the principal; empty where it has none.", in_controls=False),
    Column("conditions", "str", "Conditions that must hold, joined by '; '; empty for none.", in_controls=False),
    Column("statement", "Int64", "Number of the statement in the trust policy, from 1.", in_controls=False),
    Column("problem", "str", "Why the trust policy could not be read; such a role has one row.", in_controls=False),
)
EVERYBODY = "everybody"
_ACCOUNT = re.compile(r"(?:arn:[^:]*:[^:]*:[^:]*:)?(\d{12})(?::.*)?")


def trust_rows(details: Details) -> list[Row]:
    """Columns of ``COLUMNS``, in the order of the roles and of their statements."""
    return [row for line, role in details.of("roles") for row in _rows_of(line, role)]


def _rows_of(line: int, role: Item) -> Iterator[Row]:
    which = {"name": str(role.get("RoleName", "")), "arn": role["Arn"], "line": line}
    own = account_in(str(role["Arn"]))
    try:
        statements = parse(role.get("AssumeRolePolicyDocument"))
    except PolicyError as error:
        yield which | {"problem": f"the trust policy {error}"}
        return
    for statement in statements:
        if statement.allows:
            yield from (which | row for row in _let_in(statement, own))


def _let_in(statement: Statement, own: str) -> Iterator[Row]:
    about = {"conditions": "; ".join(map(str, statement.conditions)), "statement": statement.number, "problem": ""}
    if statement.not_principals is not None:
        names = ", ".join(name for _, name in statement.not_principals)
        yield about | {"principal_type": EVERYBODY, "principal": f"all but {names}", "principal_account": ""}
    for kind, name in dict.fromkeys(statement.principals or ()):
        account = account_in(name)
        if kind == "Service" or (kind == "AWS" and account == own):
            continue
        kind = EVERYBODY if name.strip("*") == "" and kind in ("", "AWS") else kind
        yield about | {"principal_type": kind, "principal": name, "principal_account": account}


def account_in(principal: str) -> str:
    """The account id of an ARN or of a principal that is one; empty where there is none."""
    found = _ACCOUNT.fullmatch(principal)
    return found[1] if found else ""
