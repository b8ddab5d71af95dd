"""The sheet Catalogue: every control that was tested, whole: what, why, how, by which limits, from which sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from auditor.catalog import Control
from auditor.catalog.examples import in_words
from auditor.judge.assessment import Assessment
from auditor.report.workbook import style
from auditor.report.workbook.book import Book
from auditor.report.workbook.page import Page, Part, heading, joined_values, label, text
from auditor.report.workbook.paper import set_note, unprinted_columns
from auditor.report.workbook.sheet import merge
from auditor.report.workbook.sheets.portrait import Portrait

TITLE = "Catalogue"
_WIDTHS = [21, 42, 12, 46]
_WIDTH = len(_WIDTHS)
_EXAMPLES = _WIDTH + 1  # a column for the screen: on paper it would cost pages
_EXAMPLES_WIDTH = 90
_INTRO = (
    "Every control that was tested, in our own words. The numbers of a benchmark are its publisher's. Notes say where "
    "the control follows the text of CIS and other tools do not."
)
_EMPTY = "No control was chosen."


def write_catalogue(book: Book, assessment: Assessment) -> dict[str, int]:
    """Fill the sheet; returns the row of each control."""
    page = Page(book, TITLE, _WIDTHS)
    page.row(Part(TITLE, style.TITLE, _WIDTH), lines=2)
    page.row(Part(_INTRO if assessment.catalog_controls else _EMPTY, style.INTRO, _WIDTH))
    rows = {row["control_id"]: row for row in assessment.controls.to_dict("records")}
    definitions: dict[str, int] = {}
    ends: dict[str, range] = {}
    for control in assessment.catalog_controls:
        page.gap()
        definitions[control.id] = page.row(heading(control.id, _WIDTH))
        _write_control(page, control, rows[control.id], assessment.own_parameters.get(control.id, {}))
        ends[control.id] = range(definitions[control.id] + 1, page.rows)
    Portrait(page.sheet, book.paper)
    _write_examples(book, page.sheet, assessment.catalog_controls, ends)
    page.sheet.print_area = f"A1:D{page.rows}"
    return definitions


def _write_control(page: Page, control: Control, row: Mapping[Any, Any], own: Mapping[str, Mapping[str, Any]]) -> None:
    page.row(label("What it asks"), text(control.title, _WIDTH - 1))
    unit = ", ".join(control.credentials) or control.unit.value
    page.row(label("Severity"), text(control.severity.value), label("Unit tested"), text(unit))
    evidence = ", ".join(control.evidence) or "a person"
    page.row(label("Decided by"), text(evidence), label("Parameters"), text(_parameters(control, own) or "none"))
    for name, words in _texts(control, row).items():
        if words:
            page.row(label(name), text(words, _WIDTH - 1))


def _write_examples(book: Book, sheet: Worksheet, controls: Sequence[Control], ends: Mapping[str, range]) -> None:
    """The examples of each control in a cell beside all of its rows."""
    letter = get_column_letter(_EXAMPLES)
    for control in controls:
        if control.examples:
            rows, words = ends[control.id], "\n".join(map(in_words, control.examples))
            book.put(sheet, rows.start, _EXAMPLES, f"Examples\n{words}", style.WRAPPED)
            merge(sheet, range(_EXAMPLES, _EXAMPLES + 1), range(rows.start, rows.stop + 1))
    sheet.column_dimensions[letter].width = _EXAMPLES_WIDTH
    set_note(sheet, unprinted_columns([""] * _WIDTH + ["Examples"], [True] * _WIDTH + [False]))


def _texts(control: Control, row: Mapping[Any, Any]) -> dict[str, str]:
    """What is empty is left out."""
    return {
        "Why": control.why,
        "How it is tested": control.how_tested,
        "Notes": "\n".join(control.notes),
        "Remediation": control.remediation.console,
        "By command": control.remediation.cli,
        "Looser than the benchmark": str(row["looser_settings"] or ""),
        "Requirements": str(row["requirements"]),
        "Other frameworks": str(row["frameworks"]),
        "Sources": "; ".join(control.references),
    }


def _parameters(control: Control, own: Mapping[str, Mapping[str, Any]]) -> str:
    usual = "\n".join(f"{name} = {joined_values(value)}" for name, value in control.parameters.items())
    if not own:
        return usual
    return f"{usual}\nother values in {len(own)} accounts: see the sheet Re-performance"
