"""The Exceptions sheet: every failure, the severest first, with where to see it and nothing else."""

from __future__ import annotations

from openpyxl import Workbook

from auditor.assessment import Assessment
from auditor.model import Severity, Status
from auditor.report.workbook.table import Column, Kind, write_table

COLUMNS = (
    Column("account_id", "Account id", 14, Kind.IDENTIFIER),
    Column("account_name", "Account name", 18, Kind.WRAPPED),
    Column("ou_path", "OU path", 16, Kind.WRAPPED),
    Column("severity", "Severity", 10),
    Column("control_id", "Control", 20, Kind.WRAPPED),
    Column("title", "Title", 28, Kind.WRAPPED),
    Column("requirements", "Requirements", 26, Kind.WRAPPED),
    Column("resource_name", "User", 20, Kind.WRAPPED),
    Column("credential", "Credential", 14),
    Column("observed", "Observed", 22, Kind.WRAPPED),
    Column("reason", "Reason", 28, Kind.WRAPPED),
    Column("waiver_id", "Waiver", 16, Kind.WRAPPED),
    Column("evidence_file", "Evidence file", 22, Kind.WRAPPED),
    Column("evidence_line", "Line", 7, Kind.COUNT),
    Column("resource_arn", "ARN", 28, Kind.WRAPPED),
)


def write_exceptions(book: Workbook, assessment: Assessment) -> None:
    findings, controls = assessment.findings, assessment.controls
    failed = findings[findings["status"] == Status.FAIL.value]
    rank = failed["severity"].map({severity.value: -severity.rank for severity in Severity}).astype("int64")
    failed = failed.iloc[rank.argsort(kind="stable")]
    titles = dict(zip(controls["control_id"], controls["title"], strict=True))
    write_table(book, "Exceptions", failed.assign(title=failed["control_id"].map(titles)), COLUMNS)
