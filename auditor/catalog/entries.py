"""The shapes of the catalogue's YAML entries: controls, benchmarks with their requirements, and crosswalks."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from auditor.errors import nearest
from auditor.model import CREDENTIALS, EVIDENCE_KINDS, Severity, Unit

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Kebab = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
BenchmarkId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
# A requirement's id is printed as ``benchmark:id`` in lists joined by ``; ``, so it may hold none of these.
RequirementId = Annotated[str, StringConstraints(pattern=r"^[^\s:;]+$")]
FrameworkId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]
# Printed as ``framework: item, item; framework: item``.
FrameworkItem = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^,;:]+$")]
Parameter = int | bool | str | list[str]


class AssessmentType(StrEnum):
    """How a benchmark says a requirement is assessed; 1.2.0 said scored or not, and sources may disagree."""

    AUTOMATED = "automated"
    MANUAL = "manual"
    SCORED = "scored"
    NOT_SCORED = "not_scored"
    DISPUTED = "disputed"


class Direction(StrEnum):
    """Which way a parameter gets stricter."""

    LESS = "less"
    MORE = "more"


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

    ``check`` names a predicate of ``auditor.checks``; without one, or ``by_hand``, a person answers: a check that is
    by hand only shows the evidence that helps. ``optional`` evidence is collected where it is asked for;
    without it a person answers. ``evidence`` lists the kinds that are read, the first of which supplies
    the units. ``stricter`` tells of a parameter whether ``less`` or ``more`` is stricter (false is less than true).
    ``credentials`` are the slots that the unit credential covers; ``related`` names controls whose compliance mapping
    this one shares.
    """

    id: Kebab
    title: Text
    why: Text
    service: Text
    severity: Severity
    unit: Unit
    credentials: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    check: Text | None
    by_hand: bool = False
    optional: bool = False
    parameters: dict[str, Parameter] = {}
    stricter: dict[str, Direction] = {}
    how_tested: Text
    remediation: Remediation
    references: tuple[Text, ...]
    notes: tuple[Text, ...] = ()
    related: tuple[Kebab, ...] = ()
    peers: Peers = Peers()

    @property
    def assessment(self) -> str:
        """``automated``, or ``manual`` where a person must answer."""
        return "manual" if self.check is None or self.by_hand else "automated"

    @model_validator(mode="after")
    def _evidence_fits_the_check(self) -> Self:
        if self.check is not None and not self.evidence:
            raise ValueError("a control with a check must name the evidence it reads")
        for kind in self.evidence:
            if kind not in EVIDENCE_KINDS:
                raise ValueError(f"unknown kind of evidence {kind!r}{nearest(kind, EVIDENCE_KINDS)}")
        return self

    @model_validator(mode="after")
    def _directions_are_of_numbers(self) -> Self:
        for name, value in self.parameters.items():
            if isinstance(value, int) and value < 0:
                raise ValueError(f"parameters: {name} must not be negative")
        for name in self.stricter:
            if name not in self.parameters:
                raise ValueError(f"stricter: unknown parameter {name!r}{nearest(name, self.parameters)}")
            if not isinstance(self.parameters[name], int):
                raise ValueError(f"stricter: {name} is neither a number nor true or false")
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


class Crosswalk(Entry):
    """What controls mean in the words of another framework: ``mapping`` is items of the framework by control id."""

    id: FrameworkId
    title: Text
    version: Text
    publisher: Text
    mapping: dict[Kebab, tuple[FrameworkItem, ...]] = Field(min_length=1)


class Override(Entry):
    """Other parameters of one control for some accounts: those below an OU (a path of names or an id), those that have
    all the tags, or one account."""

    control: Kebab
    parameters: dict[str, Parameter] = Field(min_length=1)
    ou: Annotated[str, StringConstraints(pattern=r"^[^/]([^\n]*[^/])?$")] | None = None
    tag: Annotated[dict[str, str], Field(min_length=1)] | None = None
    account: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")] | None = None
    reason: Text

    @model_validator(mode="after")
    def _for_whom(self) -> Self:
        if sum(place is not None for place in (self.ou, self.tag, self.account)) != 1:
            raise ValueError("name one of ou, tag and account, and only one")
        if any(isinstance(value, int) and value < 0 for value in self.parameters.values()):
            raise ValueError("parameters must not be negative")
        return self

    @property
    def scope(self) -> str:
        """``ou Root/Dev``, ``tag Environment=prod`` or ``account 012345678901``."""
        if self.tag is not None:
            return "tag " + ", ".join(f"{key}={value}" for key, value in self.tag.items())
        return f"account {self.account}" if self.ou is None else f"ou {self.ou}"
