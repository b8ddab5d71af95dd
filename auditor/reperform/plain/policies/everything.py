"""Who is an administrator: a statement that allows every action on every resource, found by trying examples."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_letters, digits
from typing import Any

from auditor.reperform.plain.policies.reading import PolicyError, Statement, statements

# A pattern that matches the shortest names there are in two spellings, and long ones, has nothing in it but wildcards
# and perhaps the colon, and a star on either side of it.
_LONG = "x" * 40
_ACTIONS = ("aa:aaaa", "zz:zzzz", f"aa:{_LONG}", f"{_LONG}:aaaa", f"{_LONG}:{_LONG}")
_SHORTEST_ARN = "arn:aws:s3:::abc"
_WORD = frozenset(f"{ascii_letters}{digits}_*?")


def administrators(document: Any) -> list[int]:
    """The numbers of the statements, from 1, that allow everything; neither a Deny elsewhere nor a condition excuses.

    PolicyError for what is no policy of a user, group or role: every statement must name actions and resources.
    """
    found = statements(document)
    for statement in found:
        if "resource" not in statement.elements and "notresource" not in statement.elements:
            raise PolicyError(f"names no resource in statement {statement.number}")
    return [s.number for s in found if s.allows and _any_action(s) and any_resource(s)]


def _any_action(statement: Statement) -> bool:
    if "notaction" in statement.elements:
        return not any(map(_excludes_an_action, statement.elements["notaction"]))
    return any(all(matches(pattern, action) for action in _ACTIONS) for pattern in statement.elements["action"])


def any_resource(statement: Statement) -> bool:
    if "notresource" in statement.elements:
        return not any(map(_excludes_an_arn, statement.elements["notresource"]))
    return any(_every_arn(pattern) for pattern in statement.elements["resource"])


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern with stars and question marks matches the whole text: all places it can have got to, letter
    after letter."""
    places = _past_stars({0}, pattern)
    for letter in text:
        here = [at for at in places if at < len(pattern)]
        stay = {at for at in here if pattern[at] == "*"}
        step = {at + 1 for at in here if pattern[at] in (letter, "?")}
        places = _past_stars(stay | step, pattern)
    return len(pattern) in places


def _past_stars(places: Iterable[int], pattern: str) -> set[int]:
    """A star may stand for nothing."""
    found = set(places)
    for at in sorted(found):
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found


def _every_arn(pattern: str) -> bool:
    """Wildcards alone, no more than the shortest ARN has letters; or stars in all parts of ``arn:`` but the partition.

    ``arn:*`` and ``arn:aws:*`` are every ARN, since a star matches colons too, but an ARN has no seventh part.
    """
    if "*" in pattern and not pattern.strip("*?"):
        return matches(pattern, _SHORTEST_ARN)
    first, *parts = pattern.split(":")
    if first != "arn" or not 1 <= len(parts) <= 5:
        return False
    of_one = parts[0].startswith("aws") and not parts[0].strip("abcdefghijklmnopqrstuvwxyz-") and len(parts) > 1
    return all(part and not part.strip("*") for part in (parts[1:] if of_one else parts))


def _excludes_an_action(pattern: str) -> bool:
    """Whether a text of NotAction could match any action at all."""
    service, colon, name = pattern.partition(":")
    if not service or not set(service) <= _WORD | {"-"}:
        return False
    if not colon:  # a star may match the colon
        return "*" in pattern or "?" in pattern
    return bool(name) and set(name) <= _WORD


def _excludes_an_arn(pattern: str) -> bool:
    """Whether a text of NotResource could match any ARN at all."""
    if pattern.startswith("arn:"):
        return True
    wild = next((at for at, letter in enumerate(pattern) if letter in "*?$"), None)
    return wild is not None and pattern[:wild] in ("", "a", "ar", "arn")
