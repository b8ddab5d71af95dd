"""The sheet Reconciliation: how the users and accounts that there are become the units that each control tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from auditor.catalog import Control
from auditor.judge.assessment import Assessment
from auditor.model import FURTHER_KEYS, Outcome, Unit
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, quoted
from auditor.report.workbook.rows import Column, Kind
from auditor.report.workbook.sheets import scope
from auditor.report.workbook.sheets.totals import tie
from auditor.report.workbook.table import TableLayout, letter_of, write_intro, write_table
from auditor.schema import ABSENT, BY_PERSON, FURTHER, NO_EVIDENCE, NOT_APPLICABLE

TITLE = "Reconciliation"
HEADER = 3
NO_EVIDENCE_UNITS = "units without evidence"
"""The name of the range with the number of such units of a control, behind a blank and the control's id."""
_INTRO = (
    "How many units each control tested, from the users and accounts of the sheet Scope & completeness: those found, "
    "less root or excluded accounts, times the credentials that the control looks at, plus units beyond those (such as "
    "a third access key), less the units that were not tested, each for a reason. The result must be the population on "
    "the sheet Controls. Users of accounts without a credential report are not known, so they are in no number here."
)
_USERS, _ACCOUNTS = "users and root in the credential reports", "accounts discovered"
_LISTED = {
    Unit.POLICY: "policies in the authorization details",
    Unit.CERTIFICATE: "server certificates listed",
    Unit.INSTANCE: "EC2 instances listed",
    Unit.IDENTITY: "users, groups and roles in the authorization details",
    Unit.ORGANIZATION: "the organization",
}
_BEFORE = (
    Column("control_id", "Control", 32, Kind.LINK),
    Column("source", "Starts from", 24, Kind.WRAPPED),
    Column("found", "Found", 9, Kind.COUNT, formula="found="),
    Column("outside", "Less root, or excluded accounts", 9.5, Kind.COUNT, formula="outside="),
    Column("each", "Times credentials", 10, Kind.COUNT),
    Column("further", "Plus units beyond those", 9, Kind.COUNT),
)
_AFTER = (
    Column("no_evidence", "Less units without evidence", 10, Kind.COUNT),
    Column("by_person", "Less units for manual review", 10, Kind.COUNT),
    Column("tested", "Units tested", 9, Kind.COUNT, formula="tested="),
    Column("population", "Population on Controls", 11, Kind.COUNT, formula="population="),
    Column("ties", "Check", 9, formula="ties="),
    Column("unit", "Unit tested", 20, Kind.WRAPPED, on_paper=False),
)
_Row = dict[str, Any]


def write_reconciliation(book: Book, assessment: Assessment, definitions: Mapping[str, int]) -> None:
    """Fill the sheet; Scope and the Matrix must be there already. ``definitions`` are rows of the Catalogue."""
    reasons = _reasons(assessment.bridge)
    columns = (*_BEFORE, *(Column(r, f"Less {r}", 11, Kind.COUNT) for r in reasons), *_AFTER)
    write_intro(book, TITLE, _INTRO, columns)
    steps = _steps(assessment.bridge)
    rows = [
        _row(book, assessment, control, columns, number, steps.get(control.id, {}))
        for number, control in enumerate(assessment.catalog_controls, start=HEADER + 1)
    ]
    names = [*(c.source for c in columns), *(c.formula for c in columns if c.formula)]
    frame = pd.DataFrame(rows, columns=names).astype({c.source: "Int64" for c in columns if c.kind is Kind.COUNT})
    (part,) = write_table(book, TITLE, frame, columns, TableLayout(header=HEADER, frozen=1))
    letter = letter_of(columns, "no_evidence")
    for row, control in enumerate(assessment.catalog_controls, start=HEADER + 1):
        book.link(TITLE, f"A{row}", "Catalogue", f"A{definitions[control.id]}")
        book.add_range(TITLE, f"{NO_EVIDENCE_UNITS} {control.id}", f"{quoted(TITLE)}!${letter}${row}")
    ties = letter_of(columns, "ties")
    looks = {"PASS": style.STATUS["PASS"], "FAIL": style.STATUS["FAIL"]}
    style.colour_by_symbol(part.sheet, f"{ties}{HEADER + 1}:{ties}{part.last}", looks)


def units_without_evidence(assessment: Assessment) -> dict[str, int]:
    """By control."""
    rows = assessment.bridge[assessment.bridge["step"] == NO_EVIDENCE]
    return {str(control): int(number) for control, number in _sums(rows, ["control_id"]).items()}


def _sums(rows: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    texts = rows.astype(dict.fromkeys(names, "str"))
    return texts.groupby(list(names), sort=False)["units"].sum()


def _reasons(bridge: pd.DataFrame) -> tuple[str, ...]:
    """Why units are not there, or the control does not apply to them: a column for each, in the order of the words."""
    found: list[str] = []
    for step in (ABSENT, NOT_APPLICABLE):
        texts = set(bridge.loc[bridge["step"] == step, "reason"].astype("str"))
        found += sorted(texts - set(found))
    return tuple(found)


def _row(
    book: Book,
    assessment: Assessment,
    control: Control,
    columns: Sequence[Column],
    row: int,
    steps: Mapping[str, int],
) -> _Row:
    counts = assessment.controls.loc[assessment.controls["control_id"] == control.id, "population"]
    population = int(counts.iloc[0])
    cells = {c.source: f"{letter_of(columns, c.source)}{row}" for c in columns}
    reasons = [c.source for c in columns[len(_BEFORE) : -len(_AFTER)]]
    less = "".join(f"-{cells[name]}" for name in (*reasons, "no_evidence", "by_person"))
    ties = tie(f"{cells['tested']}={cells['population']}")
    return {
        "control_id": control.id,
        "unit": _unit(control),
        **_start(book, assessment, control, steps, population),
        "each": control.units_a_user,
        **{name: steps.get(name) for name in reasons},
        "further": steps.get(FURTHER),
        "no_evidence": steps.get(NO_EVIDENCE, 0),
        "by_person": steps.get(BY_PERSON),
        "tested": population,
        "tested=": f"({cells['found']}-{cells['outside']})*{cells['each']}+{cells['further']}{less}",
        "population": population,
        "population=": book.ranges["Matrix"].get(f"population {control.id}", ["0"])[0],
        "ties": ties.value,
        "ties=": ties.text,
    }


def _unit(control: Control) -> str:
    names = [name for name in control.credentials if name not in FURTHER_KEYS]
    further = ["further access keys"] if len(names) < len(control.credentials) else []
    return ", ".join((*names, *further)) or control.unit.value


def _steps(bridge: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Of each control the units by reason, where a reason has a column of its own, else by step."""
    by_reason = bridge["step"].isin([ABSENT, NOT_APPLICABLE])
    names = bridge["reason"].astype("str").where(by_reason, bridge["step"].astype("str"))
    steps: dict[str, dict[str, int]] = {}
    sums = _sums(bridge.assign(name=names), ["control_id", "name"]).reset_index()
    for control, name, units in zip(sums["control_id"], sums["name"], sums["units"], strict=True):
        steps.setdefault(control, {})[name] = int(units)
    return steps


def _start(book: Book, assessment: Assessment, control: Control, steps: Mapping[str, int], population: int) -> _Row:
    """What there is, and what of it no control of this kind is about."""
    cells = book.ranges[scope.TITLE]
    if control.unit in (Unit.USER, Unit.CREDENTIAL):
        users, roots = len(assessment.users), int(assessment.users["is_root"].sum())
        there, outside = f"{cells[scope.USERS][0]}+{cells[scope.ROOTS][0]}", cells[scope.ROOTS][0]
        return {"source": _USERS, "found": users, "found=": there, "outside": roots, "outside=": outside}
    if control.unit in (Unit.ACCOUNT, Unit.ROOT, Unit.RESOURCE):
        accounts, outcomes = len(assessment.accounts), assessment.accounts["outcome"].astype("str")
        excluded = int((outcomes == Outcome.EXCLUDED.value).sum())
        there, outside = cells[scope.ACCOUNTS][0], cells[scope.EXCLUDED][0]
        return {"source": _ACCOUNTS, "found": accounts, "found=": there, "outside": excluded, "outside=": outside}
    less = sum(number for name, number in steps.items() if name != FURTHER)
    return {"source": _LISTED[control.unit], "found": population + less - steps.get(FURTHER, 0)}
