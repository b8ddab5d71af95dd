"""The sheet Gaps: evidence that is missing, and the verdicts that could not be given for want of evidence."""

from __future__ import annotations

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.model import Status
from auditor.report.workbook.book import Book
from auditor.report.workbook.table import Column, Kind, TableLayout, write_intro, write_table

TITLE = "Gaps"
HEADER = 3
EVIDENCE, VERDICT = "evidence", "verdict"
COLUMNS = (
    Column("what", "Missing", 9),
    Column("account_id", "Account id", 13, Kind.IDENTIFIER),
    Column("account_name", "Account name", 19, Kind.WRAPPED),
    Column("evidence", "Evidence", 17, Kind.WRAPPED),
    Column("control_id", "Control", 24, Kind.WRAPPED),
    Column("stage", "Stage", 9, Kind.WRAPPED),
    Column("code", "Code", 17, Kind.WRAPPED),
    Column("message", "Why", 87, Kind.WRAPPED),
    Column("ou_path", "OU path", 32, on_paper=False),
    Column("requirements", "Requirements", 36, on_paper=False),
    Column("evidence_file", "Evidence file", 46, on_paper=False),
    Column("evidence_line", "Line", 7, Kind.COUNT, on_paper=False),
)
NAMED = ("what", "account_id", "control_id")
_INTRO = (
    "What could not be seen. Evidence: what an account, or the organization, did not give, with AWS's code and "
    "message. Verdict: a control that is NO_EVIDENCE for an account, wholly or in part. Neither is ever a pass."
)


def write_gaps(book: Book, assessment: Assessment) -> None:
    write_intro(book, TITLE, _INTRO, COLUMNS)
    empty = "No evidence is missing, and every verdict could be given."
    write_table(
        book, TITLE, _frame(assessment), COLUMNS, TableLayout(header=HEADER, named=NAMED, frozen=3, empty=empty)
    )


def _frame(assessment: Assessment) -> pd.DataFrame:
    places = assessment.accounts.set_index("account_id")["ou_path"].astype("str")
    gaps = assessment.gaps.assign(what=EVIDENCE, ou_path=assessment.gaps["account_id"].map(places))
    findings = assessment.findings
    undecided = findings[findings["status"] == Status.NO_EVIDENCE.value]
    verdicts = undecided.assign(what=VERDICT, message=undecided["reason"])
    sources = [column.source for column in COLUMNS]
    parts = [part.reindex(columns=sources).astype("object") for part in (gaps, verdicts)]
    frame = pd.concat(parts, ignore_index=True)
    texts = {source: "str" for source in sources if source != "evidence_line"}
    return frame.astype(texts | {"evidence_line": "Int64"}).fillna(dict.fromkeys(texts, ""))
