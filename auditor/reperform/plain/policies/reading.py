"""A policy document as statements whose elements are lists; what breaks the grammar of IAM is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_MOST_CHARACTERS = 1_000_000
_PAIRED = ("action", "resource", "principal")


class PolicyError(Exception):
    """The document is no policy, and so nobody can say what it allows."""


@dataclass(frozen=True)
class Statement:
    """One statement; ``elements`` are lists of texts by the element's name in lower case, those that are there.

    Principals are the names alone, whatever their kind. Conditions are (operator, key, values), in lower case but for
    the values.
    """

    number: int
    allows: bool
    elements: dict[str, list[str]]
    conditions: list[tuple[str, str, list[str]]]


def statements(document: Any) -> list[Statement]:
    """Of an object that was decoded, or of its text, plain or URL-encoded."""
    policy = _decoded(document) if isinstance(document, str) else document
    found = _by_lower_name(policy).get("statement")
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or not listed:
        raise PolicyError("has no statement")
    return [_statement(number, item) for number, item in enumerate(listed, start=1)]


def _decoded(text: str) -> Any:
    if len(text) > _MOST_CHARACTERS:
        raise PolicyError("is longer than AWS takes")
    if text.strip()[:1] not in ("{", "[", '"'):
        text = unquote(text)
    try:
        return json.loads(text, object_pairs_hook=_once_each, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise PolicyError("is not JSON") from None


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise PolicyError(f"has {name[:40]!r} twice in one object")
        found[name] = value
    return found


def _refuse(word: str) -> None:
    raise PolicyError(f"holds {word}, which is not JSON")


def _by_lower_name(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError("has something else where an object should be")
    return _once_each((str(name).lower(), inner) for name, inner in value.items())


def _statement(number: int, item: Any) -> Statement:
    given = _by_lower_name(item)
    if given.get("effect") not in ("Allow", "Deny"):
        raise PolicyError(f"has no effect in statement {number}")
    for name in _PAIRED:
        if name in given and f"not{name}" in given:
            raise PolicyError(f"has {name} and not{name} in statement {number}")
    if "action" not in given and "notaction" not in given:
        raise PolicyError(f"has no action in statement {number}")
    elements: dict[str, list[str]] = {}
    for name in ("action", "notaction", "resource", "notresource"):
        if name in given:
            elements[name] = _texts(given[name])
    for name in ("principal", "notprincipal"):
        if name in given:
            elements[name] = _principals(given[name])
    conditions = _conditions(given["condition"]) if "condition" in given else []
    return Statement(number, given["effect"] == "Allow", elements, conditions)


def _texts(value: Any) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise PolicyError("has something else where texts should be")
    return listed


def _principals(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return _texts(value)
    return [name for kind, names in _members_with_text_names(value) for name in _texts(names)]


def _conditions(block: Any) -> list[tuple[str, str, list[str]]]:
    return [
        (operator.lower(), key.lower(), [_scalar(value) for value in (given if isinstance(given, list) else [given])])
        for operator, tests in _members_with_text_names(block)
        for key, given in _members_with_text_names(tests)
    ]


def _members_with_text_names(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise PolicyError("has something else where an object should be")
    return list(value.items())


def _scalar(value: Any) -> str:
    if not isinstance(value, str | bool | int | float):
        raise PolicyError("has something else where the value of a condition should be")
    try:
        return value if isinstance(value, str) else str(value).lower()
    except ValueError:  # more digits than Python writes
        raise PolicyError("has a number that is too long") from None
