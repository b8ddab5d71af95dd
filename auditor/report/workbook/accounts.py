"""The Accounts sheet: every account of the organization, none left out."""

from __future__ import annotations

from openpyxl import Workbook

from auditor.assessment import Assessment
from auditor.report.workbook.table import Column, Kind, write_table

COLUMNS = (
    Column("account_id", "Account id", 14, Kind.IDENTIFIER),
    Column("account_name", "Account name", 18, Kind.WRAPPED),
    Column("email", "E-mail", 18, Kind.WRAPPED),
    Column("ou_path", "OU path", 16, Kind.WRAPPED),
    Column("tags", "Tags", 16, Kind.WRAPPED),
    Column("state", "State", 11, Kind.WRAPPED),
    Column("is_management", "Manage-ment", 8, Kind.YES_NO),
    Column("outcome", "Outcome", 15, Kind.STATUS),
    Column("reason", "Reason", 18, Kind.WRAPPED),
    Column("users", "Users", 7, Kind.COUNT),
    Column("users_counted_by_aws", "Users by AWS", 9, Kind.COUNT),
    Column("gap_evidence", "Gap: evidence", 11, Kind.WRAPPED),
    Column("gap_stage", "Gap: stage", 9, Kind.WRAPPED),
    Column("gap_code", "Gap: code", 14, Kind.WRAPPED),
    Column("gap_message", "Gap: message", 28, Kind.WRAPPED),
    Column("report_generated_at", "Report made at (UTC)", 18.5, Kind.TIME),
    Column("collected_at", "Collected at (UTC)", 18.5, Kind.TIME),
    Column("evidence_file", "Evidence file", 18, Kind.WRAPPED),
    Column("evidence_sha256", "Evidence SHA-256", 18, Kind.WRAPPED),
    Column("request_id", "AWS request id", 14, Kind.WRAPPED),
)


def write_accounts(book: Workbook, assessment: Assessment) -> None:
    write_table(book, "Accounts", assessment.accounts, COLUMNS)
