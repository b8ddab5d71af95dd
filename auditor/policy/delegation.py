"""Which accounts a resource policy lets use a service: how an organization hands the running of its policies out."""

from __future__ import annotations

import re

from auditor.policy.document import Statement, parse

_ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::.+)?")


def allowed_accounts(document: object, service: str) -> list[str]:
    """The ids of the accounts that an Allow statement names for any action of ``service``, sorted.

    PolicyError for what is no policy: see ``parse``.
    """
    statements = [s for s in parse(document) if s.allows and _is_about(s, service)]
    principals = [name for statement in statements for _, name in statement.principals or ()]
    return sorted({found[1] for name in principals if (found := _ACCOUNT.fullmatch(name))})


def _is_about(statement: Statement, service: str) -> bool:
    """Whether an action of the service is among the allowed ones; all but some are some of every service."""
    if statement.actions is None:
        return True
    return any((a and not a.strip("*")) or a.lower().startswith(f"{service}:") for a in statement.actions)
