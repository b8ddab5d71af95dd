"""The CSV files as LibreOffice reads them, in every style: no cell computes, every cell comes back as it was meant."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils.escape import unescape

from auditor.csv_file import DELIMITERS
from auditor.report.csv_files import CsvStyle, safe_text, write_csv
from tests.reporting import HOSTILE

pytestmark = pytest.mark.libreoffice
MAX_CELL = 32_767  # characters that XLSX, in which LibreOffice hands back what it read, has room for
FORMULAS = ("=1+1", "+1+1", "-1+1", '=HYPERLINK("http://example.com")', '=DDE("cmd";"/C calc";"x")')
TEXTS = (
    *HOSTILE,
    *FORMULAS,
    "+cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|'/C calc'!A0",
    *("#DIV/0!", "#NAME?", " =1+1", "\n=1+1", "{=1+1}", "=\x01", "\x01=1+1"),
    *("\0=1+1", "\uff1d1+1", "\uff0b1+1", "\uff0d1+1", "\uff20SUM(1)"),
    *("semi;colon", "pipe|d", "tab\tbed", "com,ma", '"quoted"', '=1+1;"x"', "12:30", "1,5"),
    *("x" * MAX_CELL, "y" * (MAX_CELL + 1)),
)
STYLES = [CsvStyle(delimiter, bom) for delimiter in DELIMITERS for bom in (False, True)]
XLSX = "xlsx:Calc MS Excel 2007 XML"


def name(style: CsvStyle) -> str:
    return f"{ord(style.delimiter)}{'-bom' if style.bom else ''}{'-raw' if style.raw else ''}"


def opened(files: Sequence[Path], filter_options: str, out: Path) -> None:
    """Every file opened by LibreOffice with the options of its CSV filter, and saved as XLSX in ``out``."""
    found = shutil.which("soffice")
    if not found:
        if os.environ.get("CI"):
            pytest.fail("soffice is missing, so nobody has opened the CSV files: install libreoffice-calc")
        pytest.skip("NOT TESTED: soffice is missing, so nobody has opened the CSV files (install libreoffice-calc)")
    profile = f"-env:UserInstallation={(out / 'profile').as_uri()}"
    command = [found, profile, "--headless", f"--infilter=CSV:{filter_options}", "--convert-to", XLSX, "--outdir"]
    subprocess.run([*command, str(out), *map(str, files)], check=True, capture_output=True, timeout=180)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each style's file, read with all columns as texts (``text/``) and as LibreOffice guesses, formulas allowed."""
    out = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame({"one": pd.Series(TEXTS, dtype="str"), "two": pd.Series(TEXTS[::-1], dtype="category")})
    for style in [*STYLES, CsvStyle(raw=True)]:
        write_csv(frame, out / f"{name(style)}.csv", style)
    for delimiter in DELIMITERS:
        files = sorted(out.glob(f"{ord(delimiter)}*.csv"))
        opened(files, f"{ord(delimiter)},34,76,1,1/2/2/2,0,false,false", out / "text")
        opened(files, f"{ord(delimiter)},34,76,1,,0,false,true,false,false,false,-1,true", out / "guessed")
    return out


def cells(path: Path) -> Iterator[tuple[Cell | MergedCell, Cell | MergedCell]]:
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    assert len(rows) == len(TEXTS) + 1, "a text has become several rows"
    assert {len(row) for row in rows} == {2}, "a text has become several cells"
    yield from ((row[0], row[1]) for row in rows[1:])


def plain(value: object) -> object:
    """LibreOffice makes every line end a line feed, drops NUL, and takes ``_x0041_`` for what XLSX escapes so."""
    if not isinstance(value, str):
        return value
    text = unescape(unescape(value)).replace("\0", "")
    return text.replace("\r\n", "\n").replace("\r", "\n")[:MAX_CELL]


@pytest.mark.parametrize("style", STYLES, ids=name)
def test_every_cell_comes_back_in_every_style(folder: Path, style: CsvStyle) -> None:
    meant = safe_text(pd.Series(TEXTS, dtype="str")).tolist()
    found = list(cells(folder / "text" / f"{name(style)}.xlsx"))
    assert [plain(one.value) for one, _ in found] == [plain(text) for text in meant]
    assert [plain(two.value) for _, two in found] == [plain(text) for text in reversed(meant)]
    assert {cell.data_type for row in found for cell in row} == {"s"}


@pytest.mark.parametrize("style", STYLES, ids=name)
def test_no_cell_computes_where_formulas_are_evaluated(folder: Path, style: CsvStyle) -> None:
    found = list(cells(folder / "guessed" / f"{name(style)}.xlsx"))
    assert {cell.data_type for row in found for cell in row} <= {"s", "n", "b", "d"}
    texts = {plain(cell.value) for row in found for cell in row if cell.data_type == "s"}
    assert {plain(f"'{text}") for text in FORMULAS} <= texts


def test_raw_files_do_compute_so_they_are_for_programs(folder: Path) -> None:
    found = list(cells(folder / "guessed" / f"{name(CsvStyle(raw=True))}.xlsx"))
    assert sum(one.data_type == "f" for one, _ in found) >= len(FORMULAS)


def test_raw_files_hold_every_text_exactly(folder: Path) -> None:
    found = list(cells(folder / "text" / f"{name(CsvStyle(raw=True))}.xlsx"))
    assert [plain(one.value) for one, _ in found] == [plain(text) for text in TEXTS]
