"""Steps over permissions; what a policy document says was read when the evidence became rows."""

from __future__ import annotations

from datetime import datetime

from auditor.errors import CatalogError
from auditor.reperform.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    any_of,
    asked,
    cell,
    ended,
    flag,
    listed,
    negated,
    numbers,
    own_line,
    spared,
)

_HOLDERS = {
    "AWSSupportAccess": ("support_roles", "support_users", "support_groups"),
    "AWSCloudShellFullAccess": ("cloudshell_roles", "cloudshell_users", "cloudshell_groups"),
}


def via_groups(facts: Facts, _: Parameters, __: datetime) -> Told:
    inline, attached = facts["inline_policies"], facts["attached_policies"]
    steps = [f"inline policies: {listed(inline)}", f"directly attached policies: {listed(attached)}"]
    held = any_of(*(None if names is None else bool(names) for names in (inline, attached)))
    end = ended(steps, negated(held), f"the user has policies of their own: {flag(held)}")
    return end.quoting(f"inline: {listed(inline)}, attached: {listed(attached)}")


def no_full_admin(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [f"attached to {facts['attached_to']}; default version {facts['default_version'] or 'unknown'}"]
    if facts["full_admin"] is None:
        return ended(steps, None, facts["reason"])
    steps.append("looked for: Effect Allow, every action, every resource; a condition does not change the verdict")
    return _with_policy(ended(steps, not facts["full_admin"], facts["reason"]), facts, facts["statements_raw"])


def no_near_admin(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [f"attached to {facts['attached_to']}; default version {facts['default_version'] or 'unknown'}"]
    if facts["near_admin"] is None:
        return ended(steps, None, facts["reason"])
    if facts["full_admin"]:
        return spared(steps, "it allows everything, which no-full-admin-policy judges")
    steps.append("looked for: Effect Allow, every resource, and actions that let the holder write its own permissions")
    last = f"statements that make a near-administrator: {listed(facts['near_raw'])}"
    return _with_policy(ended(steps, not facts["near_admin"], last), facts, facts["near_raw"])


def no_inline_full_admin(facts: Facts, _: Parameters, __: datetime) -> Told:
    return _inline(facts, "full")


def no_inline_near_admin(facts: Facts, _: Parameters, __: datetime) -> Told:
    return _inline(facts, "near")


def _inline(facts: Facts, kind: str) -> Told:
    found, statements = facts[f"{kind}_admin"], facts[f"{kind}_raw"]
    steps = [f"{facts['list']}: {facts['policies']}"]
    last = f"inline policies of {kind} administration: {'unknown' if found is None else listed(statements)}"
    end = ended(steps, None if found is None else not found, last)
    return end.quoting(f"{facts['list']} {statements if found else facts['policies']}")


def _with_policy(end: Told, facts: Facts, statements: str) -> Told:
    """Quotes the version in force, and the statements that were found in it."""
    quoted = f"VersionId {facts['default_version'] or 'unknown'}"
    quoted += f", AttachmentCount {cell(facts, 'attachment_count')}"
    quoted += f", statement {statements}" if statements else ""
    return end.quoting(quoted, cited=[own_line(facts), *numbers(facts["holder_lines"])])


def support_role(facts: Facts, _: Parameters, __: datetime) -> Told:
    roles = facts["support_roles"]
    held = None if roles is None else bool(roles)
    last = f"attached to at least one role: {flag(held)}"
    quoted = f"roles with AWSSupportAccess: {listed(roles)}"
    return ended([quoted], held, last).quoting(quoted, cited=numbers(facts["support_lines"]))


def attached_to_nobody(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    names = zip(("roles", "users", "groups"), _holders(parameters), strict=True)
    holders = {kind: facts[column] for kind, column in names}
    steps = [f"{kind} with {parameters['policy']}: {listed(found)}" for kind, found in holders.items()]
    if any(holders.values()):
        end = asked(steps, "needs manual review: is it needed?")
        return end.quoting("", cited=numbers(facts["cloudshell_lines"]))
    quoted = ", ".join(f"{kind}: none" for kind in ("users", "groups", "roles"))
    return ended(steps, True, "attached to nobody").quoting(quoted)


def no_open_trust(facts: Facts, _: Parameters, __: datetime) -> Told:
    if facts["arn"]:
        last = f"statement {facts['statements_raw']} of the trust policy trusts everyone"
        return ended([], False, last).quoting(f"AssumeRolePolicyDocument statement {facts['statements_raw']}")
    opened, unreadable = facts["open_roles"], facts["unreadable_roles"]
    steps = [f"roles whose trust policy trusts everyone, judged by themselves: {listed(opened)}"]
    steps.append(f"roles whose trust policy cannot be read: {listed(unreadable)}")
    if unreadable:
        return ended(steps, None, "a trust policy that cannot be read may be open")
    end = asked(steps, "Needs manual review: the policies of other resources")
    return end.quoting("", cited=[own_line(facts), *numbers(facts["open_lines"])])


def _holders(parameters: Parameters) -> tuple[str, str, str]:
    """The facts that name the roles, users and groups with one of AWS's own policies."""
    policy = str(parameters["policy"])
    if policy not in _HOLDERS:
        raise CatalogError(f"policy {policy!r} is not looked up; known: {', '.join(_HOLDERS)}")
    return _HOLDERS[policy]
