"""The workbook as pages, A4 and Letter, as LibreOffice prints it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook import Workbook
from tests.books import HEADERS, bounds, opened, sheet
from tests.office import PDF, Office, pages
from tests.support import ACCOUNT, OTHER, ago, judged, key, password, report, root, unreachable, user

pytestmark = pytest.mark.libreoffice
# Points, landscape.
SIZES = {"a4": (841.9, 595.3), "letter": (792.0, 612.0)}
# What is printed of each sheet, on how many pages side by side.
WIDE = {"Exceptions": 2, "Population": 2}


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
    (size,) = page_size(printed[paper])
    assert size == pytest.approx(SIZES[paper], abs=1)
    book = opened(printed["folder"] / f"{paper}.xlsx")
    assert {page.page_setup.paperSize for page in book.worksheets} == {9 if paper == "a4" else 1}


@pytest.mark.parametrize("paper", SIZES)
def test_page_one_is_the_whole_cover(paper: str, printed: dict[str, Path]) -> None:
    found = pages(printed[paper])
    words = ("IAM credential audit", "INCOMPLETE", "Root hash", "Failures by control", "Reviewed by", "Signature")
    assert [word for word in words if word not in found[0]] == []
    assert f"Page 1 of {len(found)}" in found[0]
    assert "Scope & completeness" in found[1]


@pytest.mark.parametrize("paper", SIZES)
def test_no_column_is_cut(paper: str, printed: dict[str, Path]) -> None:
    """Every sheet is as many pages wide as it shall be: another page would hold a column that did not fit."""
    book = opened(printed["folder"] / f"{paper}.xlsx")
    shown = pages(printed[paper])
    for title in book.sheetnames:
        page = sheet(book, title)
        assert page.page_setup.fitToWidth == WIDE.get(title, 1)
        of_sheet = [text for text in shown if footer(text).startswith(title)]
        assert of_sheet, title
        if title in HEADERS and title not in ("Matrix", *WIDE):
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
