"""The sheet Re-performance: ages and verdicts computed anew, by formulas over the cells of the sheet Population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.report.workbook import style
from auditor.report.workbook.book import Book
from auditor.report.workbook.paper import PAPERS
from auditor.report.workbook.recomputing import RECOMPUTED, Unit, units_of
from auditor.report.workbook.sampling import Sample, sample_of
from auditor.report.workbook.sheet import lines_needed, protect, set_height
from auditor.report.workbook.table import Column, Kind, Part, TableLayout, fitted, write_intro, write_table, write_words

TITLE = "Re-performance"
COLUMNS = (
    Column("control_id", "Control", 44, Kind.WRAPPED),
    Column("account_id", "Account id", 20, Kind.IDENTIFIER),
    Column("resource_name", "User", 24, Kind.WRAPPED),
    Column("credential", "Credential", 14),
    Column("place", "Row of Population", 20, Kind.LINK),
    Column("counted_from", "Counted from (UTC)", 19, Kind.TIME, formula="counted_from="),
    Column("number", "Days, keys or seconds", 10, Kind.COUNT, formula="number="),
    Column("limit", "Limit", 9, Kind.COUNT, formula="limit="),
    Column("recomputed", "Recomputed", 16, formula="recomputed="),
    Column("status", "Tool's verdict", 14),
    Column("agrees", "Agrees", 10, formula="agrees="),
    Column("resource_arn", "ARN", 44, level=1),
)
_COPIED = ("control_id", "account_id", "resource_name", "credential", "status", "resource_arn")
_INTRO = (
    "Each verdict below is computed again, in this workbook, from the cells of the sheet Population and the limits in "
    "the yellow cells, and stands beside the verdict of the program. Change a limit, or the as-of time, and the "
    "verdicts change. Covered are the controls that the credential report alone decides, and the keys that it lists."
)
_FIRST = 3
_MOST_ON_PAPER = 500  # rows; a longer list is for the screen, where its formulas can be seen
_TIME = pd.DatetimeTZDtype("us", "UTC")


@dataclass(frozen=True)
class _Limits:
    """Where the limits stand: a cell for each control, and for each account that has a limit of its own."""

    cells: dict[tuple[str, str], tuple[str, Any]]
    as_of: str

    def of(self, control_id: str, account_id: str) -> tuple[str, Any]:
        """(cell, value), both empty where the control has no limit."""
        return self.cells.get((control_id, account_id)) or self.cells.get((control_id, "")) or ("", None)


def write_reperformance(book: Book, assessment: Assessment, population: list[Part]) -> None:
    """Fill the sheet; Population must be there already."""
    write_intro(book, TITLE, _INTRO, COLUMNS)
    sample = sample_of(assessment)
    limits, header = _write_limits(book, assessment, sample)
    units = units_of(assessment, sample.findings, population)
    frame = _frame(assessment, sample, units, limits, header)
    (part,) = write_table(
        book,
        TITLE,
        frame,
        COLUMNS,
        TableLayout(
            header=header,
            named=("agrees",),
            frozen=4,
            most_on_paper=_MOST_ON_PAPER,
            empty="No verdict rests on the credential reports alone.",
        ),
    )
    for row, unit in enumerate(units, start=header + 1):
        book.link(TITLE, f"E{row}", unit.sheet, f"A{unit.row}")
    _write_mismatches(book, len(frame))
    looks = {status: style.STATUS[status] for status in ("PASS", "FAIL")}
    style.colour_by_symbol(part.sheet, f"K{header + 1}:K{part.last}", looks)
    protect(part.sheet)


def _write_limits(book: Book, assessment: Assessment, sample: Sample) -> tuple[_Limits, int]:
    """The rows above the table; returns the limits and the row of the table's header."""
    sheet, row = book.workbook[TITLE], _FIRST + 2
    for words in sample.words:
        write_words(book, TITLE, row, words, COLUMNS, style.LABEL)
        row += 1
    book.put(sheet, row, 1, "As of (UTC)", style.TOTAL_LABEL)
    book.put(sheet, row, 2, assessment.as_of, style.INPUT_TIME)
    limits = _Limits({}, book.name("as_of", TITLE, f"$B${row}"))
    for control in assessment.catalog_controls:
        name = RECOMPUTED[str(control.check)].parameter if control.check in RECOMPUTED else ""
        for account_id, parameters in _parameters(assessment, control.id, control.parameters) if name else ():
            row += 1
            _put_label(book, row, f"{control.id}: {name}")
            book.put(sheet, row, 2, parameters[name], style.INPUT_COUNT)
            book.put(sheet, row, 3, f"account {account_id}" if account_id else "", style.LABEL)
            limits.cells[control.id, account_id] = f"$B${row}", parameters[name]
    return limits, row + 2


def _put_label(book: Book, row: int, words: str) -> None:
    sheet, look = book.workbook[TITLE], style.TOTAL_LABEL
    book.put(sheet, row, 1, words, look)
    width = fitted(COLUMNS, PAPERS[book.paper])[0].width
    set_height(sheet, row, lines_needed(words, width, look))


def _parameters(assessment: Assessment, control_id: str, usual: Any) -> list[tuple[str, Any]]:
    return [("", usual), *assessment.own_parameters.get(control_id, {}).items()]


def _frame(assessment: Assessment, sample: Sample, units: list[Unit], limits: _Limits, header: int) -> pd.DataFrame:
    checks = {control.id: str(control.check) for control in assessment.catalog_controls}
    rows = []
    findings = sample.findings[list(_COPIED)].astype("str").to_dict("records")
    for number, (finding, unit) in enumerate(zip(findings, units, strict=True), start=header + 1):
        cell, limit = limits.of(finding["control_id"], finding["account_id"])
        cells = RECOMPUTED[checks[finding["control_id"]]].cells(unit, assessment.as_of, number, cell, limit)
        rows.append(finding | cells | _compared(finding["status"], unit, number))
    names = [*(c.source for c in COLUMNS), *(c.formula for c in COLUMNS if c.formula)]
    frame = pd.DataFrame(rows, columns=names)
    numbers = {c.source: "Int64" for c in COLUMNS if c.kind is Kind.COUNT}
    return frame.astype(numbers).assign(counted_from=pd.to_datetime(frame["counted_from"], utc=True).astype(_TIME))


def _compared(status: str, unit: Unit, number: int) -> dict[str, str]:
    return {
        "place": f"{unit.sheet} {unit.row}",
        "recomputed": status,
        "agrees": "✔ yes",
        "agrees=": f'IF(I{number}=J{number},"✔ yes","✘ no")',
    }


def _write_mismatches(book: Book, rows: int) -> None:
    sheet = book.workbook[TITLE]
    for row, words, criterion, value in (
        (_FIRST, "Verdicts computed again", '"?*"', rows),
        (_FIRST + 1, "Of these, not the same as the tool's (must be 0)", '"✘*"', 0),
    ):
        _put_label(book, row, words)
        book.put(sheet, row, 2, book.counted(TITLE, {"agrees": criterion}, value), style.TOTAL)
