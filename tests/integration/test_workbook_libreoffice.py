"""The workbook as LibreOffice reads it: every cell comes back as it was meant, none as a formula or an error."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.workbook import Workbook
from tests import reporting

pytestmark = pytest.mark.libreoffice
SHEETS = ["Summary", "Accounts", "Controls", "Exceptions", "Credentials", "Waivers"]
# Comma, double quote, UTF-8, from line 1, no column formats, no language, texts not quoted, no cell formats, show
# formulas instead of results, no trimming, all sheets.
CSV_OF_ALL_SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,true,false,false,-1"
XLSX = "xlsx:Calc MS Excel 2007 XML"


def office() -> str:
    """The program; without it the tests are skipped on a desk, and fail in CI."""
    found = shutil.which("soffice")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("soffice is missing, so nobody has opened the workbook: install libreoffice-calc")
    pytest.skip("NOT TESTED: soffice is missing, so nobody has opened the workbook (install libreoffice-calc)")


def converted(path: Path, form: str, out: Path) -> None:
    profile = (out / "profile").as_uri()
    command = [office(), f"-env:UserInstallation={profile}", "--headless", "--convert-to", form, "--outdir"]
    subprocess.run([*command, str(out), str(path)], check=True, capture_output=True, timeout=180)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = Workbook().write(reporting.small(), tmp_path_factory.mktemp("book"))
    return path


@pytest.fixture(scope="module")
def reopened(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where LibreOffice has saved the workbook once more, as XLSX and each sheet as CSV."""
    out = tmp_path_factory.mktemp("office")
    converted(original, XLSX, out)
    converted(original, CSV_OF_ALL_SHEETS, out)
    return out


def cells(path: Path, name: str) -> dict[str, object]:
    """What a sheet holds by coordinate, blank cells left out."""
    sheet = openpyxl.load_workbook(path)[name]
    assert isinstance(sheet, Worksheet)
    found = {cell.coordinate: cell for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert {cell.data_type for cell in found.values()} <= {"s", "n", "d"}
    return {at: cell.value for at, cell in found.items()}


@pytest.mark.parametrize("name", SHEETS)
def test_every_cell_comes_back_equal(original: Path, reopened: Path, name: str) -> None:
    meant = {at: unescape(v) if isinstance(v, str) else v for at, v in cells(original, name).items()}
    assert cells(reopened / "audit.xlsx", name) == meant


@pytest.mark.parametrize("name", SHEETS)
def test_no_cell_computes(original: Path, reopened: Path, name: str) -> None:
    with (reopened / f"audit-{name}.csv").open(encoding="utf-8", newline="") as file:
        shown = {value for row in csv.reader(file) for value in row}
    meant = {unescape(value) for value in cells(original, name).values() if isinstance(value, str)}
    # Line ends are the one thing that CSV changes.
    assert {plain(value) for value in meant} <= {plain(value) for value in shown}


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
