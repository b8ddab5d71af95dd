"""The workbook as pages, A4 and Letter, as LibreOffice prints it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook import Workbook
from tests.books import HEADERS, bounds, opened, sheet
from tests.fitting import misfits, smallest_text
from tests.office import PDF, Office, pages
from tests.support import ACCOUNT, OTHER, ago, judged, key, password, report, root, unreachable, user

pytestmark = pytest.mark.libreoffice
# Points, landscape.
SIZES = {"a4": (841.9, 595.3), "letter": (792.0, 612.0)}
# They print upright, in a scale of their own.
UPRIGHT = ("Cover", "Catalogue")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("paper")
    users = [
        user(f"user{n:03d}", **key(1, rotated=ago(50 + n), used=ago(n)), **password(used=ago(n), changed=ago(n)))
        for n in range(90)
    ]
    made = judged(
        folder, {ACCOUNT: report([root(), *users]), OTHER: report([root(OTHER)])}, unreachable("000000000009")
    )
    books = []
    for paper in SIZES:
        (path,) = Workbook(paper).write(made, folder)
        books.append(path.rename(folder / f"{paper}.xlsx"))
    return {path.stem: path for path in Office(folder / "office").converted(PDF, *books)} | {"folder": folder}


def page_size(pdf: Path) -> list[tuple[float, float]]:
    """Width and height of the pages, each once."""
    command = ["pdfinfo", "-f", "1", "-l", "999", str(pdf)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    sizes = [line.split(":")[1].split("pts")[0] for line in lines if line.startswith("Page ") and "size" in line]
    return sorted({(float(size.split("x")[0]), float(size.split("x")[1])) for size in sizes})


@pytest.mark.parametrize("paper", SIZES)
def test_every_page_is_of_that_paper(paper: str, printed: dict[str, Path]) -> None:
    for size in page_size(printed[paper]):  # two sheets print upright
        assert sorted(size) == pytest.approx(sorted(SIZES[paper]), abs=1)
    book = opened(printed["folder"] / f"{paper}.xlsx")
    assert {page.page_setup.paperSize for page in book.worksheets} == {9 if paper == "a4" else 1}


@pytest.mark.parametrize("paper", SIZES)
def test_page_one_says_what_came_of_it_and_page_two_on_what_that_rests(paper: str, printed: dict[str, Path]) -> None:
    found = pages(printed[paper])
    cover = [text for text in found if footer(text).startswith("Cover")]
    words = ("IAM credential audit", "INCOMPLETE", "Root hash", "Failures by control", "Reviewed by", "Signature")
    assert [word for word in words if not any(word in text for text in cover)] == []
    assert f"Page 1 of {len(found)}" in found[0]
    basis = ("How to read this workbook", "What this audit does not show", "How this workbook was made", "Redacted")
    assert [word for word in basis if word not in found[1]] == []
    assert "Scope & completeness" in found[2]


@pytest.mark.parametrize("paper", SIZES)
def test_no_column_is_cut(paper: str, printed: dict[str, Path]) -> None:
    """The last column that is printed is on every page: one that did not fit would be on a page of its own."""
    book = opened(printed["folder"] / f"{paper}.xlsx")
    shown = pages(printed[paper])
    for title in book.sheetnames:
        page = sheet(book, title)
        of_sheet = [text for text in shown if footer(text).startswith(title)]
        assert of_sheet, title
        if title in HEADERS and title != "Matrix":
            words = last_header(page, HEADERS[title]).replace("-", "").split()
            assert all(word in text.replace("-", "") for word in words for text in of_sheet), (title, words)


def footer(text: str) -> str:
    return text.rstrip().split("\n")[-1].strip()


def last_header(page: Worksheet, row: int) -> str:
    """The header of the last column that is printed."""
    _, _, right, _ = bounds(str(page.print_area).split("!")[-1])
    shown = [n for n in range(1, right + 1) if not page.column_dimensions[get_column_letter(n)].hidden]
    return str(page.cell(row, shown[-1]).value)


@pytest.mark.parametrize("paper", SIZES)
def test_the_header_row_is_on_each_page(paper: str, printed: dict[str, Path]) -> None:
    of_exceptions = [text for text in pages(printed[paper]) if footer(text).startswith("Exceptions")]
    assert len(of_exceptions) >= 6
    assert all("Account id" in text and "Account name" in text for text in of_exceptions)


@pytest.mark.parametrize("paper", SIZES)
def test_the_matrix_begins_each_page_with_the_account(paper: str, printed: dict[str, Path]) -> None:
    of_matrix = [text for text in pages(printed[paper]) if footer(text).startswith("Matrix")]
    assert len(of_matrix) == 2
    assert all(ACCOUNT in text and "Account name" in text for text in of_matrix)


@pytest.mark.parametrize("paper", SIZES)
def test_every_page_says_what_it_is_a_page_of(paper: str, printed: dict[str, Path]) -> None:
    book = opened(printed["folder"] / f"{paper}.xlsx")
    (imprint,) = {str(page.oddFooter.center.text) for page in book.worksheets if page.oddFooter is not None}
    found = pages(printed[paper])
    for number, text in enumerate(found, start=1):
        assert imprint in footer(text)
        assert footer(text).endswith(f"Page {number} of {len(found)}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of ``auditor demo``, as it is by default."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "auditor", "demo", "--quiet", "--format", "xlsx", "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 4, done.stderr
    return Path(done.stdout.splitlines()[-1]) / "audit.xlsx"


def test_the_demo_is_printed_on_at_most_120_pages(demo: Path, tmp_path: Path) -> None:
    (pdf,) = Office(tmp_path).converted(PDF, demo)
    assert len(pages(pdf)) <= 120


def test_nothing_of_the_demo_is_cut_or_too_small(demo: Path) -> None:
    assert misfits(demo) == []
    assert min(smallest_text(page) for page in opened(demo).worksheets) >= 8
