"""The sheet Exceptions: every failure, the severest first, with where to see it and room for what becomes of it."""

from __future__ import annotations

import pandas as pd
from openpyxl.worksheet.datavalidation import DataValidation

from auditor.judge.assessment import Assessment
from auditor.model import Severity, Status
from auditor.report.limits import days_of, days_over, limit_words
from auditor.report.workbook.book import Book
from auditor.report.workbook.responses import RESPONSES
from auditor.report.workbook.sheet import protect
from auditor.report.workbook.sheets.evidence import file_names
from auditor.report.workbook.table import Column, Kind, Part, TableLayout, letter_of, write_intro, write_table

TITLE = "Exceptions"
HEADER = 3
CONCLUSIONS = ("Exception confirmed", "Remediated", "Risk accepted", "Not an exception", "Open")
_ANSWERS = [f"answer_{number}" for number in range(len(RESPONSES[TITLE]))]
COLUMNS = (
    Column("account_id", "Account id", 13, Kind.IDENTIFIER),
    Column("account_name", "Account name", 18, Kind.WRAPPED),
    Column("severity", "Severity", 8),
    Column("control_id", "Control", 22.5, Kind.WRAPPED),
    Column("resource_name", "User", 23.5, Kind.WRAPPED),
    Column("credential", "Credential", 12),
    Column("observed", "Observed", 50, Kind.WRAPPED),
    Column("days_over", "Days over", 6, Kind.COUNT),
    Column("cited", "Evidence: line", 18, Kind.WRAPPED),
    Column("waiver_id", "Waiver", 8, Kind.WRAPPED),
    # What a page has no room for: it stands in other columns too, or on other sheets.
    Column("ou_path", "OU path", 22, Kind.WRAPPED, on_paper=False),
    Column("owner", "Owner tag", 12, Kind.WRAPPED, on_paper=False),
    Column("requirements", "Requirements", 38, Kind.WRAPPED, on_paper=False),
    Column("limit", "Limit", 16, on_paper=False),
    Column("reason", "Reason", 68, Kind.WRAPPED, on_paper=False),
    Column("first_seen", "First seen (UTC)", 19, Kind.TIME, on_paper=False),
    Column("in_violation_since", "In violation since (UTC)", 19, Kind.TIME, on_paper=False),
    Column("evidence_file", "Evidence file", 46, Kind.WRAPPED, on_paper=False),
    Column("evidence_line", "Line", 6, Kind.COUNT, on_paper=False),
    Column("also_seen_in", "Also seen in", 46, Kind.WRAPPED, on_paper=False),
    Column("finding_id", "Finding id", 24, on_paper=False),
    Column("title", "Title", 30, level=1),
    Column("resource_arn", "ARN", 40, level=1),
    Column("remediation", "Remediation", 40, level=1),
    # The answers stay last.
    *(
        Column(source, header, 24, Kind.INPUT_DAY if header == "Due date" else Kind.INPUT, on_paper=False)
        for source, header in zip(_ANSWERS, RESPONSES[TITLE], strict=True)
    ),
)
NAMED = ("account_id", "ou_path", "severity", "control_id", "waiver_id")
_INTRO = (
    "Every unit that failed, the severest first. A waived failure stays here and names its waiver. The yellow columns "
    "at the end are for the answers; all other cells are locked, without a password. First seen: the start of the "
    "earliest snapshot since which the unit has failed in each. In violation since: the first instant at which the "
    "unit failed, by the dates in the evidence; empty where AWS does not date that (such as missing MFA). Days over "
    "counts the days since, the first one too."
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
    empty = "No unit failed a control."
    parts = write_table(book, TITLE, frame, COLUMNS, TableLayout(header=HEADER, named=NAMED, frozen=2, empty=empty))
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
        cited=_cited(failed),
        **dict.fromkeys(_ANSWERS, ""),
    )


def _cited(failed: pd.DataFrame) -> pd.Series:
    """``credential-report: 15``: the file without its folder, which is named after the account, and the line."""
    files = failed["evidence_file"].astype("str").fillna("")
    names = file_names(files).str.replace(r"\.[a-z]+$", "", regex=True)
    lines = failed["evidence_line"].astype("Int64").astype("str")
    return names.where(lines.isna() | (files == ""), names + ": " + lines.fillna("")).astype("category")


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
