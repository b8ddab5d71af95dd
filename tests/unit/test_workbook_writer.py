"""The writer of the workbook's tables: rows over several sheets, names, links, and values that spreadsheets lack."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from openpyxl.utils.escape import unescape

from auditor.report.workbook import Workbook, table
from auditor.report.workbook import book as books
from auditor.report.workbook.book import Book, new_book, unique_title
from auditor.report.workbook.package import canonical, save_book, with_values
from auditor.report.workbook.single import write_single
from auditor.report.workbook.style import BODY
from auditor.report.workbook.table import Column, Kind, Rows, TableLayout, write_table
from auditor.report.workbook.text import CUT_MARK, MAX_CHARACTERS, cell_text
from tests.books import column, formulas, grids, opened, sheet
from tests.support import ACCOUNT, AS_OF, ago, judged, key, report, root, user

NUMBERS = [Column("n", "Number", 9, Kind.COUNT)]


def numbers(count: int) -> pd.DataFrame:
    return pd.DataFrame({"n": pd.array(range(count), dtype="Int64")})


def saved(book: Book, folder: Path) -> Path:
    return save_book(book, folder / "b.xlsx")


def test_rows_beyond_a_sheet_go_on_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 4)
    book = new_book("t", "0", AS_OF, ["Population", "After"])
    parts = write_table(book, "Population", numbers(7), NUMBERS, TableLayout(named=("n",)))
    book.put(book.workbook["After"], 1, 1, book.counted("Population", {"n": '">=2"'}, 5), BODY)
    path = saved(book, tmp_path)
    shown = grids(path)
    titles = ["Population", "Population (2)", "Population (3)"]
    assert list(shown) == [*titles, "After"]
    assert [row[0] for title in titles for row in shown[title][1:]] == list(range(7))
    assert [(part.start, part.stop, part.last) for part in parts] == [(0, 3, 4), (3, 6, 4), (6, 7, 2)]
    ((_, _, formula),) = formulas(path)
    assert formula == "+".join(
        f'COUNTIFS({name},">=2")' for name in ("Population_n", "Population__2__n", "Population__3__n")
    )
    names = opened(path).defined_names
    assert names["Population__3__n"].attr_text == "'Population (3)'!$A$2:$A$2"


def test_more_rows_than_a_sheet_has_are_written_and_read_back_whole(tmp_path: Path) -> None:
    """For real: 1,048,576 with the header, and the rest."""
    book = new_book("t", "0", AS_OF, ["S"])
    write_table(book, "S", numbers(1_060_000), NUMBERS)
    shown = grids(saved(book, tmp_path))
    assert {title: len(grid) for title, grid in shown.items()} == {"S": 1_048_576, "S (2)": 11_426}
    assert [row[0] for title in shown for row in shown[title][1:]] == list(range(1_060_000))


def test_rows_that_just_fill_a_sheet_need_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 4)
    book = new_book("t", "0", AS_OF, ["S"])
    assert len(write_table(book, "S", numbers(3), NUMBERS)) == 1
    assert len(grids(saved(book, tmp_path))["S"]) == 4


def test_rows_are_asked_for_while_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 6)
    asked: list[tuple[int, int]] = []

    def between(start: int, stop: int) -> list[pd.DataFrame]:
        asked.append((start, stop))
        return [numbers(7).iloc[start:stop]]

    book = new_book("t", "0", AS_OF, ["S"])
    write_table(book, "S", Rows(7, between), NUMBERS)
    assert asked == []
    saved(book, tmp_path)
    assert asked == [(0, 5), (5, 7)]


def test_more_links_than_excel_reads_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_MAX_LINKS", 3)
    book = new_book("t", "0", AS_OF, ["S", "T"])
    write_table(book, "S", numbers(9), NUMBERS)
    for row in range(2, 11):
        book.link("S", f"A{row}", "T", "A1")
    page = sheet(opened(saved(book, tmp_path)), "S")
    assert [row[0].hyperlink is not None for row in page.iter_rows(min_row=2)] == [True] * 3 + [False] * 6
    assert column(page, "Number") == list(range(9))


def test_the_limit_of_links_is_excels() -> None:
    assert books._MAX_LINKS == 65_530


def test_sheet_names_stay_unique_within_31_characters() -> None:
    taken: list[str] = []
    for title in ["x" * 40, "X" * 31, "x" * 31, "a/b", "a:b", "A_B", "'quoted'", "", "Sheet", *["y" * 31] * 12]:
        taken.append(unique_title(title, taken))
    assert len({title.casefold() for title in taken}) == len(taken)
    assert all(0 < len(title) <= 31 and not set("[]:*?/\\") & set(title) for title in taken)
    assert taken[:2] == ["x" * 31, "X" * 27 + " (2)"]
    assert taken[3:6] == ["a_b", "a_b (2)", "A_B (3)"]
    assert taken[-1] == "y" * 26 + " (12)"


def test_any_frame_becomes_a_book(tmp_path: Path) -> None:
    frame = pd.DataFrame([["=1", 0.5, True, AS_OF], [None, float("inf"), None, None]], columns=["a", "b", "c", "a"])
    frame["c"] = frame["c"].astype("boolean")
    read = opened(write_single(frame, tmp_path / "q.xlsx", "Query", "0", AS_OF))
    values = [[cell.value for cell in row] for row in sheet(read, "Query").iter_rows()]
    assert values[0] == ["a", "b", "c", "a (UTC)"]
    assert values[1] == ["=1", 0.5, "yes", AS_OF.replace(tzinfo=None)]
    assert values[2] == [None, "inf", None, None]


def test_headers_of_a_table_are_unique_however_spelt(tmp_path: Path) -> None:
    """Excel repairs a table two of whose headers differ in nothing but case."""
    headers = ["a", "A", "a", "", "=1+1", "two\nlines", "bell \x07", "_x0041_", "y" * 300, "y" * 301]
    frame = pd.DataFrame([range(len(headers))], columns=headers)
    page = sheet(opened(write_single(frame, tmp_path / "q.xlsx", "Query", "0", AS_OF)), "Query")
    (table,) = page.tables.values()
    names = [column.name for column in table.tableColumns]
    assert len({name.casefold() for name in names}) == len(headers)
    assert all(0 < len(name) <= 255 for name in names)
    assert names == [unescape(str(cell.value)) for cell in page[1]]
    assert names[:5] == ["a", "A (2)", "a (3)", "Column", "=1+1"]


def test_times_outside_the_calendar_of_spreadsheets_stay_text(tmp_path: Path) -> None:
    times = pd.Series(["1850-01-01", "2026-01-01"], dtype="datetime64[us, UTC]")
    path = write_single(pd.DataFrame({"t": times}), tmp_path / "q.xlsx", "Q", "0", AS_OF)
    assert column(sheet(opened(path), "Q"), "t (UTC)") == ["1850-01-01 00:00:00+00:00", datetime(2026, 1, 1)]


def test_numbers_that_excel_would_round_become_text(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": pd.array([10**15 - 1, 10**15, None], dtype="Int64")})
    path = write_single(frame, tmp_path / "q.xlsx", "Q", "0", AS_OF)
    assert column(sheet(opened(path), "Q"), "n") == [10**15 - 1, "1000000000000000", None]


def test_an_unknown_status_is_shown_as_it_is(tmp_path: Path) -> None:
    book = new_book("t", "0", AS_OF, ["S"])
    write_table(book, "S", pd.DataFrame({"s": ["FAIL", "ODD", ""]}), [Column("s", "Status", 9, Kind.STATUS)])
    assert column(sheet(opened(saved(book, tmp_path)), "S"), "Status") == ["✘ FAIL", "ODD", None]


def test_a_formula_never_loses_its_value() -> None:
    designed = canonical('<worksheet><c r="A1" s="2"><f>1+1</f><v /></c></worksheet>')
    assert b'<c r="A1" s="2"><f>1+1</f><v>2</v></c>' in with_values(designed, {"A1": 2})
    with pytest.raises(RuntimeError, match="without its value"):
        with_values(designed, {"A1": 2, "B1": 3})


def test_equal_assessments_give_equal_bytes(tmp_path: Path) -> None:
    """In another process, time zone and locale, whether or not lxml is installed, at another time."""
    first = _written(tmp_path / "1", {})
    time.sleep(2.1)  # the clock of zip files ticks every two seconds
    elsewhere = {"TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONHASHSEED": "7", "OPENPYXL_LXML": "False"}
    assert _written(tmp_path / "2", elsewhere) == first
    assert _written(tmp_path / "3", {"TZ": "America/St_Johns", "OPENPYXL_LXML": "True"}) == first


MAKE = """
import sys
from pathlib import Path
from tests.unit.test_workbook_writer import small
small(Path(sys.argv[1]))
"""


def small(folder: Path) -> Path:
    folder.mkdir()
    users = [user(name, **key(1, rotated=ago(300), used=ago(1))) for name in ("ann", "bob", "=1+1")]
    (path,) = Workbook().write(judged(folder, {ACCOUNT: report([root(), *users])}), folder)
    return path


def _written(folder: Path, environment: dict[str, str]) -> bytes:
    subprocess.run([sys.executable, "-c", MAKE, folder], env=os.environ | environment, check=True, timeout=60)
    return (folder / "audit.xlsx").read_bytes()


def test_the_package_tells_neither_clock_nor_machine(tmp_path: Path) -> None:
    entries = zipfile.ZipFile(small(tmp_path / "s")).infolist()
    assert {(e.date_time, e.create_system, e.external_attr >> 16) for e in entries} == {
        ((1980, 1, 1, 0, 0, 0), 3, 0o100600)
    }


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
        ("_x005F_", "_x005F_x005F_"),
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
