"""``auditor import-responses`` on real workbooks: filled in, saved by LibreOffice, tampered with, and read back."""

from __future__ import annotations

import csv
import io
import shutil
import stat
from datetime import date
from pathlib import Path
from typing import cast

import openpyxl
import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.boxed import Box, Completed, error_line
from tests.office import Office
from tests.support import ACCOUNT, OTHER, ago, key, report, root, stored, user

HEADER = 3


@pytest.fixture(scope="module")
def snapshot(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot with some failures, and its workbook."""
    keys = {"ann": 50, "bob": 100, "=cyd": 150, "dan": 10}
    reports = {
        account: report([root(account), *(user(name, account, **key(1, ago(age))) for name, age in keys.items())])
        for account in (ACCOUNT, OTHER)
    }
    folder = stored(tmp_path_factory.mktemp("reports"), reports).folder
    box.auditor("report", folder, "--as-of", "2026-11-24T10:15:00Z")
    return folder


def opened(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def sheet(book: Workbook, name: str = "Exceptions") -> Worksheet:
    return cast(Worksheet, book[name])


def column(book: Workbook, name: str, on: str = "Exceptions") -> str:
    header = sheet(book, on)[HEADER]
    return next(cell.column_letter for cell in header if cell.value == name)


def place(book: Workbook, column_name: str, user_name: str, account: str = ACCOUNT) -> str:
    """The cell of the first failure of a user's key."""
    at = {name: column(book, name) for name in ("Account id", "User", "Credential")}
    rows = range(HEADER + 1, sheet(book).max_row + 1)
    wanted = (account, user_name, "access_key_1")
    row = next(n for n in rows if tuple(sheet(book)[f"{at[name]}{n}"].value for name in at) == wanted)
    return f"{column(book, column_name)}{row}"


def filled(snapshot: Path, folder: Path) -> Path:
    """The workbook with responses to two failures and to one manual requirement."""
    book = opened(snapshot / "audit.xlsx")
    for name, text in (("bob", "=rotate it"), ("=cyd", "risk accepted")):
        cell = sheet(book)[place(book, "Management response", name)]
        cell.value, cell.data_type = text, "s"
    sheet(book)[place(book, "Due date", "bob")] = date(2026, 12, 31)
    sheet(book)[place(book, "Auditor's conclusion", "bob")] = "Open"
    sheet(book, "Manual")[f"{column(book, 'Answer', 'Manual')}{HEADER + 1}"] = "Met"
    book.save(folder / "filled.xlsx")
    return folder / "filled.xlsx"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def check_responses(text: str) -> None:
    bob, cyd, manual = rows(text)
    assert (bob["sheet"], bob["account_id"], bob["resource_name"], bob["credential"]) == (
        "Exceptions",
        ACCOUNT,
        "bob",
        "access_key_1",
    )
    assert (bob["management_response"], bob["due_date"], bob["auditors_conclusion"]) == (
        "'=rotate it",
        "2026-12-31",
        "Open",
    )
    assert (cyd["resource_name"], cyd["management_response"]) == ("'=cyd", "risk accepted")
    assert (manual["sheet"], manual["answer"]) == ("Manual", "Met")


def imported(box: Box, book: Path, snapshot: Path, *more: str | Path) -> Completed:
    return box.auditor("import-responses", book, snapshot, *more)


def test_the_response_columns_are_read_back(box: Box, snapshot: Path, tmp_path: Path) -> None:
    result = imported(box, filled(snapshot, tmp_path), snapshot)
    assert result.returncode == 0, result.stderr
    check_responses(result.stdout)
    assert "Exceptions: 2 of " in result.stderr
    assert result.stderr.splitlines()[-1].startswith("auditor: nothing locked was changed; compared with ")


def test_a_file_can_be_named_for_the_csv(box: Box, snapshot: Path, tmp_path: Path) -> None:
    to = tmp_path / "new" / "responses.csv"
    result = imported(box, filled(snapshot, tmp_path), snapshot, "--to", to)
    assert (result.returncode, result.stdout) == (0, f"{to}\n")
    check_responses(to.read_text(encoding="utf-8"))
    assert stat.S_IMODE(to.stat().st_mode) == 0o600


@pytest.mark.libreoffice
def test_a_book_that_libreoffice_has_saved_is_read_as_well(box: Box, snapshot: Path, tmp_path: Path) -> None:
    desk = Office(tmp_path / "office")
    (saved,) = desk.recalculated(*desk.converted("ods", filled(snapshot, tmp_path)))
    result = imported(box, saved, snapshot)
    assert result.returncode == 0, result.stderr
    check_responses(result.stdout)


@pytest.mark.libreoffice
def test_a_locked_cell_that_was_changed_in_libreoffice_is_told(box: Box, snapshot: Path, tmp_path: Path) -> None:
    book = opened(filled(snapshot, tmp_path))
    at, was = place(book, "Observed", "bob"), sheet(book)[place(book, "Observed", "bob")].value
    sheet(book)[at] = "1 day old"
    book.save(tmp_path / "filled.xlsx")
    (saved,) = Office(tmp_path / "office").recalculated(tmp_path / "filled.xlsx")
    result = imported(box, saved, snapshot)
    assert result.returncode == 7
    assert f'auditor: Exceptions!{at} was "{was}", is "1 day old"' in result.stderr.splitlines()
    check_responses(result.stdout)


def test_a_formula_that_became_a_constant_is_told(box: Box, snapshot: Path, tmp_path: Path) -> None:
    book = opened(snapshot / "audit.xlsx")
    formulas = [cell for row in sheet(book, "Re-performance") for cell in row if cell.data_type == "f"]
    formulas[-1].value = "✔ yes"
    book.save(tmp_path / "back.xlsx")
    result = imported(box, tmp_path / "back.xlsx", snapshot)
    assert result.returncode == 7
    told = [line for line in result.stderr.splitlines() if "!" in line]
    assert len(told) == 1
    assert told[0].startswith(f"auditor: Re-performance!{formulas[-1].coordinate} was =")
    assert told[0].endswith(', is "✔ yes"')


def test_limits_and_signatures_are_free(box: Box, snapshot: Path, tmp_path: Path) -> None:
    book = opened(snapshot / "audit.xlsx")
    free = 0
    for name in ("Cover", "Re-performance"):
        for row in sheet(book, name):
            for cell in row:
                if not cell.protection.locked and cell.__class__.__name__ != "MergedCell":
                    cell.value, free = "2026-01-01", free + 1
    assert free > 3
    book.save(tmp_path / "back.xlsx")
    assert imported(box, tmp_path / "back.xlsx", snapshot).returncode == 0


def test_a_row_that_was_deleted_is_told(box: Box, snapshot: Path, tmp_path: Path) -> None:
    book = opened(filled(snapshot, tmp_path))
    row = int(place(book, "User", "bob").lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    sheet(book).delete_rows(row)
    book.save(tmp_path / "filled.xlsx")
    result = imported(box, tmp_path / "filled.xlsx", snapshot)
    assert result.returncode == 7
    assert f"Exceptions!{row}:{row} is missing ({ACCOUNT}, " in result.stderr
    assert rows(result.stdout)[0]["resource_name"] == "'=cyd"


def test_an_original_that_was_changed_proves_nothing(box: Box, snapshot: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(snapshot, copy)
    book = filled(snapshot, tmp_path)
    shutil.copy(book, copy / "audit.xlsx")
    told = error_line(result := imported(box, book, copy))
    assert result.returncode == 2
    assert "audit.xlsx is not the file that its summary.json names, so it proves nothing" in told


def test_another_original_can_be_named_and_is_told_where_nothing_proves_it(
    box: Box, snapshot: Path, tmp_path: Path
) -> None:
    book = filled(snapshot, tmp_path)
    result = imported(box, book, snapshot, "--original", snapshot / "audit.xlsx")
    assert (result.returncode, "nothing proves" in result.stderr) == (0, False)
    other = tmp_path / "part.xlsx"
    opened(snapshot / "audit.xlsx").save(other)
    result = imported(box, book, snapshot, "--original", other)
    assert result.returncode == 0
    assert result.stderr.startswith(f"auditor: {other} is not a file that {snapshot}/summary.json names")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.xlsx", "{snapshot}"], "nothing.xlsx: cannot be read: No such file or directory"),
        (["{snapshot}/findings.csv", "{snapshot}"], "findings.csv is not an Excel workbook: save it as"),
        (["{snapshot}/audit.xlsx", "nowhere"], "nowhere has no reports: summary.json cannot be read"),
        (["{snapshot}/audit.xlsx", "{snapshot}", "--original", "none.xlsx"], "none.xlsx: cannot be read"),
        (["{snapshot}/audit.xlsx", "{snapshot}", "--to", "{snapshot}/audit.xlsx"], "would overwrite the workbook"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    box: Box, snapshot: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    before = (snapshot / "audit.xlsx").read_bytes()
    result = box.auditor("import-responses", *(a.format(snapshot=snapshot) for a in arguments), cwd=tmp_path)
    assert result.returncode == 2
    assert words in error_line(result)
    assert result.stdout == ""
    assert (snapshot / "audit.xlsx").read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_help_tells_the_exit_code(box: Box) -> None:
    assert "exit code 7" in box.auditor("import-responses", "--help").stdout
    assert "7  verify or import-responses found a difference" in box.auditor("--help").stdout
