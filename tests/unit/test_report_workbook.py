"""The workbook read back by openpyxl: every value there, typed, harmless and the same bytes each time."""

from __future__ import annotations

import time
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape
from openpyxl.workbook.workbook import Workbook as Book
from openpyxl.worksheet.worksheet import Worksheet

from auditor import schema
from auditor.report.workbook import Workbook, accounts, controls, credentials, waivers
from auditor.report.workbook.package import new_book, save_book
from auditor.report.workbook.single import write_single
from auditor.report.workbook.table import Column, Kind, write_table
from auditor.report.workbook.text import CUT_MARK, MAX_CHARACTERS, cell_text
from tests import reporting
from tests.reporting import AS_OF, HOSTILE, LONG

SHEETS = ["Summary", "Accounts", "Controls", "Exceptions", "Credentials", "Waivers"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (written,) = Workbook().write(reporting.small(), tmp_path_factory.mktemp("book"))
    return written


@pytest.fixture(scope="module")
def book(path: Path) -> Book:
    return openpyxl.load_workbook(path)


def sheet(book: Book, name: str) -> Worksheet:
    found = book[name]
    assert isinstance(found, Worksheet)
    return found


def texts(sheet: Worksheet) -> list[str]:
    return [unescape(c.value) for row in sheet.iter_rows() for c in row if isinstance(c.value, str)]


def column(sheet: Worksheet, header: str) -> list[object]:
    headers = [cell.value for cell in sheet[1]]
    return [row[headers.index(header)].value for row in sheet.iter_rows(min_row=2)]


def test_sheets_are_there_in_order(book: Book) -> None:
    assert book.sheetnames == SHEETS


@pytest.mark.parametrize("name", SHEETS)
def test_no_cell_is_a_formula_an_error_or_a_link(book: Book, name: str) -> None:
    for row in sheet(book, name).iter_rows():
        for cell in row:
            assert cell.data_type in ("s", "n", "d"), cell.coordinate
            assert cell.hyperlink is None


def test_text_that_could_run_is_marked_as_text(book: Book) -> None:
    cells = [cell for row in sheet(book, "Credentials").iter_rows() for cell in row]
    starting = [cell for cell in cells if isinstance(cell.value, str) and cell.value[:1] in "=+-@#"]
    assert len(starting) >= 8
    assert all(cell.quotePrefix for cell in starting)


def test_every_user_is_in_the_credentials_whatever_the_name(book: Book) -> None:
    users = [unescape(str(value)) for value in column(sheet(book, "Credentials"), "User")]
    assert users == [unescape(cell_text(text)) for text in HOSTILE]
    exact = [text for text in HOSTILE if text != LONG and not set("\x07\x1b\ufffe\uffff") & set(text)]
    assert set(exact) <= set(users)


def test_values_keep_their_types(book: Book) -> None:
    page = sheet(book, "Credentials")
    assert column(page, "Account id")[0] == "000000000001"
    assert column(page, "Active")[:2] == ["no", "yes"]
    assert column(page, "Last rotated (UTC)")[:2] == [None, datetime(2026, 10, 25, 10, 15)]
    assert column(page, "User created (UTC)")[0] == datetime(2025, 10, 20, 10, 14, 59)
    assert column(page, "Age (days)")[:2] == [None, 30]
    assert page["A2"].number_format == "@"
    assert page["I3"].number_format == "yyyy-mm-dd hh:mm:ss"


@pytest.mark.parametrize("name", SHEETS)
def test_sheets_print_on_a4_landscape_one_page_wide(book: Book, name: str) -> None:
    page = sheet(book, name)
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert page.sheet_properties.pageSetUpPr is not None
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight) == (1, 0)
    footer = page.oddFooter
    assert footer is not None
    assert (footer.left.text, footer.right.text) == ("&A", "Page &P of &N")


@pytest.mark.parametrize("name", SHEETS[1:])
def test_tables_can_be_filtered_and_keep_their_header(book: Book, name: str) -> None:
    page = sheet(book, name)
    assert page.freeze_panes == "A2"
    assert page.print_title_rows == "$1:$1"
    assert page.auto_filter.ref == page.dimensions
    assert all(
        page.column_dimensions[letter].width > 5 for letter in map(get_column_letter, range(1, page.max_column + 1))
    )


def test_sheets_hold_every_column_of_their_table() -> None:
    assert [c.source for c in accounts.COLUMNS] == list(schema.ACCOUNTS)
    assert [c.source for c in credentials.COLUMNS] == list(schema.CREDENTIALS)
    assert [c.source for c in waivers.COLUMNS] == list(schema.WAIVERS)
    assert [c.source for c in controls.COLUMNS] == [*schema.CONTROLS, "why", "how_tested"]


def test_accounts_are_all_there_with_their_outcome(book: Book) -> None:
    page = sheet(book, "Accounts")
    assert column(page, "Account id") == ["000000000001", "000000000022", "000000000333", "999999999999"]
    assert column(page, "Outcome") == ["✔ assessed", "□ excluded", "✘ not_assessed", "✘ not_assessed"]


def test_exceptions_are_the_failures_and_nothing_else(book: Book) -> None:
    page = sheet(book, "Exceptions")
    lines = [line for line in range(2, len(HOSTILE) + 2) if line % 2]
    assert column(page, "Line") == lines
    assert page["F2"].value == "Active access keys are replaced at least every 90 days"


def test_the_first_page_states_what_is_missing(book: Book) -> None:
    said = texts(sheet(book, "Summary"))
    assert "▲ INCOMPLETE: 1 of 3 accounts in scope were assessed" in said
    assert "✘ FAIL 12 of 24; no evidence in 2 accounts" in said
    assert "1.10" in said
    assert "=it expired" in said


def test_green_is_only_for_a_complete_audit(tmp_path: Path, book: Book) -> None:
    (path,) = Workbook().write(reporting.complete(), tmp_path)
    good = sheet(openpyxl.load_workbook(path), "Summary")["A3"]
    bad = sheet(book, "Summary")["A3"]
    assert good.value == "✔ COMPLETE: 1 of 1 account in scope were assessed, without any gap"
    assert (good.fill.fgColor.rgb, bad.fill.fgColor.rgb) == ("FFE3F5EC", "FFFFE8A3")


def test_equal_assessments_give_equal_bytes(path: Path, tmp_path: Path) -> None:
    time.sleep(2.1)  # the clock of zip files ticks every two seconds
    (again,) = Workbook().write(reporting.small(), tmp_path)
    assert again.read_bytes() == path.read_bytes()


def test_the_package_tells_neither_clock_nor_machine(path: Path, book: Book) -> None:
    assert book.properties.creator == "auditor 0.1.0"
    assert book.properties.created == book.properties.modified == AS_OF.replace(tzinfo=None)
    entries = zipfile.ZipFile(path).infolist()
    assert {(e.date_time, e.create_system, e.external_attr >> 16) for e in entries} == {
        ((1980, 1, 1, 0, 0, 0), 3, 0o100600)
    }


def test_rows_beyond_a_sheet_go_on_to_the_next(tmp_path: Path) -> None:
    book = new_book("t", "0", AS_OF)
    frame = pd.DataFrame({"n": pd.array(range(7), dtype="Int64")})
    write_table(book, "Credentials", frame, [Column("n", "Number", 9, Kind.COUNT)], max_rows=4)
    read = openpyxl.load_workbook(save_book(book, tmp_path / "b.xlsx"))
    assert read.sheetnames == ["Credentials", "Credentials (2)", "Credentials (3)"]
    values = [value for name in read.sheetnames for value in column(sheet(read, name), "Number")]
    assert values == list(range(7))
    assert sheet(read, "Credentials (3)").auto_filter.ref == "A1:A2"


def test_any_frame_becomes_a_book(tmp_path: Path) -> None:
    frame = pd.DataFrame([["=1", 0.5, True, AS_OF], [None, float("inf"), None, None]], columns=["a", "b", "c", "a"])
    frame["c"] = frame["c"].astype("boolean")
    read = openpyxl.load_workbook(write_single(frame, tmp_path / "q.xlsx", "Query", "0", AS_OF))
    values = [[cell.value for cell in row] for row in sheet(read, "Query").iter_rows()]
    assert values[0] == ["a", "b", "c", "a (UTC)"]
    assert values[1] == ["=1", 0.5, "yes", AS_OF.replace(tzinfo=None)]
    assert values[2] == [None, "inf", None, None]


def test_times_outside_the_calendar_of_spreadsheets_stay_text(tmp_path: Path) -> None:
    times = pd.Series(["1850-01-01", "2026-01-01"], dtype="datetime64[us, UTC]")
    path = write_single(pd.DataFrame({"t": times}), tmp_path / "q.xlsx", "Q", "0", AS_OF)
    values = column(sheet(openpyxl.load_workbook(path), "Q"), "t (UTC)")
    assert values == ["1850-01-01 00:00:00+00:00", datetime(2026, 1, 1)]


def test_numbers_that_excel_would_round_become_text(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": pd.array([10**15 - 1, 10**15, None], dtype="Int64")})
    path = write_single(frame, tmp_path / "q.xlsx", "Q", "0", AS_OF)
    assert column(sheet(openpyxl.load_workbook(path), "Q"), "n") == [10**15 - 1, "1000000000000000", None]


def test_an_unknown_status_is_shown_as_it_is(tmp_path: Path) -> None:
    book = new_book("t", "0", AS_OF)
    write_table(book, "S", pd.DataFrame({"s": ["FAIL", "ODD", ""]}), [Column("s", "Status", 9, Kind.STATUS)])
    read = openpyxl.load_workbook(save_book(book, tmp_path / "b.xlsx"))
    assert column(sheet(read, "S"), "Status") == ["✘ FAIL", "ODD", None]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain", "plain"),
        ("=1+1", "=1+1"),
        (7, "7"),
        ("\x00\x08\x0b\x1f", "\ufffd" * 4),
        ("\ud800|\udfff", "\ufffd|\ufffd"),
        ("\ufffe\uffff", "\ufffd\ufffd"),
        ("tab\tline\n", "tab\tline\n"),
        ("a_x0041_b", "a_x005F_x0041_b"),
        ("_x41_", "_x41_"),
        ("a\rb", "a_x000D_b"),
        ("\U0001f680", "\U0001f680"),
    ],
)
def test_cell_text(given: object, expected: str) -> None:
    assert cell_text(given) == expected


@pytest.mark.parametrize("unit", ["x", "\U0001f680", "\r", "_x0041_"])
def test_what_is_longer_than_a_cell_is_cut_visibly(unit: str) -> None:
    text = cell_text(unit * 40_000)
    assert len(text.encode("utf-16-le")) // 2 <= MAX_CHARACTERS
    assert text.endswith(CUT_MARK)
    assert not text.removesuffix(CUT_MARK).endswith(("_x", "_x0", "_x00", "_x000", "_x000D"))


def test_what_just_fits_is_not_cut() -> None:
    assert cell_text("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert cell_text("x" * (MAX_CHARACTERS + 1)).endswith(CUT_MARK)


def test_a_column_without_a_single_value_can_be_written(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": pd.Series([None, None], dtype="str")})
    path = write_single(frame, tmp_path / "q.xlsx", "Query", "1", AS_OF)
    assert [cell.value for cell in openpyxl.load_workbook(path)["Query"]["A"]] == ["a", None, None]
