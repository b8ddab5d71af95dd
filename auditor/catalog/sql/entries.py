"""The words that stand in a control beside its SQL: why a unit passes, fails, or is not decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from auditor.catalog.entry import Entry, Text

_NAMED = re.compile(r"\$(\w+)")


class Special(Entry):
    """A reason of its own for the units of which ``when`` (SQL) is true."""

    when: Text
    text: Text


class Reason(Entry):
    """Why a unit passes, fails, or is not decided; ``$name`` stands for the value of a parameter.

    The first of ``special`` that holds takes the place of the three. ``not_applicable`` is told of the units that the
    control does not apply to.
    """

    passed: Text = Field(alias="pass")
    fail: Text
    no_evidence: Text
    not_applicable: Text = "not applicable"
    special: tuple[Special, ...] = ()

    def texts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Each text, with where it stands."""
        yield from ((("pass",), self.passed), (("fail",), self.fail), (("no_evidence",), self.no_evidence))
        yield ("not_applicable",), self.not_applicable
        yield from ((("special", number, "text"), one.text) for number, one in enumerate(self.special))


def named_parameters(text: str) -> list[str]:
    """The names behind each ``$`` of a reason."""
    return _NAMED.findall(text)


def filled(text: str, parameters: Mapping[str, Any]) -> str:
    """A reason with the values of the parameters in it."""
    return _NAMED.sub(lambda found: spelt(parameters[found[1]]), text)


def spelt(value: Any) -> str:
    """A parameter's value as text."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
