"""Steps over permissions; what a policy document says was read when the evidence became rows."""

from __future__ import annotations

from datetime import datetime

from auditor.errors import CatalogError
from auditor.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    asked,
    ended,
    flag,
    listed,
)

_HOLDERS = {
    "AWSSupportAccess": ("support_roles", "support_users", "support_groups"),
    "AWSCloudShellFullAccess": ("cloudshell_roles", "cloudshell_users", "cloudshell_groups"),
}


def via_groups(facts: Facts, _: Parameters, __: datetime) -> Told:
    inline, attached = facts["inline_policies"], facts["attached_policies"]
    steps = [f"inline policies: {listed(inline)}", f"directly attached policies: {listed(attached)}"]
    held = bool(inline or attached)
    return ended(steps, not held, f"the user has policies of their own: {flag(held)}")


def no_full_admin(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [f"attached to {facts['attached_to']}; default version {facts['default_version'] or 'unknown'}"]
    if facts["full_admin"] is None:
        return ended(steps, None, facts["reason"])
    steps.append("looked for: Effect Allow, every action, every resource; a condition does not excuse it")
    return ended(steps, not facts["full_admin"], facts["reason"])


def attached_to_role(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    roles = facts[_holders(parameters)[0]]
    last = f"attached to at least one role: {flag(bool(roles))}"
    return ended([f"roles with {parameters['policy']}: {listed(roles)}"], bool(roles), last, [facts["support_line"]])


def attached_to_nobody(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    names = zip(("roles", "users", "groups"), _holders(parameters), strict=True)
    holders = {kind: facts[column] for kind, column in names}
    steps = [f"{kind} with {parameters['policy']}: {listed(found)}" for kind, found in holders.items()]
    if any(holders.values()):
        return asked(steps, "whether they need it is for a person to say", [facts["cloudshell_line"]])
    return ended(steps, True, "attached to nobody")


def no_open_trust(facts: Facts, _: Parameters, __: datetime) -> Told:
    opened, unreadable = facts["open_roles"], facts["unreadable_roles"]
    steps = [f"roles whose trust policy lets everybody in: {listed(opened)}"]
    steps.append(f"roles whose trust policy cannot be read: {listed(unreadable)}")
    if opened:
        return ended(steps, False, "a role can be assumed by everybody", [facts["open_line"]])
    if unreadable:
        return ended(steps, None, "a trust policy that cannot be read may be open", [facts["unreadable_line"]])
    return asked(steps, "the policies of other resources are for a person to look at")


def _holders(parameters: Parameters) -> tuple[str, str, str]:
    """The facts that name the roles, users and groups with one of AWS's own policies."""
    policy = str(parameters["policy"])
    if policy not in _HOLDERS:
        raise CatalogError(f"policy {policy!r} is not looked up; known: {', '.join(_HOLDERS)}")
    return _HOLDERS[policy]
