"""The sheet Waivers: what was accepted, by whom, until when, and what it covers."""

from __future__ import annotations

from auditor.assessment import Assessment
from auditor.report.workbook.book import Book
from auditor.report.workbook.table import Column, Kind, write_intro, write_table

TITLE = "Waivers"
HEADER = 3
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
_INTRO = (
    "Failures that somebody accepted, and until when (days in UTC, the last one included). A waived failure stays a "
    "failure and stays in the population. Expired, unmatched and not yet valid waivers have no effect."
)


def write_waivers(book: Book, assessment: Assessment) -> None:
    write_intro(book, TITLE, _INTRO, COLUMNS)
    write_table(book, TITLE, assessment.waivers, COLUMNS, header=HEADER, frozen=1)
