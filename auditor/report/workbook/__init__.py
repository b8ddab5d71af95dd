"""``audit.xlsx``: one module per sheet, in the order of SHEETS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import openpyxl

from auditor.assessment import Assessment
from auditor.report.workbook.accounts import write_accounts
from auditor.report.workbook.controls import write_controls
from auditor.report.workbook.credentials import write_credentials
from auditor.report.workbook.exceptions import write_exceptions
from auditor.report.workbook.package import new_book, save_book
from auditor.report.workbook.summary import write_summary
from auditor.report.workbook.waivers import write_waivers

Sheet: TypeAlias = Callable[[openpyxl.Workbook, Assessment], None]
SHEETS: tuple[Sheet, ...] = (
    write_summary,
    write_accounts,
    write_controls,
    write_exceptions,
    write_credentials,
    write_waivers,
)


class Workbook:
    """``audit.xlsx``; the same assessment gives the same bytes."""

    name = "xlsx"

    def write(self, assessment: Assessment, folder: Path) -> tuple[Path, ...]:
        title = f"IAM credential audit of {assessment.organization_id}"
        book = new_book(title, assessment.tool_version, assessment.as_of)
        for write_sheet in SHEETS:
            write_sheet(book, assessment)
        return (save_book(book, folder / "audit.xlsx"),)
