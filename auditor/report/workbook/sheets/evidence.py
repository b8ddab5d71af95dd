"""The sheet Evidence: every file that AWS's answers are kept in, with its SHA-256 and the request that gave it."""

from __future__ import annotations

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.report.workbook.book import Book
from auditor.report.workbook.table import Column, Kind, TableLayout, write_intro, write_table

TITLE = "Evidence"
HEADER = 3
COLUMNS = (
    Column("account_id", "Account id", 13, Kind.IDENTIFIER),
    Column("name", "File", 26, Kind.WRAPPED),
    Column("size", "Bytes", 9, Kind.COUNT),
    Column("collected_at", "Collected (UTC)", 17, Kind.TIME),
    Column("request_id", "AWS request id", 38, Kind.WRAPPED),
    Column("evidence_sha256", "SHA-256", 68, Kind.WRAPPED),
    Column("evidence", "Kind of evidence", 26, on_paper=False),
    Column("evidence_file", "Path in the snapshot", 50, on_paper=False),
)
_INTRO = (
    "Every file of evidence as it was sealed: manifest.json, whose SHA-256 is the root hash in the footer, names the "
    "same. The files of an account are in evidence/ACCOUNT ID, those of the organization (no account id) in "
    "evidence/organization. The request id is that of AWS's last answer in the file."
)


def write_evidence(book: Book, assessment: Assessment) -> None:
    write_intro(book, TITLE, _INTRO, COLUMNS)
    files = assessment.evidence_files
    named = files.assign(name=file_names(files["evidence_file"]))
    write_table(book, TITLE, named, COLUMNS, TableLayout(header=HEADER, frozen=2))


def file_names(paths: pd.Series) -> pd.Series:
    """``credential-report.csv``: paths without the folder, which is named after the account."""
    return paths.astype("str").str.replace(r"^evidence/[^/]*/", "", regex=True)
