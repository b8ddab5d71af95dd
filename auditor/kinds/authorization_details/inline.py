"""The inline policies of users, groups and roles: a row for each of them that has any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.kinds.authorization_details.details import HOLDERS, Details, Item, members
from auditor.kinds.declaration import Column, Row
from auditor.policy import Grant, PolicyError, allows_everything, allows_nearly_everything, numbers, said

COLUMNS = (
    Column("list", "str", "The list that the policies stand in, like UserPolicyList."),
    Column("policies", "str", "Names of the inline policies, joined by '; '."),
    # <NA> where a policy cannot be judged and none of the others is full administration.
    Column("full_admin", "boolean", "Whether one of them allows every action on every resource."),
    Column("full_reason", "str", "Which statements do, or why that is not known."),
    Column("full_spelling", "str", "Names and statements, like admin statement 1; other statement 2 and 3."),
    Column("near_admin", "boolean", "Whether one of them allows nearly every action on every resource."),
    Column("near_reason", "str", "Which statements do, or why that is not known."),
    Column("near_spelling", "str", "Names and statements, like full_spelling."),
)
_JUDGED = {"full": allows_everything, "near": allows_nearly_everything}
_NOTHING = {
    "full": "no inline policy allows every action on every resource",
    "near": "no inline policy makes a near-administrator",
}


def identity_rows(details: Details) -> list[Row]:
    """Columns of ``COLUMNS``, users first, then groups, then roles."""
    rows = []
    for kind in HOLDERS:
        word = kind[:-1].title()
        for line, holder in details.of(kind):
            if policies := members(holder, f"{word}PolicyList"):
                about = {"name": holder.get(f"{word}Name", ""), "arn": holder["Arn"]}
                rows.append(about | {"list": f"{word}PolicyList", "line": line} | _judged(policies))
    return rows


def _judged(policies: Sequence[Item]) -> Row:
    found: Row = {"policies": "; ".join(_name(policy) for policy in policies)}
    for word, judge in _JUDGED.items():
        found |= _of_each(policies, word, judge)
    return found


def _of_each(policies: Sequence[Item], word: str, judge: Callable[[object], Sequence[Grant]]) -> Row:
    """Whether one of the policies is of this kind: that is known as soon as one is, else where all can be read."""
    grants: list[tuple[str, Sequence[Grant]]] = []
    problems = []
    for policy in policies:
        try:
            if given := judge(policy.get("PolicyDocument")):
                grants.append((_name(policy), given))
        except PolicyError as error:
            problems.append(f"the inline policy {_name(policy)} {error}")
    reasons = [f"{name}: {said(given)}" for name, given in grants] or problems or [_NOTHING[word]]
    return {
        f"{word}_admin": True if grants else None if problems else False,
        f"{word}_reason": "; ".join(reasons),
        f"{word}_spelling": "; ".join(f"{name} statement {numbers(given)}" for name, given in grants),
    }


def _name(policy: Item) -> str:
    return str(policy.get("PolicyName") or "?")
