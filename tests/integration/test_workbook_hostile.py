"""Text from AWS that could be a formula, a link or a broken file, in every text column, as LibreOffice reads it."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape

from auditor.judge.assessment import Assessment
from auditor.judge.large_tables import TablesInMemory
from auditor.report.workbook import Workbook
from auditor.report.workbook.book import new_book
from auditor.report.workbook.package import save_book
from auditor.report.workbook.rows import Column, Kind
from auditor.report.workbook.sheets import (
    controls,
    exceptions,
    gaps,
    manual,
    population,
    reperformance,
    scope,
    waivers,
)
from auditor.report.workbook.table import write_table
from auditor.report.workbook.text import cell_text
from tests.books import error_cells, formulas, grids, sheet_parts
from tests.office import CSV_OF_ALL_SHEETS, Office
from tests.reporting import HOSTILE as NAMES
from tests.support import ACCOUNT, AS_OF, OTHER, ago, judged, key, report, root, unreachable, user

pytestmark = pytest.mark.libreoffice
TABLES = (scope, controls, exceptions, population, reperformance, waivers, gaps, manual)
TEXTS = {Kind.TEXT, Kind.WRAPPED, Kind.IDENTIFIER, Kind.STATUS, Kind.LINK}
HOSTILE = (
    *NAMES,
    "=1+1\n+2",
    "\n=1+1",
    " =1+1",
    "+1234567890123456789",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{=1+1}",
    "#DIV/0!",
    "FALSE",
    "1/2",
    "12:30",
    "10%",
    "$5",
    "1E400",
    "\u200f\u202eRTL",
    "trailing blank ",
    "tab at the end\t",
    "line feed at the end\n",
    "\x00\x01\x1f",
    "\ufeffmark",
    "\u2028line separator",
    "_x000D_",
    "a_x005F",
    "y" * 32_767,
    "z" * 32_768,
    "mailto:a@example.com",
    "file:///etc/passwd",
    "\\\\server\\share",
)


def _frame(columns: tuple[Column, ...]) -> pd.DataFrame:
    """Every hostile text in every column of text."""
    frame = pd.DataFrame({c.source: list(HOSTILE) if c.kind in TEXTS else [None] * len(HOSTILE) for c in columns})
    kinds = {Kind.COUNT: "Int64", Kind.NUMBER: "float64", Kind.YES_NO: "boolean", Kind.TIME: "datetime64[us, UTC]"}
    kinds[Kind.DAY] = kinds[Kind.TIME]
    return frame.astype({c.source: kinds.get(c.kind, "str") for c in columns})


def _tables(path: Path) -> Path:
    """A book of nothing but hostile tables; those of Population as categories too, which are spelt another way."""
    book = new_book("=1+1", "0", AS_OF, [*(table.TITLE for table in TABLES), "Categories"])
    for table in TABLES:
        columns = tuple(replace(column, formula="") for column in table.COLUMNS)
        write_table(book, table.TITLE, _frame(columns), columns)
    frame = _frame(population.COLUMNS)
    texts = {column.source: "category" for column in population.COLUMNS if column.kind in TEXTS}
    write_table(book, "Categories", frame.astype(texts), population.COLUMNS)
    return save_book(book, path)


def whole(folder: Path) -> Assessment:
    """An organization in which everything that has a name has a hostile one."""
    names = [name for name in HOSTILE if not set("\r\n\x00") & set(name) and not name.endswith("/")]
    users = [user(name, **key(1, rotated=ago(300), used=ago(1))) for name in names]
    made = judged(
        folder, {ACCOUNT: report([root(), *users]), OTHER: report([root(OTHER)])}, unreachable("000000000009")
    )
    texts = itertools.cycle(HOSTILE)

    def hostile(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        return frame.assign(
            **{c: pd.Series([next(texts) for _ in range(len(frame))], frame.index, "str") for c in columns}
        )

    waiver_columns = ("waiver_id", "control_id", "requirement", "scope", "reason", "owner", "approver", "ticket")
    waivers_frame = made.waivers.reindex(range(len(HOSTILE)))
    findings = hostile(made.findings, "account_name", "ou_path", "observed", "reason", "resource_arn")
    return replace(
        made,
        organization_id="=1+1",
        caller_arn='=HYPERLINK("http://example.com")',
        snapshot_id="+snapshot",
        period="@SUM(1)",
        settings={"role": "-role"},
        dropped=("=dropped",),
        own_parameters={},
        accounts=hostile(made.accounts, "account_name", "email", "tags", "reason", "gap_code", "gap_message"),
        gaps=hostile(made.gaps, "account_name", "evidence", "stage", "code", "message"),
        large=TablesInMemory({name: made.large.frame(name) for name in made.large.names} | {"findings": findings}),
        waivers=hostile(waivers_frame, *waiver_columns),
    )


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    (path,) = Workbook().write(whole(folder), folder)
    return {"tables": _tables(folder / "tables.xlsx"), "audit": path}


@pytest.fixture(scope="module")
def desk(originals: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where LibreOffice has saved both books once more, as XLSX and each sheet as CSV that shows formulas."""
    office = Office(tmp_path_factory.mktemp("office"))
    office.recalculated(*originals.values())
    office.converted(CSV_OF_ALL_SHEETS, *originals.values())
    return office.folder


def cells(path: Path, plain: Callable[[str], str] = unescape) -> dict[tuple[str, str], object]:
    """What every sheet holds, blank cells and formulas left out; LibreOffice saves texts without escapes."""
    book = openpyxl.load_workbook(path)
    found: dict[tuple[str, str], object] = {}
    for sheet in book.worksheets:
        for cell in itertools.chain.from_iterable(sheet.iter_rows()):
            if cell.value is not None and cell.data_type != "f":
                assert cell.data_type in ("s", "n", "d"), (sheet.title, cell.coordinate, cell.value)
                found[sheet.title, cell.coordinate] = plain(str(cell.value)) if cell.data_type == "s" else cell.value
    return found


@pytest.mark.parametrize("name", ["tables", "audit"])
def test_every_cell_comes_back_as_it_was(name: str, originals: dict[str, Path], desk: Path) -> None:
    mine, theirs = cells(originals[name]), cells(desk / "xlsx" / f"{name}.xlsx", str)
    assert len(mine) > 1000
    assert {place: (value, theirs.get(place)) for place, value in mine.items() if theirs.get(place) != value} == {}


def test_every_hostile_text_is_in_every_column_of_text(originals: dict[str, Path], desk: Path) -> None:
    meant = [unescape(cell_text(text)) for text in HOSTILE]
    exact = [text for text in HOSTILE if len(text) < 32_768 and text.isprintable()]
    assert set(exact) <= set(meant)
    for path, plain in ((originals["tables"], unescape), (desk / "xlsx" / "tables.xlsx", str)):
        book = openpyxl.load_workbook(path)
        for title, columns in (*((t.TITLE, t.COLUMNS) for t in TABLES), ("Categories", population.COLUMNS)):
            for number, column in enumerate(columns, start=1):
                (values,) = book[title].iter_cols(min_row=2, min_col=number, max_col=number, values_only=True)
                if column.kind in TEXTS:
                    assert [plain(str(value)) for value in values] == meant, (title, column.source)


@pytest.mark.parametrize("name", ["tables", "audit"])
def test_nothing_of_it_is_a_formula(name: str, originals: dict[str, Path], desk: Path) -> None:
    mine = {(sheet, cell) for sheet, cell, _ in formulas(originals[name])}
    theirs = {(sheet, cell) for sheet, cell, _ in formulas(desk / "xlsx" / f"{name}.xlsx")}
    assert mine == theirs
    assert bool(mine) == (name == "audit")
    with (desk / "csv" / "tables-Population.csv").open(encoding="utf-8", newline="") as file:
        shown = {value.replace("\r\n", "\n") for row in csv.reader(file) for value in row}
    assert {unescape(cell_text(text)).replace("\r", "\n") for text in HOSTILE if "\r" not in text} <= shown


@pytest.mark.parametrize("name", ["tables", "audit"])
def test_nothing_of_it_is_an_error_or_a_link_out_of_the_book(name: str, originals: dict[str, Path], desk: Path) -> None:
    saved = desk / "xlsx" / f"{name}.xlsx"
    assert [cell for xml in sheet_parts(saved).values() for cell in error_cells(xml)] == []
    for path in (originals[name], saved):
        for page in openpyxl.load_workbook(path).worksheets:
            links = [cell.hyperlink for row in page.iter_rows() for cell in row if cell.hyperlink]
            assert all(link.target is None for link in links)


@pytest.mark.parametrize("name", ["tables", "audit"])
def test_text_that_could_run_stays_text_when_it_is_edited(name: str, originals: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(originals[name])
    found = [
        cell
        for page in book.worksheets
        for cell in itertools.chain.from_iterable(page.iter_rows())
        if cell.data_type == "s" and str(cell.value)[:1] in "=+-@#\t"
    ]
    assert len(found) > 100
    assert [cell.value for cell in found if not cell.quotePrefix and cell.value != "-"] == []


def test_another_reader_sees_the_same(originals: dict[str, Path]) -> None:
    shown = grids(originals["tables"])["Population"]
    users = [row[shown[0].index("User")] for row in shown[1:]]
    assert users == [unescape(cell_text(text)) for text in HOSTILE]


def test_moments_are_those_of_the_evidence(originals: dict[str, Path]) -> None:
    rows = grids(originals["audit"])["Population"]
    at = rows[0].index("Key 1 last rotated (UTC)")
    assert rows[2][at] == (AS_OF - timedelta(days=300)).replace(tzinfo=None)
