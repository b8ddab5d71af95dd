"""The Waivers sheet: what was accepted, by whom, until when, and what it covers."""

from __future__ import annotations

from openpyxl import Workbook

from auditor.assessment import Assessment
from auditor.report.workbook.table import Column, Kind, write_table

COLUMNS = (
    Column("waiver_id", "Waiver", 16, Kind.WRAPPED),
    Column("control_id", "Control", 22, Kind.WRAPPED),
    Column("requirement", "Requirement named", 18, Kind.WRAPPED),
    Column("scope", "Scope", 34, Kind.WRAPPED),
    Column("reason", "Reason", 40, Kind.WRAPPED),
    Column("owner", "Owner", 20, Kind.WRAPPED),
    Column("approver", "Approver", 20, Kind.WRAPPED),
    Column("ticket", "Ticket", 14, Kind.WRAPPED),
    Column("created", "Created", 11),
    Column("expires", "Last day", 11),
    Column("state", "State", 13),
    Column("matched", "Failures in scope", 10, Kind.COUNT),
    Column("waived", "Failures waived", 10, Kind.COUNT),
    Column("line", "Line of the file", 9, Kind.COUNT),
)


def write_waivers(book: Workbook, assessment: Assessment) -> None:
    write_table(book, "Waivers", assessment.waivers, COLUMNS)
