"""Controls as plain data, and the parameters that hold for each account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.reperform.plain.collected import Owner
from auditor.reperform.plain.rules.telling import Rule


@dataclass(frozen=True)
class Override:
    """Other parameters for the accounts below an OU (a path of names, or an id), those with all tags, or one."""

    parameters: Mapping[str, Any]
    ou: str | None = None
    tag: Mapping[str, str] | None = None
    account: str | None = None


@dataclass(frozen=True)
class Control:
    """What the catalogue says of a control; the first kind of ``evidence`` supplies the units. ``rule`` decides, or
    nothing does where a person answers."""

    id: str
    unit: str
    rule: Rule | None
    evidence: Sequence[str] = ()
    credentials: Sequence[str] = ()
    by_hand: bool = False
    optional: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[Override] = ()


def parameters_for(
    control: Control, account: Owner, tags: Mapping[str, str] | None, *, is_placed: bool = True
) -> list[dict[str, Any]]:
    """Every set of parameters that may hold: one, where the account's OU and tags are known.

    ``tags`` is None where they are not known, ``is_placed`` says whether its OU is. The most specific override has the
    last word: OUs from the root down, then tags, then the account itself; among equals the later one.
    """
    found = [dict(control.parameters)]
    ranked = [(_rank(override, account, tags or {}), override) for override in control.overrides]
    doubtful = [o for o in control.overrides if _may_hold(o, tags is None, not is_placed)]
    certain = [pair for pair in ranked if pair[0] and pair[1] not in doubtful]
    for _, override in sorted([*certain, *((_doubtful_rank(o), o) for o in doubtful)], key=lambda pair: pair[0]):
        changed = [parameters | dict(override.parameters) for parameters in found]
        found = found + changed if override in doubtful else changed
    return found


def _may_hold(override: Override, is_untagged: bool, is_unplaced: bool) -> bool:
    """Whether that depends on what nobody knows of the account."""
    if override.account is not None:
        return False
    return is_untagged if override.tag is not None else is_unplaced


def _doubtful_rank(override: Override) -> int:
    """Among those that may hold: any OU comes before any tag."""
    return 999_999 if override.tag is not None else 1


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
