"""Policy documents as statements: strict about what decides, indifferent to letter case and single-value lists.

The rules are those of the grammar in the IAM User Guide. A document that breaks them is refused rather than guessed
at: whoever judges it must say that it could not be read. Nothing here recurses, whatever a document nests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

# The most that an AWS API takes for a policy is 1,000,000 characters (Organizations; 131,072 in IAM).
MAX_CHARACTERS = 1_000_000


class PolicyError(ValueError):
    """A document is no IAM policy; the text is one clause that follows the policy's name, such as 'is not JSON'."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a Condition block, as written; several of a statement must all hold, one of the values suffices."""

    operator: str
    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator} {self.key} {' or '.join(self.values) or '(no value)'}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; ``number`` counts from 1. What is None is not there, which an empty tuple does not say.

    Principals are pairs of kind and id, ``("AWS", "arn:aws:iam::111122223333:root")``; a bare ``"*"`` is of kind "".
    Exactly one of ``actions`` and ``not_actions`` is there, at most one of the others' pairs.
    """

    number: int
    sid: str
    effect: str
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: tuple[tuple[str, str], ...] | None
    not_principals: tuple[tuple[str, str], ...] | None
    conditions: tuple[Condition, ...]

    @property
    def allows(self) -> bool:
        """Whether the effect is Allow; the only other one is Deny."""
        return self.effect == "Allow"

    @property
    def name(self) -> str:
        """``statement 2 (sid Admins)``."""
        return f"statement {self.number} (sid {self.sid})" if self.sid else f"statement {self.number}"


def parse(document: object) -> tuple[Statement, ...]:
    """The statements of a document: the dict that an SDK decoded, or its text, plain or URL-encoded.

    Names of elements may have any letter case: a document that AWS holds is in force however it is spelled. PolicyError
    for what is no policy: not JSON, a name twice in one object, an element that is missing or of another type.
    """
    policy = _decoded(document) if isinstance(document, str) else document
    if not isinstance(policy, dict):
        raise PolicyError(f"is {_kind(policy)} where an object is needed")
    statements = _elements(policy, "the policy").get("statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError("has no Statement")
    return tuple(_statement(number, statement) for number, statement in enumerate(statements, start=1))


def _decoded(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise PolicyError(f"has {len(text):,} characters; AWS takes at most {MAX_CHARACTERS:,}")
    plain = text if text.lstrip()[:1] in ("{", "[", '"') else unquote(text)
    try:
        return json.loads(plain, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except RecursionError:
        raise PolicyError("is nested too deeply") from None
    except PolicyError:
        raise
    except ValueError:  # also an integer of more digits than Python reads
        raise PolicyError("is not JSON") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two equal names counts is anybody's guess, so neither does."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise PolicyError(f"has {_short(next(n for n in names if names.count(n) > 1))} twice in one object")
    return found


def _no_constant(name: str) -> None:
    raise PolicyError(f"is not JSON: it holds {name}")


def _elements(holder: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """The elements by their names in lower case."""
    found = {str(name).lower(): value for name, value in holder.items()}
    if len(found) < len(holder):
        raise PolicyError(f"has an element of {where} twice, in different letter case")
    return found


def _statement(number: int, statement: object) -> Statement:
    where = f"statement {number}"
    if not isinstance(statement, dict):
        raise PolicyError(f"has {_kind(statement)} where {where} should be")
    elements = _elements(statement, where)
    if (effect := elements.get("effect")) not in ("Allow", "Deny"):  # AWS takes no other letter case
        raise PolicyError(f"has no Effect of Allow or Deny in {where}")
    _at_most_one_of_each_pair(elements, where)
    sid = elements.get("sid")
    return Statement(
        number=number,
        sid=sid if isinstance(sid, str) else "",
        effect=effect,
        actions=_texts(elements, "Action", where),
        not_actions=_texts(elements, "NotAction", where),
        resources=_texts(elements, "Resource", where),
        not_resources=_texts(elements, "NotResource", where),
        principals=_principals(elements, "Principal", where),
        not_principals=_principals(elements, "NotPrincipal", where),
        conditions=_conditions(elements.get("condition", {}), where),
    )


def _at_most_one_of_each_pair(elements: Mapping[str, Any], where: str) -> None:
    for name in ("Action", "Resource", "Principal"):
        if name.lower() in elements and f"not{name.lower()}" in elements:
            raise PolicyError(f"has both {name} and Not{name} in {where}")
    if "action" not in elements and "notaction" not in elements:
        raise PolicyError(f"has neither Action nor NotAction in {where}")


def _texts(elements: Mapping[str, Any], name: str, where: str) -> tuple[str, ...] | None:
    """One text or a list of them, None where there is no such element."""
    if name.lower() not in elements:
        return None
    return _strings(elements[name.lower()], f"{name} of {where}")


def _strings(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise PolicyError(f"has {_kind(value)} as {where}")
    for item in value:
        if not isinstance(item, str):
            raise PolicyError(f"has {_kind(item)} in {where}")
    return tuple(value)


def _principals(elements: Mapping[str, Any], name: str, where: str) -> tuple[tuple[str, str], ...] | None:
    """``"*"`` or an object of kinds; AWS knows no other text than the star."""
    if name.lower() not in elements:
        return None
    value, where = elements[name.lower()], f"{name} of {where}"
    if not isinstance(value, dict):
        return tuple(("", text) for text in _strings(value, where))
    return tuple(
        (kind, text) for kind, texts in _members_with_text_names(value, where) for text in _strings(texts, where)
    )


def _conditions(block: object, where: str) -> tuple[Condition, ...]:
    where = f"Condition of {where}"
    if not isinstance(block, dict):
        raise PolicyError(f"has {_kind(block)} as {where}")
    found = []
    for operator, tests in _members_with_text_names(block, where):
        if not isinstance(tests, dict):
            raise PolicyError(f"has {_kind(tests)} as {operator[:40]} in {where}")
        for key, values in _members_with_text_names(tests, where):
            several = values if isinstance(values, list) else [values]
            found.append(Condition(operator, key, tuple(_scalar(value, where) for value in several)))
    return tuple(found)


def _members_with_text_names(holder: Mapping[Any, Any], where: str) -> list[tuple[str, Any]]:
    for name in holder:
        if not isinstance(name, str):
            raise PolicyError(f"has {_kind(name)} for a name in {where}")
    return list(holder.items())


def _scalar(value: object, where: str) -> str:
    """A condition's value as text; numbers and booleans may stand without quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        try:
            return str(value).lower()
        except ValueError:  # more digits than Python writes
            pass
    raise PolicyError(f"has {_kind(value)} as a value in {where}")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return "nothing" if value is None else names.get(type(value), f"a {type(value).__name__}")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
