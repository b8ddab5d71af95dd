"""Predicates over permissions: policies that make administrators, and who holds them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.errors import CatalogError, nearest
from auditor.judge.checks.quoting import UNKNOWN, places_of_lines
from auditor.judge.checks.verdict import Parameters, Verdict, all_of, joined, named, sentences

_HOLDERS = {
    "AWSSupportAccess": ("support_roles", "support_users", "support_groups"),
    "AWSCloudShellFullAccess": ("cloudshell_roles", "cloudshell_users", "cloudshell_groups"),
}


def no_full_admin(policies: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No statement of an attached policy's default version allows every action on every resource. Frame: policies.

    Conditions do not excuse; the reason names them. Where the document cannot be read the evidence does not decide.
    CIS writes of the literal ``"Action": "*"`` and ``"Resource": "*"``; here other spellings of everything count too.
    """
    return _managed(policies, all_of(policies), "full_admin", "statements_spelling", "reason")


def no_near_admin(policies: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No statement of an attached policy's default version makes a near-administrator (``policy.near_admin``).

    Frame: policies. It does not apply to a policy that allows everything, which ``no_full_admin`` judges.
    """
    full = policies["full_admin"].fillna(False)
    return _managed(policies, ~full, "near_admin", "near_spelling", "near_reason")


def _managed(policies: pd.DataFrame, applies: pd.Series, admin: str, statements: str, reason: str) -> Verdict:
    """The three names are of columns: whether the policy makes an administrator, by which statements, and why."""
    found = policies[admin]
    return Verdict(
        applies=applies,
        passed=~found,
        observed=joined(
            "VersionId ",
            named(policies["default_version"], UNKNOWN),
            ", AttachmentCount ",
            policies["attachment_count_spelling"].fillna(UNKNOWN),
            (", statement " + policies[statements].fillna("")).where(found.fillna(False).astype(bool), ""),
        ),
        reason=sentences(policies[[reason, "attached_to"]], lambda why, to: f"{why}; attached to {to}"),
        also_seen_in=places_of_lines(policies, "holder_lines"),
    )


def no_inline_full_admin(identities: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No inline policy of a user, group or role allows every action on every resource. Frame: identities."""
    return _inline(identities, "full")


def no_inline_near_admin(identities: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No inline policy of a user, group or role makes a near-administrator. Frame: identities."""
    return _inline(identities, "near")


def _inline(identities: pd.DataFrame, kind: str) -> Verdict:
    found = identities[f"{kind}_admin"]
    names = identities["policies"].where(~found.fillna(False).astype(bool), identities[f"{kind}_spelling"])
    return Verdict(
        applies=all_of(identities),
        passed=~found,
        observed=joined(identities["list"], " ", names),
        reason=sentences(identities[[f"{kind}_reason"]], str),
    )


def attached_to_nobody(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """AWS's own ``policy`` is attached to nobody; where it is, a person says whether that is needed.

    Frame: one row an account.
    """
    policy = parameters["policy"]
    roles, users, groups = (accounts[column] for column in holders_of(parameters))
    held = (roles != "") | (users != "") | (groups != "")
    keys = pd.DataFrame({"held": held})
    return Verdict(
        applies=all_of(accounts),
        passed=~held.astype("boolean"),
        observed=joined("users: ", named(users), ", groups: ", named(groups), ", roles: ", named(roles)),
        reason=sentences(keys, lambda held: _handed_out(policy, held)),
        by_person=held.astype("boolean"),
        line=accounts["cloudshell_line"],
        also_seen_in=places_of_lines(accounts, "cloudshell_lines", without_first=True),
    )


def _handed_out(policy: str, held: bool) -> str:
    return (
        f"{policy} is attached; needs manual review: is it needed?" if held else f"no user, group or role has {policy}"
    )


def holders_of(parameters: Parameters) -> tuple[str, str, str]:
    """Columns of roles, users and groups; the evidence is read for two of AWS's own policies."""
    policy = str(parameters["policy"])
    if policy not in _HOLDERS:
        raise CatalogError(
            f"policy {policy!r} is not looked up{nearest(policy, _HOLDERS)}; known: {', '.join(_HOLDERS)}"
        )
    return _HOLDERS[policy]


def no_open_trust(resources: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No role may be assumed by everybody. Frame: a row for each role that may, and one for all other resources.

    Roles are one kind of resource with a policy; the policies of all others need manual review.
    """
    opened = resources["arn"].notna()
    unreadable = (resources["unreadable_roles"].fillna("") != "") & ~opened
    others = joined("open roles: ", named(resources["open_roles"]))
    return Verdict(
        applies=all_of(resources),
        passed=(~opened).astype("boolean").mask(~opened),
        observed=others.mask(opened, "AssumeRolePolicyDocument statement " + resources["statements_spelling"]),
        reason=sentences(resources[["trust", "unreadable_roles"]], _trusting),
        by_person=(~opened & ~unreadable).astype("boolean"),
        also_seen_in=places_of_lines(resources, "open_lines"),
    )


def _trusting(trust: str | None, unreadable: str | None) -> str:
    if trust is not None:
        return f"everybody may assume the role and no condition narrows that: {trust}"
    if unreadable:
        return f"a role's trust policy cannot be read: {unreadable}"
    return "Needs manual review: the policies of the account's other resources, which are not read"
