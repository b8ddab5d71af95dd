"""LibreOffice, which calculates everything anew when it opens a workbook, for the tests of what is written."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

XLSX = "xlsx:Calc MS Excel 2007 XML"
PDF = "pdf:calc_pdf_Export"
# Comma, double quote, UTF-8, from line 1, no column formats, no language, texts not quoted, no cell formats, show
# formulas instead of results, no trimming, all sheets.
CSV_OF_ALL_SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,true,false,false,-1"
# 0: always. Without it LibreOffice shows the values that stand in the file, and a comparison proves nothing.
_RECALCULATE = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
</oor:items>
"""


@dataclass(frozen=True)
class Office:
    """One installation with a profile of its own in ``folder``, where everything it makes lands too."""

    folder: Path

    def converted(self, form: str, *paths: Path) -> list[Path]:
        """Each of ``paths`` opened, calculated and saved as ``form``; names must differ."""
        if form == PDF:
            needs_font()
        out, suffix = self.folder / form.partition(":")[0], form.partition(":")[0]
        profile = self._profile()
        command = [office(), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", form]
        subprocess.run([*command, "--outdir", out, *paths], check=True, capture_output=True, timeout=300)
        return [out / f"{path.stem}.{suffix}" for path in paths]

    def recalculated(self, *paths: Path) -> list[Path]:
        return self.converted(XLSX, *paths)

    def _profile(self) -> Path:
        settings = self.folder / "profile" / "user" / "registrymodifications.xcu"
        if not settings.exists():
            settings.parent.mkdir(parents=True)
            settings.write_text(_RECALCULATE, encoding="utf-8")
        return self.folder / "profile"


def office() -> str:
    """The program; without it the tests are skipped on a desk, and fail in CI."""
    return _needed("soffice", "libreoffice-calc")


def pages(pdf: Path) -> list[str]:
    """The text of each page."""
    command = [_needed("pdftotext", "poppler-utils"), "-layout", str(pdf), "-"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.removesuffix("\f").split("\f")


def needs_font() -> None:
    """Carlito is as wide as Calibri, which the workbook is designed for; with any other font the pages differ."""
    command = [_needed("fc-list", "fontconfig"), "Carlito"]
    if not subprocess.run(command, check=True, capture_output=True, timeout=60).stdout:
        _missing("the font Carlito", "fonts-crosextra-carlito")


def _needed(program: str, package: str) -> str:
    return shutil.which(program) or _missing(program, package)


def _missing(what: str, package: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, so nobody has opened the workbook: install {package}")
    pytest.skip(f"NOT TESTED: {what} is missing, so nobody has opened the workbook (install {package})")
