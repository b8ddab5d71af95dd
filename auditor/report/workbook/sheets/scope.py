"""The sheet Scope & completeness: every account of the organization, none left out, and totals that must tie."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from auditor.assessment import Assessment
from auditor.model import Outcome
from auditor.report import figures
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula
from auditor.report.workbook.table import Column, Kind, Part, letter_of, write_intro, write_table

TITLE = "Scope & completeness"
HEADER = 3
COLUMNS = (
    Column("account_id", "Account id", 14, Kind.IDENTIFIER),
    Column("account_name", "Account name", 16, Kind.WRAPPED),
    Column("ou_path", "OU path", 18, Kind.WRAPPED),
    Column("state", "State", 10, Kind.WRAPPED),
    Column("is_management", "Manage-ment", 9, Kind.YES_NO),
    Column("outcome", "Outcome", 14, Kind.STATUS),
    Column("reason", "Reason", 16, Kind.WRAPPED),
    Column("users", "Users in the report", 7, Kind.COUNT),
    Column("users_counted_by_aws", "Users by AWS's count", 8, Kind.COUNT),
    Column("difference", "Differ-ence", 7, Kind.COUNT, formula="difference_formula"),
    Column("report_generated_at", "Report made (UTC)", 18.5, Kind.TIME),
    Column("collected_at", "Collected (UTC)", 18.5, Kind.TIME, level=1),
    Column("age_hours", "Age when collected (hours)", 9, Kind.NUMBER, formula="age_formula"),
    Column("gap_evidence", "Gap: evidence", 20, Kind.WRAPPED),
    Column("gap_stage", "Gap: stage", 9, Kind.WRAPPED),
    Column("gap_code", "Gap: code", 13, Kind.WRAPPED),
    Column("gap_message", "Gap: message", 44, Kind.WRAPPED),
    Column("email", "E-mail", 18, Kind.TEXT, level=1),
    Column("tags", "Tags", 16, Kind.TEXT, level=1),
    Column("evidence_file", "Evidence file", 18, Kind.TEXT, level=1),
    Column("evidence_sha256", "Evidence SHA-256", 18, Kind.TEXT, level=1),
    Column("request_id", "AWS request id", 14, Kind.TEXT, level=1),
)
_NAMED = ("account_id", "outcome", "users", "users_counted_by_aws", "difference", "gap_evidence")
_INTRO = (
    "Every account of the organization, as AWS Organizations lists it: assessed, excluded (why) or not assessed "
    "(where it failed). The totals below the table must tie. AWS's own count of users is of another moment than the "
    "report, which AWS makes at most every four hours, so the two may differ by users who came or went in between."
)
_TIES, _DIFFERS = "✔ ties", "✘ does not tie"


def write_scope(book: Book, assessment: Assessment) -> None:
    """Fill the sheet; Exceptions, Population and Gaps must be there already."""
    write_intro(book, TITLE, _INTRO, COLUMNS)
    frame = _with_formulas(assessment.accounts.reset_index(drop=True))
    (part,) = write_table(book, TITLE, frame, COLUMNS, header=HEADER, named=_NAMED, frozen=2)
    _write_totals(book, assessment, part)


def _with_formulas(accounts: pd.DataFrame) -> pd.DataFrame:
    row = (accounts.index + HEADER + 1).astype("str").to_series(index=accounts.index)
    users, counted = letter_of(COLUMNS, "users"), letter_of(COLUMNS, "users_counted_by_aws")
    made, collected = letter_of(COLUMNS, "report_generated_at"), letter_of(COLUMNS, "collected_at")
    difference = accounts["users"] - accounts["users_counted_by_aws"]
    age = (accounts["collected_at"] - accounts["report_generated_at"]).dt.total_seconds() / 3600
    age = age.round(1)
    return accounts.assign(
        difference=difference,
        difference_formula=(users + row + "-" + counted + row).mask(difference.isna()).astype("str"),
        age_hours=age,
        age_formula=("ROUND((" + collected + row + "-" + made + row + ")*24,1)").mask(age.isna()).astype("str"),
    )


def _write_totals(book: Book, assessment: Assessment, part: Part) -> None:
    cover, accounts = figures.coverage(assessment), assessment.accounts
    names = {name: book.ranges[TITLE][name][0] for name in _NAMED}
    row = part.last + 2
    book.put(part.sheet, row, 1, "Control totals", style.SECTION)
    parts = {
        outcome: Formula(f'COUNTIFS({names["outcome"]},"{style.marked(outcome.value)}")', number)
        for outcome, number in (
            (Outcome.ASSESSED, cover.assessed),
            (Outcome.EXCLUDED, cover.excluded),
            (Outcome.NOT_ASSESSED, cover.not_assessed),
        )
    }
    listed = Formula(f"COUNTA({names['account_id']})", len(accounts))
    at = row + 1
    rows: list[tuple[str, Formula]] = [
        ("accounts discovered", listed),
        *((f"{outcome.value.replace('_', ' ')}", formula) for outcome, formula in parts.items()),
        ("discovered = assessed + excluded + not assessed", tie(f"F{at}=F{at + 1}+F{at + 2}+F{at + 3}")),
        *_user_totals(book, assessment, names, at + 5),
    ]
    for number, (words, formula) in enumerate(rows, start=at):
        book.put(part.sheet, number, 1, words, style.TOTAL_LABEL)
        for column in range(2, 6):
            book.put(part.sheet, number, column, None, style.TOTAL_LABEL)
        part.sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=5)
        book.put(part.sheet, number, 6, formula, style.TOTAL)


def _user_totals(book: Book, assessment: Assessment, names: dict[str, str], at: int) -> Sequence[tuple[str, Formula]]:
    users, accounts = assessment.users, assessment.accounts
    roots = int(users["is_root"].sum())
    return (
        (
            "users in the credential reports, root not counted",
            Formula(f"SUM({names['users']})", _sum(accounts["users"])),
        ),
        (
            "rows of the sheet Population that are users",
            book.counted("Population", {"is_root": '"no"'}, len(users) - roots),
        ),
        ("sum of users = rows of the population", tie(f"F{at}=F{at + 1}")),
        ("rows of the sheet Population that are root", book.counted("Population", {"is_root": '"yes"'}, roots)),
        (
            "users by AWS's own count, where it was collected",
            Formula(f"SUM({names['users_counted_by_aws']})", _sum(accounts["users_counted_by_aws"])),
        ),
        (
            "accounts whose report and count differ",
            Formula(
                f'COUNTIFS({names["difference"]},"<>0",{names["difference"]},"<>")',
                int((accounts["users"] - accounts["users_counted_by_aws"]).fillna(0).ne(0).sum()),
            ),
        ),
    )


def tie(condition: str) -> Formula:
    """A check of the workbook's own numbers."""
    return Formula(f'IF({condition},"{_TIES}","{_DIFFERS}")', _TIES)


def _sum(numbers: pd.Series) -> int:
    return int(numbers.sum())
