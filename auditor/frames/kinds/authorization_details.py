"""Authorization details as frames: what users hold directly, which managed policies are in force, who trusts whom.

What is attached but was not answered is a row too, of which nothing is known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd

from auditor.evidence import Document
from auditor.frames.kinds.details import HOLDERS, Details, Item, holders_of, members, names, read_details
from auditor.frames.tables import Table, facts
from auditor.model import AUTHORIZATION_DETAILS, Unit
from auditor.policy import PolicyError, allows_everything, open_principals, trusted_providers

SUPPORT, CLOUD_SHELL = "AWSSupportAccess", "AWSCloudShellFullAccess"
# All texts that name several things join them with "; " and are empty for none.
PRINCIPALS = {
    "account_id": "str",
    "name": "str",
    "arn": "str",
    "type": "str",  # user
    "inline_policies": "str",  # names
    "attached_policies": "str",  # names
    "groups": "str",  # names
    "line": "Int64",
}
POLICIES = {
    "account_id": "str",
    "name": "str",
    "arn": "str",
    "default_version": "str",  # v3
    "problem": "str",  # why its document cannot be judged; empty where it can
    "full_admin": "boolean",  # <NA> where it cannot
    "reason": "str",
    "attached_to": "str",  # 1 user, 2 roles
    "line": "Int64",
}
ACCOUNTS = {
    "account_id": "str",
    "support_users": "str",  # names of those with AWSSupportAccess
    "support_groups": "str",
    "support_roles": "str",
    "support_line": "Int64",  # of the first of them
    "cloudshell_users": "str",  # names of those with AWSCloudShellFullAccess
    "cloudshell_groups": "str",
    "cloudshell_roles": "str",
    "cloudshell_line": "Int64",
    "open_roles": "str",  # name: statement 1 allows Principal *
    "open_line": "Int64",
    "unreadable_roles": "str",  # name: why its trust policy cannot be judged
    "unreadable_line": "Int64",
    "trusted_providers": "str",  # those of the account that some role trusts, joined by ", " as the listed ones are
}
Rows = list[dict[str, Any]]
_Told = list[tuple[int, str]]
"""Lines of items, and what is told of each."""


@dataclass(frozen=True)
class AuthorizationRows:
    """One account's rows: columns of ``PRINCIPALS``, of ``POLICIES``, and a single one of ``ACCOUNTS``."""

    principals: Rows
    policies: Rows
    account: dict[str, Any]


@dataclass(frozen=True)
class Authorization:
    """One row per user in ``principals``, per managed policy in force in ``policies``, per account in ``accounts``."""

    principals: pd.DataFrame
    policies: pd.DataFrame
    accounts: pd.DataFrame


def authorization_rows(account_id: str, document: Document) -> AuthorizationRows:
    """The rows of one account, users and policies in the order of the evidence; EvidenceError: see ``read_details``."""
    details = read_details(document)
    return AuthorizationRows(
        principals=[_user_row(account_id, line, user) for line, user in details.of("users")],
        policies=_policy_rows(account_id, details),
        account=_account_row(account_id, details),
    )


def authorization_frames(accounts: Iterable[AuthorizationRows]) -> Authorization:
    """The rows of all accounts as frames, in the order given."""
    principals: Rows = []
    policies: Rows = []
    totals: Rows = []
    for rows in accounts:
        principals += rows.principals
        policies += rows.policies
        totals.append(rows.account)
    return Authorization(_frame(principals, PRINCIPALS), _frame(policies, POLICIES), _frame(totals, ACCOUNTS))


def _frame(rows: Rows, columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(columns))


def _user_row(account_id: str, line: int, user: Item) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "name": user.get("UserName", ""),
        "arn": user["Arn"],
        "type": "user",
        "inline_policies": "; ".join(names(user, "UserPolicyList", "PolicyName")),
        "attached_policies": "; ".join(names(user, "AttachedManagedPolicies", "PolicyName")),
        "groups": "; ".join(map(str, user.get("GroupList") or ())),
        "line": line,
    }


def _policy_rows(account_id: str, details: Details) -> Rows:
    """Every managed policy that AWS counts as attached, or that a user, group or role names as attached."""
    holders = holders_of(details)
    answered = [
        _policy_row(account_id, line, policy, holders.get(policy["Arn"], Counter()))
        for line, policy in details.of("policies")
        if policy.get("AttachmentCount") or policy["Arn"] in holders
    ]
    first_lines: dict[str, int] = {}
    for _, line, arn in details.attachments():
        first_lines.setdefault(arn, line)
    missing = [arn for arn in holders if arn not in details.items["policies"]]
    return answered + [_unanswered_row(account_id, first_lines[arn], arn, holders[arn]) for arn in missing]


def _policy_row(account_id: str, line: int, policy: Item, holders: Counter[str]) -> dict[str, Any]:
    version, document, problem = _default_version(policy)
    grants: Sequence[object] = ()
    if not problem:
        try:
            grants = allows_everything(document)
        except PolicyError as error:
            problem = f"the document of its default version {version} {error}"
    return {
        "account_id": account_id,
        "name": policy.get("PolicyName") or _name(policy["Arn"]),
        "arn": policy["Arn"],
        "default_version": version,
        "problem": problem,
        "full_admin": None if problem else bool(grants),
        "reason": problem or _said(grants) or "no statement allows every action on every resource",
        "attached_to": _counted(holders, policy.get("AttachmentCount") or 0),
        "line": line,
    }


def _default_version(policy: Item) -> tuple[str, object, str]:
    """Id and document of the version that is in force, and why there is none."""
    wanted = policy.get("DefaultVersionId") or ""
    for version in members(policy, "PolicyVersionList"):
        if version.get("VersionId") == wanted or (not wanted and version.get("IsDefaultVersion")):
            return str(version.get("VersionId", "")), version.get("Document"), ""
    return wanted, None, f"its default version {wanted or '(unnamed)'} was not answered"


def _unanswered_row(account_id: str, line: int, arn: str, holders: Counter[str]) -> dict[str, Any]:
    problem = "it is attached, but was not answered"
    return {
        "account_id": account_id,
        "name": _name(arn),
        "arn": arn,
        "default_version": "",
        "problem": problem,
        "full_admin": None,
        "reason": problem,
        "attached_to": _counted(holders, holders.total()),
        "line": line,
    }


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _counted(holders: Counter[str], by_aws: int) -> str:
    """``1 user, 2 roles``, and AWS's own count where it differs."""
    parts = [f"{holders[kind]} {kind if holders[kind] > 1 else kind[:-1]}" for kind in HOLDERS if holders[kind]]
    text = ", ".join(parts) or "nobody listed"
    return text if holders.total() == by_aws else f"{text} (AWS counts {by_aws})"


def _account_row(account_id: str, details: Details) -> dict[str, Any]:
    support = {kind: _with_policy(details, kind, SUPPORT) for kind in HOLDERS}
    shell = {kind: _with_policy(details, kind, CLOUD_SHELL) for kind in HOLDERS}
    opened, unreadable = _trusting(details)
    return {
        "account_id": account_id,
        "line": 1,
        **{f"support_{kind}": _told(found) for kind, found in support.items()},
        "support_line": _first(support["roles"]),
        **{f"cloudshell_{kind}": _told(found) for kind, found in shell.items()},
        "cloudshell_line": _first([holder for found in shell.values() for holder in found]),
        "open_roles": _told(opened),
        "open_line": _first(opened),
        "unreadable_roles": _told(unreadable),
        "unreadable_line": _first(unreadable),
        "trusted_providers": ", ".join(_providers(details)),
    }


def _with_policy(details: Details, kind: str, policy: str) -> _Told:
    """Names of the users, groups or roles that hold AWS's own ``policy``, in any partition and below any path."""
    arn, name = re.compile(rf"arn:[^:]+:iam::aws:policy/(?:.+/)?{policy}"), f"{kind[:-1].title()}Name"
    return [
        (line, str(holder.get(name, "")))
        for line, holder in details.of(kind)
        if any(map(arn.fullmatch, names(holder, "AttachedManagedPolicies", "PolicyArn")))
    ]


def _trusting(details: Details) -> tuple[_Told, _Told]:
    """The roles whose trust policy is open, and those whose cannot be judged, each with why."""
    opened: _Told = []
    unreadable: _Told = []
    for line, role in details.of("roles"):
        name = role.get("RoleName", "")
        try:
            grants = open_principals(role.get("AssumeRolePolicyDocument"))
        except PolicyError as error:
            unreadable.append((line, f"{name}: its trust policy {error}"))
        else:
            opened += [(line, f"{name}: {_said(grants)}")] if grants else []
    return opened, unreadable


def _providers(details: Details) -> list[str]:
    """A trust policy that cannot be read is told elsewhere."""
    found: set[str] = set()
    for _, role in details.of("roles"):
        with suppress(PolicyError):
            found.update(arn.partition("/")[2] for arn in trusted_providers(role))
    return sorted(found)


def _said(grants: Sequence[object]) -> str:
    return " and ".join(map(str, grants))


def _told(found: _Told) -> str:
    return "; ".join(text for _, text in found)


def _first(found: _Told) -> int | None:
    return min((line for line, _ in found), default=None)


def _rows(account_id: str, document: Document) -> dict[Unit, Rows]:
    rows = authorization_rows(account_id, document)
    return {Unit.USER: rows.principals, Unit.POLICY: rows.policies, Unit.ACCOUNT: [rows.account]}


TABLES = (
    Table(
        AUTHORIZATION_DETAILS,
        {Unit.USER: facts(PRINCIPALS), Unit.POLICY: facts(POLICIES), Unit.ACCOUNT: facts(ACCOUNTS)},
        _rows,
    ),
)
