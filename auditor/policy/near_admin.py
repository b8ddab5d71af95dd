"""Whether a policy makes an administrator in all but name: whoever holds it can give itself every permission.

What counts is one statement that is not full administration (``policy.everything``), with Effect Allow, on every
resource, and that lets its holder write permissions. There are seven actions of IAM that write permissions by
themselves (``WRITES_PERMISSIONS``): with one call, a policy that allows everything is put on, or attached to, the
holder, its group or its role.

* With NotAction, the statement allows everything but what it leaves out. It counts where at least one of the seven is
  not left out: whatever else is, the holder can give it back to itself. PowerUserAccess leaves out ``iam:*`` and does
  not count.
* With Action, it counts where all seven are allowed, by whatever patterns together: ``iam:*``, ``i*``, or their names.

As for full administration, statements are looked at one by one; neither a Deny elsewhere, nor a condition, nor a
permissions boundary excuses. Letter case does not matter.
"""

from __future__ import annotations

from auditor.policy.document import Statement
from auditor.policy.everything import full_grant, identity_statements, widest_resource
from auditor.policy.grants import Grant

WRITES_PERMISSIONS = (
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
)


def allows_nearly_everything(document: object) -> list[Grant]:
    """The statements of an identity policy that make a near-administrator; none: an empty list.

    PolicyError for what is no identity policy: see ``allows_everything``.
    """
    return [g for s in identity_statements(document) if s.allows and not full_grant(s) and (g := _grant(s))]


def _grant(statement: Statement) -> Grant | None:
    resources, actions = widest_resource(statement), _actions(statement)
    if resources is None or actions is None:
        return None
    return Grant(statement.name, f"allows {actions} on {resources}", statement.conditions, statement.number)


def _actions(statement: Statement) -> str | None:
    """What the statement allows, None where it does not let its holder write permissions."""
    if statement.not_actions is not None:
        left = [action for action in WRITES_PERMISSIONS if not _matches(statement.not_actions, action)]
        without = _shortened(statement.not_actions)
        return f"everything but {without}, {left[0]} among it," if left else None
    if all(_matches(statement.actions or (), action) for action in WRITES_PERMISSIONS):
        return f"Action {_shortened(statement.actions or ())}, all that writes permissions among it,"
    return None


def _matches(patterns: tuple[str, ...], action: str) -> bool:
    return any(_is_like(action.lower(), pattern.lower()) for pattern in patterns)


def _is_like(text: str, pattern: str) -> bool:
    """A star is any text, a question mark any one character. Only the last star is tried again, so time is bounded."""
    at = here = 0
    star, resume = -1, 0
    while at < len(text):
        if here < len(pattern) and pattern[here] == "*":
            star, resume, here = here, at, here + 1
        elif here < len(pattern) and pattern[here] in ("?", text[at]):
            at, here = at + 1, here + 1
        elif star >= 0:
            resume += 1
            at, here = resume, star + 1
        else:
            return False
    return not pattern[here:].strip("*")


def _shortened(patterns: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(patterns) - most} more" if len(patterns) > most else ""
    return ", ".join(patterns[:most]) + more
