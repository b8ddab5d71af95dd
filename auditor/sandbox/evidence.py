"""What is true of an account or the organization beside credential reports; kinds of evidence plant facts in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from auditor.sandbox.facts import User
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedOrganization

T = TypeVar("T")
Maker = TypeVar("Maker", bound="Keeping")
_CROWDED_RANKS = 38
_SPECIAL_EVERY = 4


@dataclass(frozen=True)
class Keeping:
    """Keeps what is made of it: each kind of evidence plants or remembers by a function of its own."""

    _kept: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self: Maker, make: Callable[[Maker], T]) -> T:
        """What ``make`` makes of this, the same at every call."""
        if make not in self._kept:
            self._kept[make] = make(self)
        found: T = self._kept[make]
        return found

    def but(self: Maker, make: Callable[[Maker], object], value: object) -> Maker:
        """The same, where ``make`` had made this ``value``."""
        other = replace(self)
        other._kept.update({**self._kept, make: value})
        return other


@dataclass(frozen=True, slots=True)
class RootEvidence:
    """What the account summary says of root, and whether root has a virtual MFA device."""

    mfa: bool = True
    keys_present: int = 0
    password_present: bool = True
    virtual_mfa: bool = False


@dataclass(frozen=True)
class PlantedEvidence(Keeping):
    """One account. ``of(plant)`` gives what a kind of evidence plants in it.

    ``regions`` are those that are on; ``short_pages``: lists come in small and empty pages.
    """

    options: SandboxOptions
    management_id: str
    account_id: str
    rank: int
    root: RootEvidence
    users: tuple[User, ...]
    regions: tuple[str, ...]
    short_pages: bool

    @property
    def as_of(self) -> datetime:
        return self.options.as_of

    @property
    def prefix(self) -> str:
        """How ARNs of the account's IAM begin, without the last colon."""
        return f"arn:{self.options.partition}:iam::{self.account_id}"


@dataclass(frozen=True)
class OrganizationEvidence(Keeping):
    """The organization as a whole. ``of(plant)`` gives what a kind of evidence plants in it."""

    options: SandboxOptions
    tree: BoxedOrganization

    @property
    def prefix(self) -> str:
        """How ARNs of the organization begin, without the last colon."""
        return f"arn:{self.options.partition}:organizations::{self.tree.management_id}"


def pick(kinds: Sequence[T], rank: int, shift: int = 0) -> T:
    """Every kind in turn for low ranks; further up one account in four is special, the others are of the first."""
    turn = rank + shift
    if rank < _CROWDED_RANKS:
        return kinds[turn % len(kinds)]
    return kinds[turn // _SPECIAL_EVERY % len(kinds)] if turn % _SPECIAL_EVERY == 0 else kinds[0]
