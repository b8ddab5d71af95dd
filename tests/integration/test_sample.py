"""The sample workbook in the repository is the one that the code makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report.workbook import Workbook
from tests.books import HEADERS, SHEETS, Grid, at, grids
from tests.sample import FOLDER, sample


@pytest.fixture(scope="module")
def committed() -> dict[str, Grid]:
    return grids(FOLDER / "audit.xlsx")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Grid]:
    folder = tmp_path_factory.mktemp("sample")
    (path,) = Workbook().write(sample(folder), folder)
    return grids(path)


def test_the_sample_has_every_sheet(committed: dict[str, Grid]) -> None:
    assert list(committed) == SHEETS


@pytest.mark.parametrize("name", SHEETS)
def test_the_sample_is_what_the_code_makes(name: str, committed: dict[str, Grid], made: dict[str, Grid]) -> None:
    """Run ``make sample`` when this fails."""
    row = HEADERS.get(name, 1)
    assert committed[name][row - 1] == made[name][row - 1]
    assert len(committed[name]) == len(made[name])


def test_the_sample_says_the_same(committed: dict[str, Grid], made: dict[str, Grid]) -> None:
    assert at(committed["Cover"], "A2") == at(made["Cover"], "A2")
    assert committed["Controls"] == made["Controls"]


def test_the_sample_has_something_on_every_sheet(committed: dict[str, Grid]) -> None:
    assert all(len(committed[name]) > row for name, row in HEADERS.items())


def test_the_picture_is_there(committed: dict[str, Grid]) -> None:
    assert (FOLDER / "workbook.png").read_bytes().startswith(b"\x89PNG")
    assert Path(FOLDER / "audit.xlsx").stat().st_size < 1_000_000
