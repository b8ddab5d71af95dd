"""Predicates over permissions: what users hold other than through groups, and policies that make administrators."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.checks.verdict import Parameters, Verdict, all_of, joined, named, told
from auditor.errors import CatalogError, nearest

_HOLDERS = {
    "AWSSupportAccess": ("support_roles", "support_users", "support_groups"),
    "AWSCloudShellFullAccess": ("cloudshell_roles", "cloudshell_users", "cloudshell_groups"),
}


def via_groups(principals: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """A user has no policy of their own, neither inline nor attached. Frame: principals."""
    inline, attached = principals["inline_policies"], principals["attached_policies"]
    keys = pd.DataFrame({"inline": inline != "", "attached": attached != ""})
    return Verdict(
        applies=all_of(principals),
        passed=~(keys["inline"] | keys["attached"]).astype("boolean"),
        observed=joined("inline: ", named(inline), ", attached: ", named(attached)),
        reason=told(keys, _held),
    )


def _held(inline: bool, attached: bool) -> str:
    kinds = [kind for kind, held in (("inline", inline), ("directly attached", attached)) if held]
    return f"the user has {' and '.join(kinds)} policies" if kinds else "the user has no policy but those of groups"


def no_full_admin(policies: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No statement of an attached policy's default version allows every action on every resource. Frame: policies.

    Conditions do not excuse; the reason names them. Where the document cannot be read the evidence does not decide.
    CIS writes of the literal ``"Action": "*"`` and ``"Resource": "*"``; here other spellings of everything count too.
    """
    return Verdict(
        applies=all_of(policies),
        passed=~policies["full_admin"],
        observed=joined(
            "default version ", named(policies["default_version"], "unknown"), ", attached to ", policies["attached_to"]
        ),
        reason=told(policies[["reason"]], str),
    )


def attached_to_role(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """AWS's own ``policy`` is attached to at least one role. Frame: one row an account."""
    roles, policy = accounts[holders_of(parameters)[0]], parameters["policy"]
    keys = pd.DataFrame({"held": roles != ""})
    return Verdict(
        applies=all_of(accounts),
        passed=keys["held"].astype("boolean"),
        observed=joined(f"roles with {policy}: ", named(roles)),
        reason=told(keys, lambda held: f"{policy} is attached to {'a role' if held else 'no role'}"),
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
        reason=told(keys, lambda held: _handed_out(policy, held)),
        by_person=held.astype("boolean"),
    )


def _handed_out(policy: str, held: bool) -> str:
    return f"{policy} is attached; whether it is needed is for a person to say" if held else f"nobody has {policy}"


def holders_of(parameters: Parameters) -> tuple[str, str, str]:
    """Columns of roles, users and groups; the evidence is read for two of AWS's own policies."""
    policy = str(parameters["policy"])
    if policy not in _HOLDERS:
        raise CatalogError(
            f"policy {policy!r} is not looked up{nearest(policy, _HOLDERS)}; known: {', '.join(_HOLDERS)}"
        )
    return _HOLDERS[policy]


def no_open_trust(accounts: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No role may be assumed by everybody. Frame: one row an account.

    Roles are one kind of resource with a policy; the policies of all others are for a person to look at.
    """
    opened, unreadable = accounts["open_roles"], accounts["unreadable_roles"]
    keys = pd.DataFrame({"open": opened != "", "unreadable": unreadable != ""})
    by_person = (~keys["open"] & ~keys["unreadable"]).astype("boolean")
    return Verdict(
        applies=all_of(accounts),
        passed=(~keys["open"]).astype("boolean").mask(keys["unreadable"] & ~keys["open"]),
        observed=joined("open roles: ", named(opened)).mask(keys["unreadable"] & ~keys["open"], unreadable),
        reason=told(keys, _trusting),
        by_person=by_person,
    )


def _trusting(opened: bool, unreadable: bool) -> str:
    if opened:
        return "a role's trust policy lets everybody in and no condition narrows it"
    if unreadable:
        return "a role's trust policy cannot be read"
    return "no role lets everybody in; the policies of other resources are for a person to look at"
