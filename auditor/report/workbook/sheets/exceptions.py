"""The sheet Exceptions: every failure, the severest first, with where to see it and room for what becomes of it."""

from __future__ import annotations

import pandas as pd
from openpyxl.worksheet.datavalidation import DataValidation

from auditor.assessment import Assessment
from auditor.model import Severity, Status
from auditor.report.limits import days_of, days_over, limit_words
from auditor.report.workbook.book import Book
from auditor.report.workbook.responses import RESPONSES
from auditor.report.workbook.sheet import protect
from auditor.report.workbook.table import Column, Kind, Part, letter_of, write_intro, write_table

TITLE = "Exceptions"
HEADER = 3
CONCLUSIONS = ("Exception confirmed", "Remediated", "Risk accepted", "Not an exception", "Open")
_ANSWERS = [f"answer_{number}" for number in range(len(RESPONSES[TITLE]))]
COLUMNS = (
    Column("account_id", "Account id", 14, Kind.IDENTIFIER),
    Column("account_name", "Account name", 20, Kind.WRAPPED),
    Column("ou_path", "OU path", 22, Kind.WRAPPED),
    Column("owner", "Owner tag", 10, Kind.WRAPPED),
    Column("severity", "Severity", 8),
    Column("control_id", "Control", 30, Kind.WRAPPED),
    Column("requirements", "Requirements", 27, Kind.WRAPPED),
    Column("resource_name", "User", 22, Kind.WRAPPED),
    Column("credential", "Credential", 13),
    Column("observed", "Observed", 48, Kind.WRAPPED),
    Column("limit", "Limit", 12, Kind.WRAPPED),
    Column("days_over", "Days over", 7, Kind.COUNT),
    Column("reason", "Reason", 38, Kind.WRAPPED),
    Column("first_seen", "First seen (UTC)", 19, Kind.TIME),
    Column("waiver_id", "Waiver", 10, Kind.WRAPPED),
    Column("evidence_file", "Evidence file", 46, Kind.WRAPPED),
    Column("evidence_line", "Line", 6, Kind.COUNT),
    *(
        Column(source, header, 24, Kind.INPUT_DAY if header == "Due date" else Kind.INPUT)
        for source, header in zip(_ANSWERS, RESPONSES[TITLE], strict=True)
    ),
)
# The answers stay last; what is only looked up stands before them, folded away.
COLUMNS = (
    *COLUMNS[: -len(_ANSWERS)],
    Column("title", "Title", 30, level=1),
    Column("resource_arn", "ARN", 40, level=1),
    Column("remediation", "Remediation", 40, level=1),
    *COLUMNS[-len(_ANSWERS) :],
)
NAMED = ("account_id", "ou_path", "severity", "control_id", "waiver_id")
_INTRO = (
    "Every unit that failed, the severest first. A waived failure stays here and names its waiver. The yellow columns "
    "at the end are for the answers; all other cells are locked, without a password. First seen: the start of the "
    "earliest snapshot since which the unit has failed in each."
)


def failures(assessment: Assessment) -> pd.DataFrame:
    """The FAIL rows of the findings, by severity and then in their own order."""
    findings = assessment.findings
    failed = findings[findings["status"] == Status.FAIL.value]
    rank = failed["severity"].map({severity.value: -severity.rank for severity in Severity}).astype("int64")
    return failed.iloc[rank.argsort(kind="stable")]


def write_exceptions(book: Book, assessment: Assessment) -> list[Part]:
    write_intro(book, TITLE, _INTRO, COLUMNS)
    frame = _with_details(failures(assessment), assessment)
    parts = write_table(book, TITLE, frame, COLUMNS, header=HEADER, named=NAMED, frozen=2, pages_wide=2)
    for part in parts:
        _offer_answers(part)
        protect(part.sheet)
    return parts


def _with_details(failed: pd.DataFrame, assessment: Assessment) -> pd.DataFrame:
    controls = {control.id: control for control in assessment.catalog_controls}
    ids = failed["control_id"]
    seen, no_time = assessment.first_seen, pd.Series(pd.NaT, failed.index, dtype=pd.DatetimeTZDtype("us", "UTC"))
    return failed.assign(
        owner=failed["account_id"].map(owners(assessment.accounts)).astype("str").fillna(""),
        limit=limit_words(failed, assessment),
        days_over=days_over(days_of(failed["reason"]), failed, assessment),
        first_seen=no_time if seen is None else seen.reindex(failed.index),
        title=ids.map({i: control.title for i, control in controls.items()}),
        remediation=ids.map({i: control.remediation.console for i, control in controls.items()}),
        **dict.fromkeys(_ANSWERS, ""),
    )


def owners(accounts: pd.DataFrame) -> dict[str, str]:
    """The value of each account's tag ``Owner``, however it is spelt."""
    found: dict[str, str] = {}
    for account_id, tags in zip(accounts["account_id"], accounts["tags"].fillna(""), strict=True):
        pairs = (pair.partition("=") for pair in tags.split("; "))
        found[account_id] = next((value for key, _, value in pairs if key.casefold() == "owner"), "")
    return found


def _offer_answers(part: Part) -> None:
    words = ",".join(CONCLUSIONS)
    validation = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True, showErrorMessage=True)
    validation.error = "Choose one of the list"
    letter = letter_of(COLUMNS, _ANSWERS[-1])
    validation.add(f"{letter}{part.header + 1}:{letter}{part.last}")
    part.sheet.add_data_validation(validation)
