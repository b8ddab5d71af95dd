"""How the workbook prints: nothing cut, nothing too small, and on every page what it is a page of."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from openpyxl.workbook.workbook import Workbook as Book

from auditor.judge.assessment import Assessment
from auditor.report.workbook import Workbook
from auditor.report.workbook.book import new_book
from auditor.report.workbook.package import save_book
from auditor.report.workbook.paper import PAPERS
from auditor.report.workbook.rows import Column, Kind
from auditor.report.workbook.table import TableLayout, fitted, write_table
from tests.books import HEADERS, SHEETS, opened, sheet, sheet_parts
from tests.fitting import WIDEST_UNIT, misfits, printed, scale_of, smallest_text
from tests.integration.test_workbook_hostile import whole
from tests.support import ACCOUNT, AS_OF, OTHER, ago, catalog, excluded, judged, key, report, root, unreachable, user

WORDS = Column("a", "A", 30, Kind.WRAPPED)


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    users = [user(f"user-with-a-name-of-some-length-{n}", **key(1, rotated=ago(80 + n))) for n in range(30)]
    reports = {ACCOUNT: report([root(), *users]), OTHER: report([root(OTHER)])}
    gone = unreachable("000000000009"), excluded("000000000010")
    return judged(tmp_path_factory.mktemp("snapshot"), reports, *gone, benchmarks=list(catalog().benchmarks))


@pytest.fixture(scope="module", params=PAPERS)
def book(assessment: Assessment, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Book:
    (path,) = Workbook(request.param).write(assessment, tmp_path_factory.mktemp(request.param))
    return opened(path)


@pytest.mark.parametrize("name", SHEETS)
def test_every_footer_names_the_evidence(book: Book, assessment: Assessment, name: str) -> None:
    footer = sheet(book, name).oddFooter
    assert footer is not None
    said = footer.center.text
    assert said == (
        f"{assessment.organization_id} | snapshot {assessment.snapshot_id} | as of 2026-11-24T10:15:00Z | "
        f"root hash {assessment.manifest_sha256[:12]}"
    )


@pytest.mark.parametrize("name", SHEETS)
def test_nothing_is_printed_smaller_than_eight_points(book: Book, name: str) -> None:
    assert smallest_text(sheet(book, name)) >= 8


@pytest.mark.parametrize("name", [name for name in HEADERS if name != "Matrix"])
def test_no_header_is_hyphenated_by_hand(book: Book, name: str) -> None:
    """A word is never divided in the text: whether it fits its line is a matter of the column's width."""
    words = [word for cell in sheet(book, name)[HEADERS[name]] for word in str(cell.value).split()]
    assert [word for word in words if re.search(r"[a-z]-[a-z]", word)] == []


def test_sha256_and_request_id_of_every_file_of_evidence_are_printed(book: Book, assessment: Assessment) -> None:
    page = sheet(book, "Evidence")
    cells = {cell.value for cell in printed(page)}
    files = assessment.evidence_files
    assert len(files) == 2
    assert {*files["evidence_sha256"], *files["request_id"]} <= cells


@pytest.mark.parametrize("name", [name for name in HEADERS if name != "Matrix"])
def test_every_column_is_printed_or_named_on_each_page(book: Book, name: str) -> None:
    page = sheet(book, name)
    header = page.oddHeader
    note = header.left.text if header is not None else None
    shown = {cell.column for cell in printed(page)}
    missing = [cell for cell in page[HEADERS[name]] if cell.value is not None and cell.column not in shown]
    assert bool(missing) == (note is not None)
    named = [cell for cell in missing if str(cell.value) in str(note)]
    assert named == missing or str(note).endswith("…")


@pytest.mark.parametrize("name", SHEETS)
def test_columns_fill_the_page_and_no_more(book: Book, name: str) -> None:
    """A column that did not fit would be a page of its own; the Matrix has a page for each block of controls."""
    page = sheet(book, name)
    paper = next(paper for paper in PAPERS.values() if paper.code == page.page_setup.paperSize)
    widths = {cell.column: page.column_dimensions[cell.column_letter].width for cell in printed(page)}
    repeated = sum(widths[column] for column in (1, 2, 3)) if page.print_title_cols else 0.0
    ends = [entry.id for entry in page.col_breaks.brk] + [max(widths)]
    starts = [0, *ends[:-1]]
    for start, end in zip(starts, ends, strict=True):
        block = sum(widths[column] for column in widths if start < column <= end) + (repeated if start else 0)
        assert block * WIDEST_UNIT * scale_of(page) <= paper.width - 2 * 0.25 * 72, (name, start, end)


def test_everything_printed_fits_its_cell(book: Book, tmp_path: Path) -> None:
    book.save(tmp_path / "copy.xlsx")
    assert misfits(tmp_path / "copy.xlsx") == []


def test_hostile_names_fit_their_cells(tmp_path: Path) -> None:
    (path,) = Workbook().write(whole(tmp_path), tmp_path)
    assert misfits(path) == []


def test_a_cell_that_is_too_small_is_found(tmp_path: Path) -> None:
    book = new_book("t", "0", AS_OF, ["S"])
    columns = [Column("a", "A", 12, Kind.WRAPPED), Column("b", "B", 12)]
    write_table(book, "S", pd.DataFrame({"a": ["word " * 60], "b": ["x" * 40]}), columns)
    path = save_book(book, tmp_path / "b.xlsx")
    assert [line.split(":")[0] for line in misfits(path)] == ["S!B2"]
    again = opened(path)
    sheet(again, "S").row_dimensions[2].height = 12.75
    again.save(path)
    assert [line.split(":")[0] for line in misfits(path)] == ["S!A2", "S!B2"]


def test_text_that_no_row_is_high_enough_for_says_so(tmp_path: Path) -> None:
    book = new_book("t", "0", AS_OF, ["S"])
    write_table(book, "S", pd.DataFrame({"a": ["word " * 5_000, "=1+1 " * 5_000, "short"]}), [WORDS])
    cells = [row[0] for row in sheet(opened(save_book(book, tmp_path / "b.xlsx")), "S").iter_rows(min_row=2)]
    assert [str(cell.number_format).startswith('"▼ cut') for cell in cells] == [True, True, False]
    assert [cell.quotePrefix for cell in cells] == [False, True, False]
    assert [cell.value for cell in cells] == ["word " * 5_000, "=1+1 " * 5_000, "short"]


def test_rows_of_many_are_as_high_as_rows_of_few(tmp_path: Path) -> None:
    texts = [f"{'word ' * (n % 400)}{n}" for n in range(6_000)]
    heights = []
    for frame in (pd.DataFrame({"a": texts}), pd.DataFrame({"a": texts[:100]})):
        book = new_book("t", "0", AS_OF, ["S"])
        write_table(book, "S", frame.astype("str"), [WORDS])
        page = sheet(opened(save_book(book, tmp_path / "b.xlsx")), "S")
        heights.append([page.row_dimensions[row].height for row in range(2, 102)])
    assert heights[0] == heights[1]
    assert len(set(heights[0])) > 2


def test_a_height_is_fitted_anew_when_somebody_writes(tmp_path: Path) -> None:
    """Rows of tables have a height to begin with, not one for good: answers would be cut."""
    book = new_book("t", "0", AS_OF, ["S"])
    write_table(book, "S", pd.DataFrame({"a": ["word " * 60]}), [WORDS])
    xml = sheet_parts(save_book(book, tmp_path / "b.xlsx"))["S"].decode()
    (row,) = re.findall(r'<row r="2"[^>]*>', xml)
    assert "ht=" in row
    assert "customHeight" not in row


@pytest.mark.parametrize(("rows", "last"), [(100, 101), (101, 26)])
def test_a_long_list_is_printed_in_part_and_says_so(tmp_path: Path, rows: int, last: int) -> None:
    book = new_book("t", "0", AS_OF, ["S"])
    write_table(book, "S", pd.DataFrame({"a": ["x"] * rows}), [WORDS], TableLayout(most_on_paper=100))
    page = sheet(opened(save_book(book, tmp_path / "b.xlsx")), "S")
    assert str(page.print_area).endswith(f"$A${last}")
    note = page.oddHeader.left.text if page.oddHeader is not None else None
    assert note == (None if rows == 100 else "Only the first 25 of 101 rows are printed: the list is in the workbook")


def test_what_names_a_snapshot_cannot_break_a_footer(assessment: Assessment, tmp_path: Path) -> None:
    odd = replace(assessment, organization_id="R&D &P" + "x" * 400)
    (path,) = Workbook().write(odd, tmp_path)
    xml = sheet_parts(path)["Cover"].decode()
    (footer,) = re.findall("<oddFooter>(.*?)</oddFooter>", xml)
    assert len(footer.replace("&amp;", "&")) <= 255 + len("&L&10 &A&C&10 &R&10 Page &P of &N")
    assert "R&amp;&amp;D &amp;&amp;P" in footer


@pytest.mark.parametrize("paper", PAPERS)
def test_columns_that_may_wrap_share_the_page(paper: str) -> None:
    columns = [Column("a", "A", 20, Kind.WRAPPED), Column("b", "B", 40, Kind.WRAPPED), Column("c", "C", 30)]
    narrow, wide, fixed = (column.width for column in fitted(columns, PAPERS[paper]))
    assert fixed == 30
    assert wide == pytest.approx(2 * narrow, abs=0.5)
    assert narrow + wide + fixed == pytest.approx(PAPERS[paper].units, abs=0.6)
