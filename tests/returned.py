"""Small workbooks that are sent out, and what people do to them before they come back."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import openpyxl
from openpyxl import Workbook
from openpyxl.styles import Protection
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.responses import Returned, read_returned
from auditor.report.workbook.responses import RESPONSES

HEADER = ("Account id", "Control", "User", "Credential", "Age", "Over", "ARN", *RESPONSES["Exceptions"])
MANUAL = ("Account id", "Control", "Requirements", *RESPONSES["Manual"])
USERS = ("ann", "bob", "=cyd", "dan")
FIRST = 4  # row below the header of Exceptions


def sheet(book: Workbook, name: str = "Exceptions") -> Worksheet:
    return cast(Worksheet, book[name])


def sent(folder: Path, snapshot: str = "o-test-20261124T101500Z") -> Path:
    """Exceptions of USERS, one manual requirement, a cover to sign and a limit to play with; all else is locked."""
    book = Workbook()
    cover = cast(Worksheet, book.active)
    cover.title = "Cover"
    cover.append(["Snapshot", snapshot])
    cover.append(["Failures", "=COUNTA(failed)"])
    cover.append(["Prepared by", None])
    _exceptions(book.create_sheet("Exceptions"))
    manual = book.create_sheet("Manual")
    manual.append(MANUAL)
    manual.append(["000000000007", "org-ou-structured", "cis-aws-7.0.0:2.1.2"])
    limits = book.create_sheet("Re-performance")
    limits.append(["Limit", 90])
    limits.append(["Verdict", '=IF(Exceptions!E4>B1,"FAIL","PASS")'])
    book.defined_names["failed"] = DefinedName("failed", attr_text="Exceptions!$A$4:$A$7")
    for area in (cover["B3:B3"], limits["B1:B1"], manual["D2:F2"], book["Exceptions"]["H4:K7"]):
        for row in area:
            for cell in row:
                cell.protection = Protection(locked=False)
    return _saved(book, folder / "audit.xlsx")


def _exceptions(exceptions: Worksheet) -> None:
    exceptions.append(["Every unit that failed."])
    exceptions.append([])
    exceptions.append(HEADER)
    for number, user in enumerate(USERS):
        row, arn = FIRST + number, f"arn:aws:iam::000000000007:user/{user}"
        exceptions.append(["000000000007", "access-key-rotated-90d", user, "access_key_1", 100.5 + number, None, arn])
        exceptions.cell(row, 3).data_type = "s"
        exceptions.cell(row, 6).value = f"=E{row}-90"


def _saved(book: Workbook, path: Path) -> Path:
    book.save(path)
    return path


def edited(path: Path, change: Callable[[Workbook], object], name: str = "back.xlsx") -> Path:
    """The book once more, after somebody has changed it."""
    book = openpyxl.load_workbook(path)
    change(book)
    return _saved(book, path.with_name(name))


def rewritten(path: Path, parts: Mapping[str, Callable[[bytes], bytes] | bytes], name: str = "back.xlsx") -> Path:
    """The book once more with other bytes in some of its parts."""
    target = path.with_name(name)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in dict.fromkeys([*source.namelist(), *parts]):
            change = parts.get(part)
            content = change if isinstance(change, bytes) else source.read(part)
            archive.writestr(part, change(content) if callable(change) else content)
    return target


def returned(folder: Path, change: Callable[[Workbook], object]) -> Returned:
    """What is read of a book that was sent, changed and came back."""
    path = sent(folder)
    return read_returned(edited(path, change), path)


def told(folder: Path, change: Callable[[Workbook], object]) -> list[str]:
    """The differences, as people are told them."""
    return [str(difference) for difference in returned(folder, change).differences]


def sort(exceptions: Worksheet, *order: int) -> None:
    """Put the rows below the header into another order, as Excel does: relative references move with their row."""
    rows = [[cell.value for cell in exceptions[FIRST + number]] for number in order]
    for number, values in enumerate(rows, start=FIRST):
        for column, value in enumerate(values, start=1):
            cell = exceptions.cell(number, column)
            cell.value = f"=E{number}-90" if column == 6 else value
            if column != 6 and isinstance(value, str):
                cell.data_type = "s"
