"""The shapes of the catalogue's YAML entries: controls, benchmarks and their requirements."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from auditor.errors import nearest
from auditor.model import CREDENTIALS, Severity, Unit

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Kebab = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
BenchmarkId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
# A requirement's id is printed as ``benchmark:id`` in lists joined by ``; ``, so it may hold none of these.
RequirementId = Annotated[str, StringConstraints(pattern=r"^[^\s:;]+$")]
Parameter = int | bool | str | list[str]


class AssessmentType(StrEnum):
    """How a benchmark says a requirement is assessed; 1.2.0 said scored or not, and sources may disagree."""

    AUTOMATED = "automated"
    MANUAL = "manual"
    SCORED = "scored"
    NOT_SCORED = "not_scored"
    DISPUTED = "disputed"


class Entry(BaseModel):
    """Base of all entries: immutable, and a misspelled key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Remediation(Entry):
    """How to put a failure right, by hand and by commands that run as printed (CAPITALS to be replaced)."""

    console: Text
    cli: Text


class Peers(Entry):
    """What other tools call the same test."""

    security_hub: tuple[Text, ...] = ()
    aws_config_rules: tuple[Text, ...] = ()
    prowler_checks: tuple[Text, ...] = ()


class Control(Entry):
    """One thing that is tested.

    ``check`` names a predicate of ``auditor.checks``; without one the status is MANUAL, and ``planned`` tells
    whether evidence could decide it one day. ``credentials`` are the slots that the unit credential covers;
    ``related`` names controls whose compliance mapping this one shares.
    """

    id: Kebab
    title: Text
    why: Text
    service: Text
    severity: Severity
    unit: Unit
    credentials: tuple[str, ...] = ()
    evidence: tuple[Kebab, ...] = ()
    check: Text | None
    planned: bool = False
    parameters: dict[str, Parameter] = {}
    how_tested: Text
    remediation: Remediation
    references: tuple[Text, ...]
    notes: tuple[Text, ...] = ()
    related: tuple[Kebab, ...] = ()
    frameworks: dict[Text, tuple[Text, ...]] = {}
    peers: Peers = Peers()

    @model_validator(mode="after")
    def _check_agrees_with_the_rest(self) -> Self:
        if self.check is not None and self.planned:
            raise ValueError("planned is for controls without a check")
        if self.check is not None and not self.evidence:
            raise ValueError("a control with a check must name the evidence it reads")
        return self

    @model_validator(mode="after")
    def _credentials_fit_the_unit(self) -> Self:
        if (self.unit is Unit.CREDENTIAL) != bool(self.credentials):
            raise ValueError("credentials must be named for the unit 'credential', and only for it")
        for name in self.credentials:
            if name not in CREDENTIALS:
                raise ValueError(f"unknown credential {name!r}{nearest(name, CREDENTIALS)}")
        return self


class Requirement(Entry):
    """One numbered item of a benchmark; ``title`` replaces the control's own where the document names it."""

    id: RequirementId
    control: Kebab
    level: int | None = None
    assessment: AssessmentType
    section: Text
    title: Text | None = None


class Benchmark(Entry):
    """A numbered document, its requirements in the document's own order."""

    id: BenchmarkId
    title: Text
    version: Text
    publisher: Text
    about: Text
    requirements: tuple[Requirement, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _requirement_ids_differ(self) -> Self:
        seen: set[str] = set()
        for requirement in self.requirements:
            if requirement.id in seen:
                raise ValueError(f"the requirement {requirement.id!r} is declared twice")
            seen.add(requirement.id)
        return self

    def requirement(self, requirement_id: str) -> Requirement | None:
        return next((r for r in self.requirements if r.id == requirement_id), None)

    def qualified(self, requirement: Requirement) -> str:
        """``cis-aws-7.0.0:2.12``"""
        return f"{self.id}:{requirement.id}"
