"""Who holds what in an account: a row for each user, and one for the account with what its checks read."""

from __future__ import annotations

import re

from auditor.kinds.authorization_details.details import HOLDERS, Details, Item, names
from auditor.kinds.authorization_details.trust import open_roles, providers, unreadable_roles
from auditor.kinds.declaration import Column, Row

SUPPORT, CLOUD_SHELL = "AWSSupportAccess", "AWSCloudShellFullAccess"
# All texts that name several things join them with "; " and are empty for none.
USER_COLUMNS = (
    Column("type", "str", "Always user.", in_controls=False),
    Column("inline_policies", "str", "Inline policies of the user, joined by '; '."),
    Column("attached_policies", "str", "Managed policies attached to the user, joined by '; '."),
    Column("groups", "str", "Groups of the user, joined by '; '.", in_controls=False),
)
ACCOUNT_COLUMNS = (
    *(Column(f"support_{who}", "str", f"{who} with {SUPPORT}, joined by '; '.") for who in HOLDERS),
    Column("support_line", "Int64", f"Line of the first role with {SUPPORT}.", in_controls=False),
    *(Column(f"cloudshell_{who}", "str", f"{who} with {CLOUD_SHELL}, joined by '; '.") for who in HOLDERS),
    Column("cloudshell_line", "Int64", f"Line of the first holder of {CLOUD_SHELL}.", in_controls=False),
    Column("open_roles", "str", "Roles that anybody may assume, each with why.", in_controls=False),
    Column("open_line", "Int64", "Line of the first open role.", in_controls=False),
    Column(
        "unreadable_roles", "str", "Roles whose trust policy could not be judged, each with why.", in_controls=False
    ),
    Column("unreadable_line", "Int64", "Line of the first role that could not be judged.", in_controls=False),
    Column("support_lines", "str", f"Lines of all roles with {SUPPORT}, joined by blanks."),
    Column("cloudshell_lines", "str", f"Lines of everybody with {CLOUD_SHELL}, joined by blanks."),
    # Joined by ", " as the listed ones are.
    Column("trusted_providers", "str", "Identity providers that the trust policies of roles name.", in_controls=False),
)
_Mentions = list[tuple[int, str]]
"""Lines of items, and what is said of each."""


def user_row(line: int, user: Item) -> Row:
    return {
        "name": user.get("UserName", ""),
        "arn": user["Arn"],
        "type": "user",
        "inline_policies": "; ".join(names(user, "UserPolicyList", "PolicyName")),
        "attached_policies": "; ".join(names(user, "AttachedManagedPolicies", "PolicyName")),
        "groups": "; ".join(map(str, user.get("GroupList") or ())),
        "line": line,
    }


def account_row(details: Details) -> Row:
    support = {kind: _with_policy(details, kind, SUPPORT) for kind in HOLDERS}
    shell = {kind: _with_policy(details, kind, CLOUD_SHELL) for kind in HOLDERS}
    opened, unreadable = open_roles(details), unreadable_roles(details)
    return {
        "line": 1,
        **{f"support_{kind}": _texts(found) for kind, found in support.items()},
        "support_line": _first(support["roles"]),
        "support_lines": _lines(support["roles"]),
        "cloudshell_lines": _lines([holder for found in shell.values() for holder in found]),
        **{f"cloudshell_{kind}": _texts(found) for kind, found in shell.items()},
        "cloudshell_line": _first([holder for found in shell.values() for holder in found]),
        "open_roles": "; ".join(f"{role.name}: {role.said}" for role in opened),
        "open_line": min((role.line for role in opened), default=None),
        "unreadable_roles": _texts(unreadable),
        "unreadable_line": _first(unreadable),
        "trusted_providers": ", ".join(providers(details)),
    }


def _with_policy(details: Details, kind: str, policy: str) -> _Mentions:
    """Names of the users, groups or roles that hold AWS's own ``policy``, in any partition and below any path."""
    arn, name = re.compile(rf"arn:[^:]+:iam::aws:policy/(?:.+/)?{policy}"), f"{kind[:-1].title()}Name"
    return [
        (line, str(holder.get(name, "")))
        for line, holder in details.of(kind)
        if any(map(arn.fullmatch, names(holder, "AttachedManagedPolicies", "PolicyArn")))
    ]


def _texts(found: _Mentions) -> str:
    return "; ".join(text for _, text in found)


def _first(found: _Mentions) -> int | None:
    return min((line for line, _ in found), default=None)


def _lines(found: _Mentions) -> str:
    """Of each item once, in order."""
    return " ".join(map(str, sorted({line for line, _ in found})))
