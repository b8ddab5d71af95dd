"""The sheet Scope & completeness: every account of the organization, none left out, and totals that must tie."""

from __future__ import annotations

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.model import Outcome
from auditor.report import figures
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula
from auditor.report.workbook.sheets.totals import Names, Totals, tie
from auditor.report.workbook.sheets.users_bridge import write_users_bridge
from auditor.report.workbook.table import Column, Kind, Part, TableLayout, letter_of, write_intro, write_table

TITLE = "Scope & completeness"
HEADER = 3
COLUMNS = (
    Column("account_id", "Account id", 14, Kind.IDENTIFIER),
    Column("account_name", "Account name", 30, Kind.WRAPPED),
    Column("ou_path", "OU path", 34, Kind.WRAPPED),
    Column("state", "State", 30, Kind.WRAPPED),
    Column("is_management", "Management account", 11, Kind.YES_NO),
    Column("outcome", "Outcome", 14, Kind.STATUS),
    Column("reason", "Reason", 32, Kind.WRAPPED),
    Column("users", "Users in the report", 7, Kind.COUNT),
    Column("users_counted_by_aws", "Users by AWS's count", 8, Kind.COUNT),
    Column("difference", "Difference", 9.5, Kind.COUNT, formula="difference_formula"),
    Column("report_generated_at", "Report made (UTC)", 18.5, Kind.TIME),
    Column("collected_at", "Collected (UTC)", 18.5, Kind.TIME, level=1),
    Column("age_hours", "Age when collected (hours)", 9, Kind.NUMBER, formula="age_formula"),
    Column("remarks", "Remarks on the report", 24, Kind.WRAPPED),
    Column("gap_evidence", "Gap: evidence", 34, Kind.WRAPPED),
    Column("gap_stage", "Gap: stage", 9, Kind.WRAPPED, on_paper=False),
    Column("gap_code", "Gap: code", 13, Kind.WRAPPED, on_paper=False),
    Column("gap_message", "Gap: message", 44, Kind.WRAPPED, on_paper=False),
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
ACCOUNTS, EXCLUDED = "total: accounts discovered", "total: accounts excluded"
USERS, ROOTS = "total: users of the population", "total: root of the population"
"""Totals that other sheets refer to, as ranges of this sheet."""


def write_scope(book: Book, assessment: Assessment) -> None:
    """Fill the sheet; Exceptions, Population and Gaps must be there already."""
    write_intro(book, TITLE, _INTRO, COLUMNS)
    frame = _with_formulas(assessment.accounts.reset_index(drop=True)).assign(remarks=_remarks(assessment))
    (part,) = write_table(
        book, TITLE, frame, COLUMNS, TableLayout(header=HEADER, named=_NAMED, frozen=2, empty="No account was listed.")
    )
    _write_totals(book, assessment, part)


def _remarks(assessment: Assessment) -> list[str]:
    """For each account, that a user is listed twice or why the numbers of users may differ."""
    found: dict[str, list[str]] = {}
    for row in assessment.remarks.itertuples():
        found.setdefault(str(row.account_id), []).append(str(row.message))
    return ["; ".join(found.get(account_id, ())) for account_id in assessment.accounts["account_id"]]


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
    totals = Totals(book, part, TITLE)
    names = {name: book.ranges[TITLE][name][0] for name in _NAMED}
    _write_account_totals(totals, names, assessment)
    _write_population_totals(totals, names, assessment)
    write_users_bridge(totals, names, assessment.accounts)
    totals.print_them()


def _write_account_totals(totals: Totals, names: Names, assessment: Assessment) -> None:
    cover = figures.coverage(assessment)
    totals.section("Control totals")
    discovered = Formula(f"COUNTA({names['account_id']})", len(assessment.accounts))
    listed = totals.add("accounts discovered", discovered, name=ACCOUNTS)
    parts = [
        totals.add(
            outcome.value.replace("_", " "), _outcomes(names, outcome, number), name=f"total: accounts {outcome.value}"
        )
        for outcome, number in (
            (Outcome.ASSESSED, cover.assessed),
            (Outcome.EXCLUDED, cover.excluded),
            (Outcome.NOT_ASSESSED, cover.not_assessed),
        )
    ]
    totals.add("discovered = assessed + excluded + not assessed", tie(f"{listed}={'+'.join(parts)}"))


def _outcomes(names: Names, outcome: Outcome, number: int) -> Formula:
    return Formula(f'COUNTIFS({names["outcome"]},"{style.marked(outcome.value)}")', number)


def _write_population_totals(totals: Totals, names: Names, assessment: Assessment) -> None:
    users, reported = assessment.users, int(assessment.accounts["users"].sum())
    roots = int(users["is_root"].sum())
    counted = totals.book.counted("Population", {"is_root": '"no"'}, len(users) - roots)
    summed = totals.add(
        "users in the credential reports, root not counted", Formula(f"SUM({names['users']})", reported)
    )
    listed = totals.add("rows of the sheet Population that are users", counted, name=USERS)
    totals.add("sum of users = rows of the population", tie(f"{summed}={listed}"))
    of_root = totals.book.counted("Population", {"is_root": '"yes"'}, roots)
    totals.add("rows of the sheet Population that are root", of_root, name=ROOTS)
