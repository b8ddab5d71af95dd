"""The sheet Catalogue: every control that was tested, whole: what, why, how, by which limits, from which sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from auditor.assessment import Assessment
from auditor.catalog import Control
from auditor.report.workbook.book import Book
from auditor.report.workbook.table import Column, Kind, write_intro, write_table

TITLE = "Catalogue"
HEADER = 3
COLUMNS = (
    Column("control_id", "Control", 24, Kind.WRAPPED),
    Column("title", "What", 30, Kind.WRAPPED),
    Column("severity", "Severity", 9),
    Column("unit", "Judged", 12, Kind.WRAPPED),
    Column("evidence", "Decided by", 18, Kind.WRAPPED),
    Column("parameters", "Parameters", 24, Kind.WRAPPED),
    Column("why", "Why", 46, Kind.WRAPPED),
    Column("how_tested", "How it is tested, and where the boundary lies", 56, Kind.WRAPPED),
    Column("remediation", "Remediation", 46, Kind.WRAPPED),
    Column("references", "Sources", 30, Kind.WRAPPED),
    Column("requirements", "Requirements", 26, Kind.WRAPPED),
    Column("notes", "Notes", 46, Kind.TEXT, level=1),
    Column("frameworks", "Crosswalk to other frameworks", 46, Kind.TEXT, level=1),
    Column("cli", "Remediation by command", 46, Kind.TEXT, level=1),
)
_INTRO = "Every control that was tested, in our own words. The numbers of a benchmark are its publisher's."


def write_catalogue(book: Book, assessment: Assessment) -> dict[str, int]:
    """Fill the sheet; returns the row of each control."""
    write_intro(book, TITLE, _INTRO, COLUMNS)
    rows = {row["control_id"]: row for row in assessment.controls.to_dict("records")}
    own = assessment.own_parameters
    entries = [_entry(control, rows[control.id], own.get(control.id, {})) for control in assessment.catalog_controls]
    frame = pd.DataFrame(entries, columns=[column.source for column in COLUMNS]).astype("str")
    write_table(book, TITLE, frame, COLUMNS, header=HEADER, frozen=2)
    return {control_id: row for row, control_id in enumerate(frame["control_id"], start=HEADER + 1)}


def _entry(control: Control, row: Mapping[Any, Any], own: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {
        "control_id": control.id,
        "title": control.title,
        "severity": control.severity.value,
        "unit": ", ".join(control.credentials) or control.unit.value,
        "evidence": ", ".join(control.evidence) or "a person",
        "parameters": _parameters(control, own),
        "why": control.why,
        "how_tested": control.how_tested,
        "remediation": control.remediation.console,
        "references": "\n".join(control.references),
        "requirements": str(row["requirements"]).replace("; ", "\n"),
        "notes": "\n".join(control.notes),
        "frameworks": str(row["frameworks"]),
        "cli": control.remediation.cli,
    }


def _parameters(control: Control, own: Mapping[str, Mapping[str, Any]]) -> str:
    usual = "\n".join(f"{name} = {_listed(value)}" for name, value in control.parameters.items())
    if not own:
        return usual
    return f"{usual}\nother values in {len(own)} accounts: see the sheet Re-performance"


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
