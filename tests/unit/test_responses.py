"""A returned workbook: its responses, and every locked cell that is not as it was, however it was sorted or saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from auditor.errors import WorkbookError
from auditor.report.csv_files import csv_blocks
from auditor.report.responses import COLUMNS, read_returned
from auditor.report.responses.comparing import same_formula
from tests.returned import FIRST, edited, returned, sent, sheet, sort, told

RESPONSE, OWNER, DUE, CONCLUSION = "H", "I", "J", "K"


def answer(book: Workbook, **cells: Any) -> None:
    """Fill cells of Exceptions: H4="will be rotated"."""
    for place, value in cells.items():
        sheet(book)[place] = value


def test_a_book_that_nobody_touched_has_no_responses_and_no_differences(tmp_path: Path) -> None:
    path = sent(tmp_path)
    found = read_returned(path, path)
    assert (list(found.responses.columns), len(found.responses)) == (list(COLUMNS), 0)
    assert (found.answered, found.differences) == ({"Exceptions": (0, 4), "Manual": (0, 1)}, ())


def test_each_row_with_a_response_is_told_with_what_it_is_about(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        answer(book, H5="will be rotated", I5="bob@example.com", J5=date(2026, 12, 31), K5="Open", H6="gone")
        sheet(book, "Manual")["D2"], sheet(book, "Manual")["F2"] = "Met", date(2026, 11, 30)

    found = returned(tmp_path, fill)
    assert found.differences == ()
    assert found.answered == {"Exceptions": (2, 4), "Manual": (1, 1)}
    bob, cyd, manual = found.responses.to_dict("records")
    assert bob == dict.fromkeys(COLUMNS, "") | {
        "sheet": "Exceptions",
        "row": "5",
        "account_id": "000000000007",
        "control_id": "access-key-rotated-90d",
        "resource_arn": "arn:aws:iam::000000000007:user/bob",
        "resource_name": "bob",
        "credential": "access_key_1",
        "management_response": "will be rotated",
        "owner": "bob@example.com",
        "due_date": "2026-12-31",
        "auditors_conclusion": "Open",
    }
    assert (cyd["resource_name"], cyd["management_response"]) == ("=cyd", "gone")
    assert (manual["sheet"], manual["control_id"], manual["requirements"]) == (
        "Manual",
        "org-ou-structured",
        "cis-aws-7.0.0:2.1.2",
    )
    assert (manual["answer"], manual["answered_by"], manual["answered_on"]) == ("Met", "", "2026-11-30")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (date(2026, 12, 31), "2026-12-31"),
        (datetime(2026, 12, 31, 17, 30), "2026-12-31T17:30:00"),
        (46387, "2026-12-31"),
        ("31.12.2026", "31.12.2026"),
        (-1e12, "-1000000000000"),
        (True, "true"),
    ],
)
def test_a_due_date_is_read_however_it_was_typed(tmp_path: Path, value: object, read: str) -> None:
    (row,) = returned(tmp_path, lambda book: answer(book, J4=value)).responses.to_dict("records")
    assert row["due_date"] == read


def test_a_date_in_a_text_column_is_read_as_one_and_a_number_as_a_number(tmp_path: Path) -> None:
    found = returned(tmp_path, lambda book: answer(book, H4=date(2026, 12, 31), H5=46387, H6=0.1))
    assert found.responses["management_response"].to_list() == ["2026-12-31", "46387", "0.1"]


def test_dates_that_are_counted_from_1904_are_the_same_days(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        book.epoch = datetime(1904, 1, 1)
        answer(book, J4=date(2026, 12, 31))

    assert returned(tmp_path, fill).responses["due_date"].to_list() == ["2026-12-31"]


def test_responses_that_a_spreadsheet_would_run_are_guarded_in_the_csv(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        for number, text in enumerate(("=1+1", "+x", "@y")):
            answer(book, **{f"H{FIRST + number}": text})
            sheet(book)[f"H{FIRST + number}"].data_type = "s"

    responses = returned(tmp_path, fill).responses
    assert responses["management_response"].to_list() == ["=1+1", "+x", "@y"]
    written = b"".join(csv_blocks(responses)).decode()
    assert all(f",'{text}," in written for text in ("=1+1", "+x", "@y", "=cyd"))


def test_rows_that_were_sorted_keep_their_responses(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        answer(book, H4="of ann", H6="of cyd")
        sort(sheet(book), 3, 2, 1, 0)

    found = returned(tmp_path, fill)
    assert found.differences == ()
    told_of = zip(found.responses["row"], found.responses["resource_name"], strict=True)
    assert list(told_of) == [("7", "ann"), ("5", "=cyd")]


def test_filters_hidden_rows_and_other_widths_are_no_difference(tmp_path: Path) -> None:
    def tidy(book: Workbook) -> None:
        sheet(book).auto_filter.ref = "A3:K7"
        sheet(book).row_dimensions[5].hidden = True
        sheet(book).column_dimensions["A"].width = 99
        sheet(book).freeze_panes = "B4"

    assert told(tmp_path, tidy) == []


def test_unlocked_cells_are_free(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        sheet(book, "Cover")["B3"] = "Ann"
        sheet(book, "Re-performance")["B1"] = 30

    assert told(tmp_path, fill) == []


def put(name: str, place: str, value: Any) -> Callable[[Workbook], object]:
    def change(book: Workbook) -> None:
        sheet(book, name)[place] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("Cover", "B1", "o-test-other"), None),
        (put("Cover", "A3", "Prepared with"), 'Cover!A3 was "Prepared by", is "Prepared with"'),
        (put("Cover", "C9", "a note"), 'Cover!C9 was empty, is "a note"'),
        (put("Cover", "A3", None), 'Cover!A3 was "Prepared by", is empty'),
        (put("Cover", "B2", 4), "Cover!B2 was =COUNTA(failed), is 4"),
        (put("Cover", "B2", "=4"), "Cover!B2 was =COUNTA(failed), is =4"),
        (put("Cover", "A1", '="Snapshot"'), 'Cover!A1 was "Snapshot", is ="Snapshot"'),
        (put("Re-performance", "B2", "PASS"), 'Re-performance!B2 was =IF(Exceptions!E4>B1,"FAIL","PASS"), is "PASS"'),
        (
            put("Re-performance", "B2", '=IF(Exceptions!E4>B1,"fail","PASS")'),
            'Re-performance!B2 was =IF(Exceptions!E4>B1,"FAIL","PASS"), is =IF(Exceptions!E4>B1,"fail","PASS")',
        ),
        (put("Exceptions", "A1", "None failed."), 'Exceptions!A1 was "Every unit that failed.", is "None failed."'),
        (put("Exceptions", "E5", 1), "Exceptions!E5 was 101.5, is 1"),
        (put("Exceptions", "E5", "101.5"), 'Exceptions!E5 was 101.5, is "101.5"'),
        (put("Exceptions", "A5", 7), 'Exceptions!A5 was "000000000007", is 7'),
        (put("Exceptions", "C5", "eve"), 'Exceptions!C5 was "bob", is "eve"'),
        (put("Exceptions", "F5", 11.5), "Exceptions!F5 was =E5-90, is 11.5"),
        (put("Exceptions", "F5", "=E4-90"), "Exceptions!F5 was =E5-90, is =E4-90"),
        (put("Exceptions", "L5", "beside"), 'Exceptions!L5 was empty, is "beside"'),
        (put("Exceptions", "L3", "Mine"), 'Exceptions!L3 was empty, is "Mine"'),
        (put("Exceptions", "E3", "Days"), 'Exceptions!E3 was "Age", is "Days"'),
        (put("Exceptions", "C3", "Who"), 'Exceptions!C3 was "User", is "Who"'),
        (put("Exceptions", "A3", "Account"), 'Exceptions!A3 was "Account id", is "Account"'),
        (put("Exceptions", "H3", "Response"), 'Exceptions!H3 was "Management response", is "Response"'),
        (put("Manual", "C2", "x"), 'Manual!C2 was "cis-aws-7.0.0:2.1.2", is "x"'),
    ],
)
def test_every_locked_cell_that_was_changed_is_told(
    tmp_path: Path, change: Callable[[Workbook], object], words: str | None
) -> None:
    if words is None:
        with pytest.raises(WorkbookError, match="is the workbook of snapshot o-test-other, and"):
            told(tmp_path, change)
        return
    assert told(tmp_path, change) == [words]


def test_a_locked_cell_is_found_in_a_row_that_was_sorted(tmp_path: Path) -> None:
    def change(book: Workbook) -> None:
        answer(book, E4=1, H4="of ann")
        sort(sheet(book), 3, 2, 1, 0)

    found = returned(tmp_path, change)
    assert [str(d) for d in found.differences] == ["Exceptions!E7 was 100.5, is 1"]
    assert found.responses["resource_name"].to_list() == ["ann"]


def test_a_header_that_was_renamed_costs_no_response(tmp_path: Path) -> None:
    def change(book: Workbook) -> None:
        answer(book, H3="Response", H5="of bob")

    assert returned(tmp_path, change).responses["management_response"].to_list() == ["of bob"]


def test_a_row_that_was_deleted_is_told(tmp_path: Path) -> None:
    def delete(book: Workbook) -> None:
        sort(sheet(book), 0, 2, 3)
        for column in range(1, 12):
            sheet(book).cell(7, column).value = None

    assert told(tmp_path, delete) == [
        "Exceptions!5:5 is missing (000000000007, access-key-rotated-90d, "
        "arn:aws:iam::000000000007:user/bob, bob, access_key_1)"
    ]


def test_a_row_that_was_copied_is_told_and_its_response_is_not_read_twice(tmp_path: Path) -> None:
    def copy(book: Workbook) -> None:
        answer(book, H5="of bob")
        sort(sheet(book), 0, 1, 2, 3, 1)

    found = returned(tmp_path, copy)
    assert [str(d) for d in found.differences] == ["Exceptions!8:8 is a copy of row 5; its responses are not read"]
    assert found.responses["row"].to_list() == ["5"]


def test_a_row_that_was_added_is_told(tmp_path: Path) -> None:
    def add(book: Workbook) -> None:
        answer(book, A8="000000000008", B8="root-mfa", H8="it is fine")

    found = returned(tmp_path, add)
    assert [str(d) for d in found.differences] == [
        "Exceptions!8:8 was added (000000000008, root-mfa); its responses are not read"
    ]
    assert len(found.responses) == 0


def test_a_row_in_anothers_place_is_one_missing_and_one_added(tmp_path: Path) -> None:
    def replace(book: Workbook) -> None:
        answer(book, A5="1", B5="2", C5="3", D5="4", E5=5, G5="6")

    assert [words.split(" (")[0] for words in told(tmp_path, replace)] == [
        "Exceptions!5:5 is missing",
        "Exceptions!5:5 was added",
    ]


def test_a_column_that_was_moved_or_deleted_is_told(tmp_path: Path) -> None:
    def swap(book: Workbook) -> None:
        for row in range(3, 8):
            one, other = sheet(book).cell(row, 4), sheet(book).cell(row, 5)
            one.value, other.value = other.value, one.value
            sheet(book).cell(row, 6).value = None if row > 3 else "Over"

    words = told(tmp_path, swap)
    assert words[:2] == [
        'Exceptions!D3 (the column "Credential") is E3 now',
        'Exceptions!E3 (the column "Age") is D3 now',
    ]
    assert words[2:] == [f"Exceptions!F{row} was =E{row}-90, is empty" for row in range(4, 8)]


def test_a_column_that_is_gone_is_told_once(tmp_path: Path) -> None:
    def delete(book: Workbook) -> None:
        answer(book, K4="Open")
        sheet(book).delete_cols(9)

    found = returned(tmp_path, delete)
    assert [str(d) for d in found.differences] == [
        'Exceptions!I3 (the column "Owner") is missing',
        'Exceptions!J3 (the column "Due date") is I3 now',
        'Exceptions!K3 (the column "Auditor\'s conclusion") is J3 now',
    ]
    assert found.responses["auditors_conclusion"].to_list() == ["Open"]


def test_a_header_in_another_row_is_told(tmp_path: Path) -> None:
    words = told(tmp_path, lambda book: sheet(book).insert_rows(1))
    assert words[0] == "Exceptions!3:3 (the header) is row 4 now"


def test_sheets_that_are_missing_added_or_renamed_are_told(tmp_path: Path) -> None:
    def change(book: Workbook) -> None:
        del book["Re-performance"]
        sheet(book, "Manual").title = "Manuale"

    assert told(tmp_path, change) == [
        "Manual: the sheet is missing",
        "Re-performance: the sheet is missing",
        "Manuale: the sheet was added",
    ]


def test_a_name_that_formulas_count_on_is_told(tmp_path: Path) -> None:
    def change(book: Workbook) -> None:
        book.defined_names["failed"].attr_text = "Exceptions!$A$4:$A$4"

    assert told(tmp_path, change) == [
        "the name failed: stood for Exceptions!$A$4:$A$7, and stands for Exceptions!$A$4:$A$4"
    ]


def test_of_long_texts_what_differs_is_shown(tmp_path: Path) -> None:
    path = sent(tmp_path)
    long = edited(path, put("Cover", "A9", "x" * 500 + "was" + "y" * 500), "long.xlsx")
    (difference,) = read_returned(edited(long, put("Cover", "A9", "x" * 500 + "has" + "y" * 500)), long).differences
    text = str(difference)
    assert len(text) < 400
    assert "xxxwasyyy" in text
    assert "xxxhasyyy" in text


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('COUNTIFS(a,"x")', 'countifs( a , "x" )'),
        ("FALSE", "FALSE()"),
        ("'Cover'!$A$1", "Cover!$A$1"),
        ("_xlfn.CONCAT(A1)", "CONCAT(A1)"),
        ("_xlfn._xlws.FILTER(A1)", "_xlws.FILTER(A1)"),
    ],
)
def test_what_programs_write_their_own_way_is_the_same_formula(was: str, now: str) -> None:
    assert same_formula(was, now)


@pytest.mark.parametrize(
    ("was", "now"),
    [('IF(A1="a b",1,0)', 'IF(A1="ab",1,0)'), ('A1="x"', 'A1="X"'), ("A1+B1", "A1-B1"), ("'a b'!A1", "'ab'!A1")],
)
def test_what_computes_otherwise_is_another_formula(was: str, now: str) -> None:
    assert not same_formula(was, now)
