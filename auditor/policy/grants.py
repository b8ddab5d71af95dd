"""What a judgement over a policy names: the statement that gives too much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.policy.document import Condition


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement (``statement 2 (sid Admins)``), what it gives, and the conditions under which it does."""

    statement: str
    gives: str
    conditions: tuple[Condition, ...] = ()
    number: int = field(default=0, compare=False)  # of the statement, from 1

    def __str__(self) -> str:
        under = f", on condition of {' and '.join(map(str, self.conditions))}" if self.conditions else ""
        return f"{self.statement} {self.gives}{under}"


def said(grants: Iterable[Grant]) -> str:
    """All of them in one sentence."""
    return " and ".join(map(str, grants))


def numbers(grants: Iterable[Grant]) -> str:
    """The numbers of their statements: ``1 and 3``."""
    return " and ".join(str(grant.number) for grant in grants)
