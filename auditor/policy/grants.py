"""What a judgement over a policy names: the statement that gives too much."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.policy.document import Condition


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement (``statement 2 (sid Admins)``), what it gives, and the conditions under which it does."""

    statement: str
    gives: str
    conditions: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        under = f", on condition of {' and '.join(map(str, self.conditions))}" if self.conditions else ""
        return f"{self.statement} {self.gives}{under}"
