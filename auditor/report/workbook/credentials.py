"""The Credentials sheet: the merged credential reports, a row per credential."""

from __future__ import annotations

from openpyxl import Workbook

from auditor.assessment import Assessment
from auditor.report.workbook.table import Column, Kind, write_table

COLUMNS = (
    Column("account_id", "Account id", 14, Kind.IDENTIFIER),
    Column("account_name", "Account name", 18, Kind.WRAPPED),
    Column("ou_path", "OU path", 16, Kind.WRAPPED),
    Column("user", "User", 20, Kind.WRAPPED),
    Column("arn", "ARN", 28, Kind.WRAPPED),
    Column("is_root", "Root", 6, Kind.YES_NO),
    Column("credential", "Credential", 14),
    Column("active", "Active", 7, Kind.YES_NO),
    Column("last_rotated", "Last rotated (UTC)", 19, Kind.TIME),
    Column("last_rotated_note", "Last rotated: note", 12, Kind.WRAPPED),
    Column("last_used", "Last used (UTC)", 19, Kind.TIME),
    Column("last_used_note", "Last used: note", 15, Kind.WRAPPED),
    Column("last_used_region", "Last used: region", 14, Kind.WRAPPED),
    Column("last_used_service", "Last used: service", 11, Kind.WRAPPED),
    Column("age_days", "Age (days)", 8, Kind.COUNT),
    Column("unused_days", "Unused (days)", 9, Kind.COUNT),
    Column("user_creation_time", "User created (UTC)", 19, Kind.TIME),
    Column("password_enabled", "Password enabled", 10, Kind.YES_NO),
    Column("mfa_active", "MFA active", 8, Kind.YES_NO),
    Column("evidence_file", "Evidence file", 22, Kind.WRAPPED),
    Column("evidence_line", "Line", 7, Kind.COUNT),
)


def write_credentials(book: Workbook, assessment: Assessment) -> None:
    write_table(book, "Credentials", assessment.credentials, COLUMNS)
