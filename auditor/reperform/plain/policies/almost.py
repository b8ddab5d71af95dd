"""Who is an administrator in all but name: who can put a policy that allows everything on itself, with one call."""

from __future__ import annotations

from typing import Any

from auditor.reperform.plain.policies.everything import administrators, any_resource, matches
from auditor.reperform.plain.policies.reading import Statement, statements

_WAYS = [f"iam:{verb}{holder}policy" for verb in ("attach", "put") for holder in ("user", "group", "role")]
_SEVEN = (*_WAYS, "iam:createpolicyversion")


def near_administrators(document: Any) -> list[int]:
    """The numbers of the statements, from 1, that allow everything but little, or all that writes permissions, and not
    everything. PolicyError for what is no policy of a user, group or role."""
    full = administrators(document)
    return [s.number for s in statements(document) if s.number not in full and s.allows and _writes(s)]


def _writes(statement: Statement) -> bool:
    left_out = statement.elements.get("notaction")
    if left_out is not None:
        allowed = [action for action in _SEVEN if not _any_matches(left_out, action)]
        return bool(allowed) and any_resource(statement)
    return all(_any_matches(statement.elements["action"], action) for action in _SEVEN) and any_resource(statement)


def _any_matches(patterns: list[str], action: str) -> bool:
    return any(matches(pattern.lower(), action) for pattern in patterns)
