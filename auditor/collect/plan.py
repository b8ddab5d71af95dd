"""What a run collects, and what of an earlier one it goes on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditor.collect.interface import Collector
from auditor.collect.team import Team
from auditor.model import CatalogStamp
from auditor.settings import Settings


@dataclass(frozen=True)
class Collectors:
    """``accounts`` bring the evidence of each account, ``organization`` that of the organization as a whole, ``root``
    what can be read about the root of an account that there was no other way into."""

    accounts: Sequence[Collector]
    organization: Sequence[Collector] = ()
    root: Collector | None = None


@dataclass(frozen=True)
class Resume:
    """The ``folder`` of a snapshot to go on with; None: a new one. ``retry_gaps`` also collects accounts with gaps."""

    folder: Path | None = None
    retry_gaps: bool = False


@dataclass(frozen=True)
class RunPlan:
    """``catalog`` is what the evidence is collected for. A ``team`` collects all accounts but the caller's own."""

    settings: Settings
    collectors: Collectors
    resume: Resume = field(default_factory=Resume)
    catalog: CatalogStamp | None = None
    team: Team | None = None

    @property
    def account_kinds(self) -> list[str]:
        """The kinds of evidence of each account."""
        return [collector.kind for collector in self.collectors.accounts]

    @property
    def organization_kinds(self) -> list[str]:
        return [collector.kind for collector in self.collectors.organization]
