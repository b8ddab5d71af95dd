"""Whether facts are of the types that AWS gives; evidence with others says nothing at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auditor.reperform.plain.trouble import UnusableError

Facts = dict[str, Any]
TEXT, NUMBER, FLAG = str, int, bool


def raw(value: Any) -> str | None:
    """A value as it stands in JSON, texts without their quotes; None for what is not there."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def typed(facts: Facts, types: Mapping[str, type]) -> Facts:
    """The same facts; UnusableError for one that is there and of another type (true and false are no numbers)."""
    for name, wanted in types.items():
        value = facts.get(name)
        if value is not None and type(value) is not wanted:
            raise UnusableError(f"line {facts.get('line')}: {name} is {value!r:.100}")
    return facts
