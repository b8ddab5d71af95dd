"""The shapes of the catalogue's YAML entries: controls, benchmarks with their requirements, and crosswalks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from auditor.catalog.entry import Entry, Kebab, Parameter, Text
from auditor.catalog.examples import Example
from auditor.catalog.sql.entries import Reason
from auditor.catalog.sql.tables import TABLES
from auditor.errors import nearest
from auditor.kinds import evidence_kinds
from auditor.model import CREDENTIALS, FURTHER_KEYS, Severity, Unit

BenchmarkId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
# A requirement's id is printed as ``benchmark:id`` in lists joined by ``; ``, so it may hold none of these.
RequirementId = Annotated[str, StringConstraints(pattern=r"^[^\s:;]+$")]
FrameworkId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]
# Printed as ``framework: item, item; framework: item``.
FrameworkItem = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^,;:]+$")]


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


class Remediation(Entry):
    """How to put a failure right, by hand and by commands that run as printed (CAPITALS to be replaced)."""

    console: Text
    cli: Text


class Peers(Entry):
    """What other tools call the same test."""

    security_hub: tuple[Text, ...] = ()
    aws_config_rules: tuple[Text, ...] = ()
    prowler_checks: tuple[Text, ...] = ()


_OF_SQL = ("where", "passes", "observed", "reason", "since", "lines", "rule")


class Control(Entry):
    """One thing that is tested.

    ``check`` names a predicate of ``auditor.judge.checks``; without one, or ``by_hand``, a person answers: a check that
    is by hand only shows the evidence that helps. Or SQL decides (``auditor.catalog.sql``): the rows of ``table`` of
    which ``where`` is true are tested, and pass where ``passes`` is true; where either is null there is no evidence.
    ``observed`` quotes the evidence, ``reason`` has the words. ``since`` is the time from which on a failing row has
    failed, ``lines`` a column with the numbers of the lines that decide. ``rule`` names the plain rule that decides a
    second time; without one a second engine runs the SQL. Unit and evidence follow from the table.
    ``examples`` are rows with the verdict that each must get. ``optional`` evidence is collected where it is asked for;
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
    check: Text | None = None
    table: str | None = None
    where: Text | None = None
    passes: Text | None = None
    observed: Text | None = None
    reason: Reason | None = None
    since: Text | None = None
    lines: Text | None = None
    rule: Text | None = None
    by_hand: bool = False
    optional: bool = False
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    stricter: dict[str, Direction] = Field(default_factory=dict)
    how_tested: Text
    remediation: Remediation
    references: tuple[Text, ...]
    notes: tuple[Text, ...] = ()
    related: tuple[Kebab, ...] = ()
    peers: Peers = Peers()
    examples: tuple[Example, ...] = ()

    @property
    def assessment(self) -> str:
        """``automated``, or ``manual`` where a person must answer."""
        return "manual" if self.test is None or self.by_hand else "automated"

    @property
    def decided_by(self) -> str:
        """``SQL``, ``predicate`` or ``person``."""
        if self.table is not None:
            return "SQL"
        return "predicate" if self.assessment == "automated" else "person"

    @property
    def test(self) -> tuple[str | None, ...] | None:
        """What makes two controls the same test, whatever their parameters; None where a person answers."""
        if self.table is not None:
            return (self.table, self.where, self.passes)
        return None if self.check is None else (self.check,)

    @property
    def second_rule(self) -> str | None:
        """The plain rule that decides a second time; None where a second engine or a person does."""
        return self.rule if self.table is not None else self.check

    @property
    def units_a_user(self) -> int:
        """How many units there are for each user of a credential report, whether the user has them all or not."""
        return len([name for name in self.credentials if name not in FURTHER_KEYS]) or 1

    @model_validator(mode="before")
    @classmethod
    def _table_says_the_rest(cls, given: Any) -> Any:
        """Unit, evidence and credentials, where they are not given."""
        name = given.get("table") if isinstance(given, Mapping) else None
        if not isinstance(name, str):
            return given
        if name not in TABLES:
            raise ValueError(f"unknown table {name!r}{nearest(name, TABLES)}")
        table = TABLES[name]
        said = {"unit": table.unit.value, "evidence": list(table.evidence), "credentials": list(table.credentials)}
        return said | dict(given)

    @model_validator(mode="after")
    def _one_thing_decides(self) -> Self:
        if self.table is None:
            if "check" not in self.model_fields_set:
                raise ValueError("name a check, or a table with the SQL that decides; 'check: null' asks a person")
            for name in _OF_SQL:
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} stands with a table only")
            return self
        if self.check is not None or self.by_hand:
            raise ValueError("a control with a table has neither check nor by_hand: its SQL decides")
        for name in ("passes", "observed", "reason"):
            if getattr(self, name) is None:
                raise ValueError(f"a control with a table needs {name}")
        table = TABLES[self.table]
        if self.unit is not table.unit or self.evidence[:1] != table.evidence[:1]:
            raise ValueError(f"the table {self.table!r} has the unit {table.unit.value} and {table.evidence[0]}")
        return self

    @model_validator(mode="after")
    def _evidence_fits_the_check(self) -> Self:
        if self.check is not None and not self.evidence:
            raise ValueError("a control with a check must name the evidence it reads")
        for kind in self.evidence:
            if kind not in evidence_kinds():
                raise ValueError(f"unknown kind of evidence {kind!r}{nearest(kind, evidence_kinds())}")
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
