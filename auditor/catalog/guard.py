"""Tells where somebody's own settings are looser than the benchmark allows, or cannot be compared with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.catalog.entries import Control, Direction, Requirement
from auditor.catalog.entry import Parameter

_LOOSER = "looser than the benchmark allows"
_OTHER = "not what the benchmark says"
_EVERYWHERE = "for every account"
Directions = Mapping[str, Direction]


def looser_than(own: Control, original: Control, directions: Directions, scope: str = _EVERYWHERE) -> Iterator[str]:
    """A sentence for each way in which ``own`` asks for less than ``original``, which it stands in for.

    Another check, SQL, unit or set of credentials cannot be compared and is told as such.
    """
    for name in ("check", "table", "where", "passes", "unit", "credentials"):
        mine, theirs = getattr(own, name), getattr(original, name)
        if mine != theirs and not (name == "credentials" and set(theirs) <= set(mine)):
            yield f"{name} {value_words(mine)} instead of {value_words(theirs)} {scope}: {_OTHER}"
    if own.by_hand and not original.by_hand:
        yield f"manual instead of decided by its check {scope}: {_LOOSER}"
    if own.test == original.test:
        yield from looser_parameters(own.parameters, original.parameters, directions, scope)


def looser_parameters(
    own: Mapping[str, Parameter], original: Mapping[str, Parameter], directions: Directions, scope: str
) -> Iterator[str]:
    """``max_age_days 120 instead of 90 for ou Root/Dev: looser than the benchmark allows``"""
    for name, value in own.items():
        theirs = original.get(name)
        if theirs is None or value == theirs:
            continue
        verdict = _verdict(value, theirs, directions.get(name))
        if verdict:
            yield f"{name} {value_words(value)} instead of {value_words(theirs)} {scope}: {verdict}"


def regraded(own: Requirement, shipped: Requirement, scope: str) -> Iterator[str]:
    """``level 2 instead of 1 for cis-aws-7.0.0:2.12: not what the benchmark says``, whichever way it goes."""
    for name in ("level", "assessment"):
        mine, theirs = getattr(own, name), getattr(shipped, name)
        if mine != theirs:
            yield f"{name} {value_words(mine)} instead of {value_words(theirs)} {scope}: {_OTHER}"


def _verdict(value: Parameter, theirs: Parameter, direction: Direction | None) -> str:
    """Nothing where the own value is the stricter one."""
    if direction is None or not isinstance(value, int) or not isinstance(theirs, int):
        return _OTHER
    stricter = value < theirs if direction is Direction.LESS else value > theirs
    return "" if stricter else _LOOSER


def value_words(value: object) -> str:
    """A setting of an entry as it is told to people."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return " and ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
