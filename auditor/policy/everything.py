"""Whether a policy makes an administrator: a statement that allows every action on every resource.

Statements are looked at one by one and patterns too: neither a Deny elsewhere nor a condition excuses, and patterns
that cover everything only together (a*, b*, ...) are not recognized. What counts:

* all actions: a pattern that matches each ``service:Action`` (``*``, ``**``, ``*:*``, ``?*:*``), or a NotAction that
  excludes nothing (an empty list, or no text that could be an action). Which services exist is not known here, so
  a NotAction of a service that does not exist still counts as an exclusion.
* all resources: a pattern that matches each ARN (``*``, ``**``, ``arn:*``, ``arn:aws:*:*:*:*``), or a NotResource that
  excludes nothing (an empty list, or no text that could be an ARN). ``arn:*`` gives all but those few actions that
  know no resources, which no administrator would miss; CIS writes of ``*`` only.

A NotAction that does exclude something (as in AWS's PowerUserAccess) is not full administration.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from auditor.policy.document import PolicyError, Statement, parse
from auditor.policy.grants import Grant

# The shortest names that AWS has: s3, Scan (of DAX).
_SHORTEST_SERVICE, _SHORTEST_ACTION = 2, 4
_ACTION = re.compile(r"[\w*?-]+:[\w*?]+", re.ASCII)
_ACROSS_THE_COLON = re.compile(r"[\w*?-]+", re.ASCII)
# Six parts at most, since an ARN may have no more; fewer do, since a star matches colons too.
_EVERY_ARN = re.compile(r"arn:(?:\*+(?::\*+){0,4}|aws[a-z-]*(?::\*+){1,4})")
_PERHAPS_AN_ARN = re.compile(r"arn:|(?:a|ar|arn)?[*?$]")


def allows_everything(document: object) -> list[Grant]:
    """The statements of an identity policy that allow every action on every resource; none: an empty list.

    PolicyError for what is no identity policy: see ``parse``; every statement must also name resources.
    """
    return [grant for s in identity_statements(document) if s.allows and (grant := full_grant(s))]


def identity_statements(document: object) -> tuple[Statement, ...]:
    """The statements of an identity policy. PolicyError: see ``allows_everything``."""
    statements = parse(document)
    for statement in statements:
        if statement.resources is None and statement.not_resources is None:
            raise PolicyError(f"has neither Resource nor NotResource in statement {statement.number}")
    return statements


def every_action(pattern: str) -> bool:
    """Whether a pattern matches every ``service:Action``."""
    service, colon, name = pattern.partition(":")
    if not colon:
        return _any(pattern, _SHORTEST_SERVICE + 1 + _SHORTEST_ACTION)
    return _any(service, _SHORTEST_SERVICE) and _any(name, _SHORTEST_ACTION)


def every_resource(pattern: str) -> bool:
    """Whether a pattern matches every ARN."""
    return _any(pattern, len("arn:aws:s3:::abc")) or _EVERY_ARN.fullmatch(pattern) is not None


def perhaps_an_action(pattern: str) -> bool:
    """Whether a pattern might match an action that exists."""
    if "*" in pattern or "?" in pattern:
        return (_ACTION.fullmatch(pattern) or _ACROSS_THE_COLON.fullmatch(pattern)) is not None
    return _ACTION.fullmatch(pattern) is not None


def perhaps_a_resource(pattern: str) -> bool:
    """Whether a pattern might match an ARN."""
    return _PERHAPS_AN_ARN.match(pattern) is not None


def _any(pattern: str, shortest: int) -> bool:
    """Whether a pattern matches every text of ``shortest`` characters or more."""
    return "*" in pattern and set(pattern) <= {"*", "?"} and pattern.count("?") <= shortest


def widest_resource(statement: Statement) -> str | None:
    """How a statement says every resource, ``Resource *``; None where it does not."""
    return _widest("Resource", every_resource, statement.resources, perhaps_a_resource, statement.not_resources)


def full_grant(statement: Statement) -> Grant | None:
    """What an Allow statement gives where that is every action on every resource."""
    actions = _widest("Action", every_action, statement.actions, perhaps_an_action, statement.not_actions)
    resources = widest_resource(statement)
    if actions is None or resources is None:
        return None
    return Grant(statement.name, f"allows {actions} on {resources}", statement.conditions, statement.number)


def _widest(
    name: str,
    every: Callable[[str], bool],
    patterns: tuple[str, ...] | None,
    perhaps: Callable[[str], bool],
    exclusions: tuple[str, ...] | None,
) -> str | None:
    """How a statement says everything, ``Action *``; None where it does not."""
    if exclusions is not None:
        return None if any(map(perhaps, exclusions)) else f"Not{name} that excludes nothing"
    return next((f"{name} {pattern}" for pattern in patterns or () if every(pattern)), None)
