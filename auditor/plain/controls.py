"""Controls as plain data, and the parameters that hold for each account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.plain.collected import Owner


@dataclass(frozen=True)
class Override:
    """Other parameters for the accounts below an OU (a path of names, or an id), those with all tags, or one."""

    parameters: Mapping[str, Any]
    ou: str | None = None
    tag: Mapping[str, str] | None = None
    account: str | None = None


@dataclass(frozen=True)
class Control:
    """What the catalogue says of a control; the first kind of ``evidence`` supplies the units."""

    id: str
    unit: str
    check: str | None
    evidence: Sequence[str] = ()
    credentials: Sequence[str] = ()
    by_hand: bool = False
    optional: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[Override] = ()


def parameters_for(control: Control, account: Owner, tags: Mapping[str, str]) -> dict[str, Any]:
    """The most specific override has the last word: OUs from the root down, then tags, then the account itself; among
    equals the later one."""
    found = dict(control.parameters)
    ranked = [(_rank(override, account, tags), override) for override in control.overrides]
    for _, override in sorted((pair for pair in ranked if pair[0]), key=lambda pair: pair[0]):
        found |= override.parameters
    return found


def _rank(override: Override, account: Owner, tags: Mapping[str, str]) -> int:
    """0 where it does not hold, else how specific it is."""
    if override.account is not None:
        return 1_000_000 if override.account == account.id else 0
    if override.tag is not None:
        return 999_999 if all(tags.get(key) == value for key, value in override.tag.items()) else 0
    if override.ou in account.ou_ids:
        return account.ou_ids.index(override.ou) + 1
    names, wanted = account.ou_path.split("/"), str(override.ou).split("/")
    return len(wanted) if names[: len(wanted)] == wanted else 0
