"""The managed policies that are in force: a row for each that is attached to somebody, or counts as attached.

What is attached but was not answered is a row too, of which nothing is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from auditor.kinds.authorization_details.details import HOLDERS, Details, Item, first_holders, holders_of, members
from auditor.kinds.declaration import Column, Row
from auditor.policy import Grant, PolicyError, allows_everything, allows_nearly_everything, numbers, said
from auditor.store.answers import as_written

COLUMNS = (
    Column("default_version", "str", "Version that is in force.", in_controls=False),
    Column("problem", "str", "Why the policy could not be judged.", in_controls=False),
    # <NA> where it could not be judged.
    Column("full_admin", "boolean", "Whether it allows every action on every resource."),
    Column("reason", "str", "Why, in one sentence.", in_controls=False),
    Column("attached_to", "str", "How many users, groups and roles have it.", in_controls=False),
    Column("attachment_count_spelling", "str", "How many have it, as AWS writes it.", in_controls=False),
    Column("near_admin", "boolean", "Whether it allows nearly every action on every resource."),
    Column(
        "near_reason", "str", "Which statement allows nearly every action, and what it leaves out.", in_controls=False
    ),
    Column("near_spelling", "str", "Numbers of the statements that make a near-administrator.", in_controls=False),
    Column(
        "statements_spelling",
        "str",
        "Numbers of the statements that allow everything, like 1 and 3.",
        in_controls=False,
    ),
    Column(
        "holder_lines",
        "str",
        "Lines of the first user, group and role that have it, joined by blanks.",
        in_controls=False,
    ),
)


def policy_rows(details: Details) -> list[Row]:
    """Every managed policy that AWS counts as attached, or that a user, group or role names as attached."""
    holders, lines = holders_of(details), first_holders(details)
    answered = [
        _policy_row(line, policy, holders.get(policy["Arn"], Counter()))
        | {"holder_lines": " ".join(map(str, lines.get(policy["Arn"], ())))}
        for line, policy in details.of("policies")
        if policy.get("AttachmentCount") or policy["Arn"] in holders
    ]
    missing = [arn for arn in holders if arn not in details.items["policies"]]
    return answered + [_unanswered_row(lines[arn][0], arn, holders[arn]) for arn in missing]


def _policy_row(line: int, policy: Item, holders: Counter[str]) -> Row:
    version, document, problem = _default_version(policy)
    grants: Sequence[Grant] = ()
    near: Sequence[Grant] = ()
    if not problem:
        try:
            grants, near = allows_everything(document), allows_nearly_everything(document)
        except PolicyError as error:
            problem = f"the document of its default version {version} {error}"
    return {
        "name": policy.get("PolicyName") or _name(policy["Arn"]),
        "arn": policy["Arn"],
        "default_version": version,
        "problem": problem,
        "full_admin": None if problem else bool(grants),
        "reason": problem or said(grants) or "no statement allows every action on every resource",
        "attached_to": _counted(holders, policy.get("AttachmentCount") or 0),
        "attachment_count_spelling": as_written(policy.get("AttachmentCount")),
        "statements_spelling": numbers(grants),
        "near_admin": None if problem else bool(near),
        "near_reason": problem or said(near) or "no statement makes a near-administrator",
        "near_spelling": numbers(near),
        "line": line,
    }


def _default_version(policy: Item) -> tuple[str, object, str]:
    """Id and document of the version that is in force, and why there is none."""
    wanted = policy.get("DefaultVersionId") or ""
    for version in members(policy, "PolicyVersionList"):
        if version.get("VersionId") == wanted or (not wanted and version.get("IsDefaultVersion")):
            return str(version.get("VersionId", "")), version.get("Document"), ""
    return wanted, None, f"AWS did not return its default version {wanted or '(unnamed)'}"


def _unanswered_row(line: int, arn: str, holders: Counter[str]) -> Row:
    problem = "it is attached, but AWS did not return it"
    return {
        "name": _name(arn),
        "arn": arn,
        "default_version": "",
        "problem": problem,
        "full_admin": None,
        "near_admin": None,
        "reason": problem,
        "near_reason": problem,
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
