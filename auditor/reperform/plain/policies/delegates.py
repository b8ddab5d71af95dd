"""Which accounts a resource policy lets run a service."""

from __future__ import annotations

from typing import Any

from auditor.reperform.plain.policies.reading import Statement, statements


def accounts_allowed(document: Any, service: str) -> list[str]:
    """The ids of the accounts that a statement allows any action of the service, sorted. PolicyError: no policy."""
    named = {
        account
        for statement in statements(document)
        if statement.allows and _is_about(statement, service)
        for name in statement.elements.get("principal", ())
        if (account := _account_of(name))
    }
    return sorted(named)


def _is_about(statement: Statement, service: str) -> bool:
    """All but some are some of every service."""
    actions = statement.elements.get("action")
    if actions is None:
        return True
    return any(
        ("*" in action and not action.strip("*")) or action.lower().startswith(f"{service}:") for action in actions
    )


def _account_of(name: str) -> str:
    """Of ``111122223333``, or of an ARN of IAM in that account; empty for other principals."""
    parts = name.split(":")
    if parts[0] == "arn" and len(parts) >= 5 and parts[1] and parts[2:4] == ["iam", ""]:
        parts = parts[4:]
    is_id = len(parts[0]) == 12 and parts[0].isascii() and parts[0].isdigit()
    return parts[0] if is_id and (len(parts) == 1 or any(parts[1:])) else ""
