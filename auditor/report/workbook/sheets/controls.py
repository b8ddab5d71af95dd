"""The sheet Controls: a row for each requirement of the chosen benchmarks and the control that answers it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.report import figures
from auditor.report.figures import Result
from auditor.report.workbook import style
from auditor.report.workbook.book import Book
from auditor.report.workbook.sheets import catalogue, exceptions, reconciliation
from auditor.report.workbook.style import marked
from auditor.report.workbook.table import Column, Kind, Part, TableLayout, letter_of, write_intro, write_table

TITLE = "Controls"
HEADER = 3
COLUMNS = (
    Column("benchmark", "Benchmark", 14, Kind.WRAPPED),
    Column("requirement", "Requirement", 11.5, Kind.IDENTIFIER),
    Column("level", "Level", 5.5, Kind.COUNT),
    Column("control_id", "Control", 34, Kind.LINK),
    Column("title", "Title", 40, Kind.WRAPPED),
    Column("severity", "Severity", 8),
    Column("population", "Population", 10, Kind.COUNT, formula="population="),
    Column("passed", "Passed", 7.5, Kind.COUNT, formula="passed="),
    Column("failed", "Failed", 7, Kind.COUNT, formula="failed="),
    Column("waived", "Of these, waived", 8, Kind.COUNT, formula="waived="),
    Column("no_evidence", "No evidence (accounts)", 9, Kind.COUNT, formula="no_evidence="),
    Column("no_evidence_units", "No evidence (units)", 9, Kind.COUNT, formula="no_evidence_units="),
    Column("manual", "Manual", 7, Kind.COUNT, formula="manual="),
    Column("not_applicable", "Not applicable", 10, Kind.COUNT, formula="not_applicable="),
    Column("conclusion", "Conclusion", 15.5, formula="conclusion="),
    Column("looser_settings", "Looser than the benchmark allows", 22, Kind.WRAPPED),
    # On paper, these are the counts before them, and nothing to click on.
    Column("rate", "Failed of population", 11, formula="rate=", on_paper=False),
    Column("see", "Exceptions", 14, Kind.LINK, on_paper=False),
)
_OPEN = ("no_evidence", "manual")
_TOLD = (
    *("benchmark", "requirement", "control_id", "title", "severity"),
    *("population", "passed", "failed", "waived", "not_applicable", *_OPEN),
)
NAMED = ("benchmark", "conclusion")
_INTRO = (
    "What each requirement of the chosen benchmarks came to. Population: units that were tested, passed or failed. A "
    "waived failure stays a failure. No evidence: accounts that could not be judged, wholly or in part, and the units "
    "of these that are known and were not decided. How users and accounts become the population is on the sheet "
    "Reconciliation. Links lead to the definition of a control and to its exceptions."
)


def write_controls(book: Book, assessment: Assessment, definitions: dict[str, int], failed: list[Part]) -> None:
    """Fill the sheet; ``definitions`` are rows of the sheet Catalogue by control, ``failed`` the Exceptions."""
    write_intro(book, TITLE, _INTRO, COLUMNS)
    levels = {(b.id, r.id): r.level for b in assessment.benchmarks for r in b.requirements}
    units = reconciliation.units_without_evidence(assessment)
    rows = [
        _row(book, result, levels[result.benchmark, result.requirement], HEADER + at)
        | {"no_evidence_units": units.get(result.control_id, 0)}
        for at, result in enumerate(figures.results(assessment), start=1)
    ]
    looser = dict(zip(assessment.controls["control_id"], assessment.controls["looser_settings"], strict=True))
    names = [*(c.source for c in COLUMNS), *(c.formula for c in COLUMNS if c.formula)]
    frame = pd.DataFrame(rows, columns=names).assign(looser_settings=lambda f: f["control_id"].map(looser))
    frame = frame.astype({c.source: "Int64" for c in COLUMNS if c.kind is Kind.COUNT})
    empty = "No benchmark with a requirement was chosen."
    (part,) = write_table(book, TITLE, frame, COLUMNS, TableLayout(header=HEADER, named=NAMED, frozen=4, empty=empty))
    _link(book, assessment, part, frame, definitions, failed)
    letter = letter_of(COLUMNS, "conclusion")
    style.colour_by_symbol(part.sheet, f"{letter}{HEADER + 1}:{letter}{part.last}")


def _row(book: Book, result: Result, level: int | None, row: int) -> dict[str, Any]:
    at = {name: f"{letter_of(COLUMNS, name)}{row}" for name in ("control_id", "population", "failed", *_OPEN)}
    control, population, failed = at["control_id"], at["population"], at["failed"]
    return {name: getattr(result, name) for name in _TOLD} | {
        "level": level,
        "population=": _total(book, "population", result.control_id),
        "not_applicable=": _total(book, "not_applicable", result.control_id),
        "passed=": f"{population}-{failed}",
        "failed=": book.counted("Exceptions", {"control_id": control}, 0).text,
        "waived=": book.counted("Exceptions", {"control_id": control, "waiver_id": '"?*"'}, 0).text,
        "no_evidence=": book.counted("Gaps", {"control_id": control}, 0).text,
        "no_evidence_units=": _units_without_evidence(book, result.control_id),
        "manual=": book.counted("Manual", {"control_id": control}, 0).text,
        "rate": f"{result.failed} of {result.population}" if result.population else "-",
        "rate=": f'IF({population}=0,"-",{failed}&" of "&{population})',
        "conclusion": style.marked(result.status.value),
        "conclusion=": _conclusion(failed, at["no_evidence"], at["manual"], population),
        "see": "→ exceptions" if result.failed else "",
    }


def _total(book: Book, measure: str, control_id: str) -> str:
    """The cell of the Matrix with the sum over all accounts; a control that decides nothing is not in it."""
    return book.ranges["Matrix"].get(f"{measure} {control_id}", ["0"])[0]


def _units_without_evidence(book: Book, control_id: str) -> str:
    return book.ranges[reconciliation.TITLE][f"{reconciliation.NO_EVIDENCE_UNITS} {control_id}"][0]


def _conclusion(failed: str, no_evidence: str, manual: str, population: str) -> str:
    """The same order of what is worst as ``figures.Result.status``."""
    formula = f'IF({population}>0,"{marked("PASS")}","{marked("NOT_APPLICABLE")}")'
    for count, status in ((manual, "MANUAL"), (no_evidence, "NO_EVIDENCE"), (failed, "FAIL")):
        formula = f'IF({count}>0,"{marked(status)}",{formula})'
    return formula


def _link(
    book: Book, assessment: Assessment, part: Part, frame: pd.DataFrame, definitions: dict[str, int], failed: list[Part]
) -> None:
    ids = exceptions.failures(assessment)["control_id"].reset_index(drop=True)
    first = ids.drop_duplicates()
    places = dict(zip(first.astype("str"), first.index, strict=True))
    for row, control_id in enumerate(frame["control_id"], start=part.header + 1):
        book.link(TITLE, f"{letter_of(COLUMNS, 'control_id')}{row}", catalogue.TITLE, f"A{definitions[control_id]}")
        if control_id in places:
            there = next(p for p in failed if p.start <= places[control_id] < p.stop)
            cell = f"A{there.header + 1 + places[control_id] - there.start}"
            book.link(TITLE, f"{letter_of(COLUMNS, 'see')}{row}", there.sheet.title, cell)
