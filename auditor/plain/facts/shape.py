"""Whether facts are of the types that AWS gives; evidence with others says nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.plain.trouble import UnusableError

Facts = dict[str, Any]
TEXT, NUMBER, FLAG = str, int, bool


def typed(facts: Facts, types: Mapping[str, type]) -> Facts:
    """The same facts; UnusableError for one that is there and of another type (true and false are no numbers)."""
    for name, wanted in types.items():
        value = facts.get(name)
        if value is not None and type(value) is not wanted:
            raise UnusableError(f"line {facts.get('line')}: {name} is {value!r:.100}")
    return facts
