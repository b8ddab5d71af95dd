"""The sheet Waivers: what was accepted, by whom, until when, and what it covers."""

from __future__ import annotations

import pandas as pd
from openpyxl.styles import Font, PatternFill

from auditor.judge.assessment import Assessment
from auditor.judge.waivers import SAME_PERSON, approved_by_owner
from auditor.report.workbook import style
from auditor.report.workbook.book import Book
from auditor.report.workbook.table import Column, Kind, TableLayout, letter_of, write_intro, write_table

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
    Column("created", "First day (UTC)", 11, Kind.DAY),
    Column("expires", "Last day (UTC)", 11, Kind.DAY),
    Column("state", "State", 13),
    Column("matched", "Failures in scope", 10, Kind.COUNT),
    Column("waived", "Failures waived", 10, Kind.COUNT),
    Column("line", "Line of the file", 9, Kind.COUNT),
    Column("remark", "Remark", 20, Kind.WRAPPED),
)
_DAYS = ("created", "expires")
_INTRO = (
    "Failures that somebody accepted, and until when (days in UTC, the last one included). A waived failure stays a "
    "failure and stays in the population. Expired, unmatched and not yet valid waivers have no effect. A waiver should "
    "be approved by somebody else than its owner: where it was not, the remark says so."
)


def write_waivers(book: Book, assessment: Assessment) -> None:
    write_intro(book, TITLE, _INTRO, COLUMNS)
    frame = _with_remarks(assessment.waivers)
    (part,) = write_table(book, TITLE, frame, COLUMNS, TableLayout(header=HEADER, frozen=1, empty=_empty(assessment)))
    letter = letter_of(COLUMNS, "remark")
    area, bad = f"{letter}{HEADER + 1}:{letter}{part.last}", PatternFill("solid", bgColor=style.BAD_FILL)
    style.add_rule(part.sheet, area, f'{letter}{HEADER + 1}<>""', Font(bold=True, color=style.BAD_INK), bad)


def _with_remarks(waivers: pd.DataFrame) -> pd.DataFrame:
    days = {name: pd.to_datetime(waivers[name], utc=True).astype("datetime64[us, UTC]") for name in _DAYS}
    remarks = pd.Series("", waivers.index, dtype="str").mask(approved_by_owner(waivers), SAME_PERSON)
    return waivers.assign(**days, remark=remarks)


def _empty(assessment: Assessment) -> str:
    if assessment.waivers_sha256 and assessment.part:
        return "No waiver covers a failure of these accounts."
    return "The waivers file has no waiver in it." if assessment.waivers_sha256 else "No waiver was given."
