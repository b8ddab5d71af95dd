"""The sheet Manual: what a person has to answer, with the evidence that helps."""

from __future__ import annotations

from openpyxl.worksheet.datavalidation import DataValidation

from auditor.judge.assessment import Assessment
from auditor.model import Status
from auditor.report.workbook.book import Book
from auditor.report.workbook.responses import ANSWERED_ON, RESPONSES
from auditor.report.workbook.sheet import protect
from auditor.report.workbook.table import Column, Kind, TableLayout, letter_of, write_intro, write_table

TITLE = "Manual"
HEADER = 3
ANSWERS = ("Met", "Not met", "Not applicable", "Open")
_SOURCES = [f"answer_{number}" for number in range(len(RESPONSES[TITLE]))]
COLUMNS = (
    Column("account_id", "Account id", 13, Kind.IDENTIFIER),
    Column("account_name", "Account name", 16, Kind.WRAPPED),
    Column("ou_path", "OU path", 20, Kind.TEXT, level=1),
    Column("control_id", "Control", 17, Kind.WRAPPED),
    Column("requirements", "Requirements", 15, Kind.TEXT, level=1),
    Column("title", "Needs manual review", 34, Kind.WRAPPED),
    Column("observed", "Evidence", 49, Kind.WRAPPED),
    Column("reason", "What is open", 40, Kind.WRAPPED),
    Column("evidence_file", "Evidence file", 26, Kind.TEXT, level=1),
    Column("evidence_line", "Line", 6, Kind.COUNT, level=1),
    *(
        Column(source, header, 11, Kind.INPUT_DAY if header == ANSWERED_ON else Kind.INPUT)
        for source, header in zip(_SOURCES, RESPONSES[TITLE], strict=True)
    ),
)
NAMED = ("control_id",)
_INTRO = (
    "Requirements that no evidence decides by itself: a row for each account, or one for the organization, with what "
    "AWS told that helps. The yellow columns are for the answers; all other cells are locked, without a password."
)


def write_manual(book: Book, assessment: Assessment) -> None:
    write_intro(book, TITLE, _INTRO, COLUMNS)
    findings = assessment.findings
    rows = findings[findings["status"] == Status.MANUAL.value]
    titles = {control.id: control.title for control in assessment.catalog_controls}
    frame = rows.assign(title=rows["control_id"].map(titles), **dict.fromkeys(_SOURCES, ""))
    empty = "No requirement of the chosen benchmarks has needs manual review."
    for part in write_table(
        book, TITLE, frame, COLUMNS, TableLayout(header=HEADER, named=NAMED, frozen=2, empty=empty)
    ):
        words = ",".join(ANSWERS)
        validation = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True, showErrorMessage=True)
        letter = letter_of(COLUMNS, _SOURCES[0])
        validation.add(f"{letter}{part.header + 1}:{letter}{part.last}")
        part.sheet.add_data_validation(validation)
        protect(part.sheet)
