"""The Controls sheet: what was tested, why, how, and with what counts."""

from __future__ import annotations

from openpyxl import Workbook

from auditor.assessment import Assessment
from auditor.report.workbook.table import Column, Kind, write_table

COLUMNS = (
    Column("control_id", "Control", 22, Kind.WRAPPED),
    Column("title", "Title", 28, Kind.WRAPPED),
    Column("severity", "Severity", 10),
    Column("unit", "Unit", 11),
    Column("assessment", "Assess-ment", 11),
    Column("requirements", "Requirements", 24, Kind.WRAPPED),
    Column("population", "Popu-lation", 9, Kind.COUNT),
    Column("passed", "Passed", 9, Kind.COUNT),
    Column("failed", "Failed", 9, Kind.COUNT),
    Column("waived", "Of these, waived", 9, Kind.COUNT),
    Column("not_applicable", "Not applic-able", 9, Kind.COUNT),
    Column("no_evidence", "No evidence (accounts)", 11, Kind.COUNT),
    Column("manual", "Manual", 9, Kind.COUNT),
    Column("why", "Why", 48, Kind.WRAPPED),
    Column("how_tested", "How it was tested", 48, Kind.WRAPPED),
)


def write_controls(book: Workbook, assessment: Assessment) -> None:
    entries = {control.id: control for control in assessment.catalog_controls}
    ids = assessment.controls["control_id"]
    frame = assessment.controls.assign(
        why=[entries[i].why for i in ids], how_tested=[entries[i].how_tested for i in ids]
    )
    write_table(book, "Controls", frame, COLUMNS)
