"""Workbooks of organizations that have little, nothing, or something odd, calculated anew by LibreOffice."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.report import figures
from auditor.report.workbook import Workbook
from auditor.report.workbook import table as tables
from auditor.report.workbook.sheets import population
from auditor.report.workbook.table import Part, write_table
from tests.books import HEADERS, Grid, at, differences, formulas, grids, table
from tests.office import Office
from tests.support import (
    ACCOUNT,
    OTHER,
    ago,
    catalog,
    excluded,
    judged,
    key,
    password,
    report,
    root,
    stored,
    unreachable,
    user,
    waiver,
    waivers_of,
)

pytestmark = pytest.mark.libreoffice
RULES = ["aws-iam-rules"]
GOOD = user("ann", **key(1, rotated=ago(3), used=ago(1)))
BAD = user("bob", **key(1, rotated=ago(300), used=ago(1)), **password(used=ago(200), changed=ago(300)))


def _good(folder: Path) -> Assessment:
    return judged(folder, {ACCOUNT: report([root(), GOOD])}, benchmarks=RULES)


def _mixed(folder: Path) -> Assessment:
    reports = {ACCOUNT: report([root(), GOOD, BAD]), OTHER: report([root(OTHER), user("eve", OTHER)])}
    return judged(folder, reports, unreachable("000000000009"), excluded("000000000010"))


def _waived(folder: Path) -> Assessment:
    waivers = waivers_of(folder, waiver("W-1", scope="{user: bob}"), waiver("W-2", scope="{user: nobody}"))
    return judged(folder, {ACCOUNT: report([root(), GOOD, BAD])}, waivers=waivers)


def _first_level(folder: Path) -> Assessment:
    snapshot = stored(folder, {ACCOUNT: report([root(), BAD])})
    return assess(snapshot, selection=catalog().select(["cis-aws-7.0.0"], level=1), catalog=catalog())


def _questions_only(folder: Path) -> Assessment:
    """Controls of which none decides anything by itself."""
    snapshot = stored(folder, {ACCOUNT: report([root(), BAD])}, excluded(OTHER))
    asked = catalog().select(["cis-aws-7.0.0"], requirements=["cis-aws-7.0.0:2.1.4", "cis-aws-7.0.0:2.2"])
    return assess(snapshot, selection=asked, catalog=catalog())


def _on_several_sheets(folder: Path) -> Assessment:
    """Nine users, of whom four fit on a sheet."""
    users = [user(f"user{n}", **key(1, rotated=ago(85 + n), used=ago(1))) for n in range(8)]
    return judged(folder, {ACCOUNT: report([root(), *users])}, benchmarks=RULES)


MADE: Mapping[str, Callable[[Path], Assessment]] = {
    "complete": _good,
    "mixed": _mixed,
    "waived": _waived,
    "no-account-assessed": lambda folder: judged(folder, {}, unreachable(ACCOUNT), excluded(OTHER)),
    "no-account-in-scope": lambda folder: judged(folder, {}, excluded(ACCOUNT), excluded(OTHER)),
    "no-account-at-all": lambda folder: judged(folder, {}),
    "no-account-and-nothing-of-the-organization": lambda folder: judged(folder, {}, benchmarks=RULES),
    "no-user": lambda folder: judged(folder, {ACCOUNT: report([root()])}),
    "empty-report": lambda folder: judged(folder, {ACCOUNT: report([])}),
    "interrupted": lambda folder: replace(_good(folder), interrupted=True),
    "first-level": _first_level,
    "questions-only": _questions_only,
    "one-benchmark": lambda folder: judged(folder, {ACCOUNT: report([root(), BAD])}, benchmarks=["cis-aws-3.0.0"]),
    "management-account-not-listed": lambda folder: judged(folder, {OTHER: report([root(OTHER), user("bob", OTHER)])}),
    "several-sheets": _on_several_sheets,
}
FALSE = {"cover-value": "sheet1.xml", "scope-value": "sheet2.xml", "reperformance-value": "sheet8.xml"}


def written_to_small_sheets(*arguments: Any) -> list[Part]:
    """The same table in sheets of five rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "MAX_ROWS", 5)
        return write_table(*arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Assessment, Path]]:
    folder, books = tmp_path_factory.mktemp("edges"), {}
    for name, make in MADE.items():
        (folder / name).mkdir()
        assessment = make(folder / name)
        with pytest.MonkeyPatch.context() as patch:
            if name == "several-sheets":
                patch.setattr(population, "write_table", written_to_small_sheets)
            (path,) = Workbook().write(assessment, folder / name)
        books[name] = assessment, path.rename(folder / f"{name}.xlsx")
    return books


@pytest.fixture(scope="module")
def recalculated(made: dict[str, tuple[Assessment, Path]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every book, and some with false values beside their formulas, as LibreOffice saves them."""
    source, folder = made["mixed"][1], tmp_path_factory.mktemp("office")
    false = [_falsified(source, folder / f"{name}.xlsx", part) for name, part in FALSE.items()]
    error = _edited(source, folder / "error.xlsx", "sheet2.xml", b"<f>SUM(", b"<f>1/0+SUM(")
    paths = [path for _, path in made.values()]
    done = Office(folder / "desk").recalculated(*paths, *false, error)
    return {path.stem: path for path in done} | {"folder": folder}


def _falsified(source: Path, path: Path, part: str) -> Path:
    return _edited(source, path, part, rb"</f><v>[^<]*</v>", b"</f><v>4711</v>")


def _edited(source: Path, path: Path, part: str, pattern: bytes, replacement: bytes) -> Path:
    """A copy of a book in which something is replaced wherever it stands in one sheet."""
    pattern = re.escape(pattern) if pattern.startswith(b"<f>") else pattern
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(f"worksheets/{part}"):
                content, changed = re.subn(pattern, replacement, content)
                assert changed
            new.writestr(name, content)
    return path


@pytest.mark.parametrize("name", FALSE)
def test_libreoffice_really_recalculates(name: str, recalculated: dict[str, Path]) -> None:
    """Values that are false in the file come back right: a comparison with them proves something."""
    false = recalculated["folder"] / f"{name}.xlsx"
    right = grids(recalculated["mixed"])
    assert grids(false) != right
    assert grids(recalculated[name]) == right
    assert differences(false, recalculated[name])


def test_an_error_would_be_seen(recalculated: dict[str, Path]) -> None:
    found = differences(recalculated["folder"] / "error.xlsx", recalculated["error"])
    assert any(line.endswith(": an error") for line in found)


@pytest.mark.parametrize("name", MADE)
def test_every_formula_recalculates_without_error_and_without_difference(
    name: str, made: dict[str, tuple[Assessment, Path]], recalculated: dict[str, Path]
) -> None:
    assert len(list(formulas(made[name][1]))) > 20
    assert differences(made[name][1], recalculated[name]) == []


@pytest.mark.parametrize("name", MADE)
def test_the_statement_is_green_only_when_every_account_in_scope_was_assessed(
    name: str, made: dict[str, tuple[Assessment, Path]], recalculated: dict[str, Path]
) -> None:
    words = at(grids(recalculated[name])["Cover"], "A2")
    complete = name in ("complete", "questions-only", "several-sheets")
    assert words.startswith("✔ COMPLETE: " if complete else "▲ INCOMPLETE: ")
    assert figures.coverage(made[name][0]).complete == complete


@pytest.mark.parametrize("name", MADE)
def test_control_totals_tie_and_no_verdict_differs(name: str, recalculated: dict[str, Path]) -> None:
    shown = grids(recalculated[name])
    assert [row[5] for row in shown["Scope & completeness"] if "=" in str(row[0])] == ["✔ ties"] * 3
    assert {row["Check"] for row in table(shown["Reconciliation"], HEADERS["Reconciliation"])} == {"✔ ties"}
    told = {row[0]: row[1] for row in shown["Re-performance"]}
    assert told["Of these, not the same as the tool's (must be 0)"] == 0


@pytest.mark.parametrize("name", MADE)
def test_counts_on_controls_are_the_tools_own(
    name: str, made: dict[str, tuple[Assessment, Path]], recalculated: dict[str, Path]
) -> None:
    own = made[name][0].controls.set_index("control_id")
    rows = table(grids(recalculated[name])["Controls"], HEADERS["Controls"])
    assert {row["Control"] for row in rows} == set(own.index)
    for row in rows:
        mine = own.loc[row["Control"]]
        assert row["Population"] == mine["population"]
        assert row["Failed"] == mine["failed"]
        assert row["Of these, waived"] == mine["waived"]
        assert row["Not applicable"] == mine["not_applicable"]
        assert row["No evidence (accounts)"] == mine["no_evidence"]


def test_waived_failures_are_counted(recalculated: dict[str, Path]) -> None:
    rows = table(grids(recalculated["waived"])["Controls"], HEADERS["Controls"])
    assert {row["Of these, waived"] for row in rows if row["Control"] == "access-key-rotated-90d"} == {1.0}


def test_formulas_count_over_all_sheets_of_a_table(recalculated: dict[str, Path]) -> None:
    shown = grids(recalculated["several-sheets"])
    assert [name for name in shown if name.startswith("Population")] == [
        "Population",
        "Population (2)",
        "Population (3)",
    ]
    totals = {row[0]: row[5] for row in shown["Scope & completeness"]}
    assert totals["rows of the sheet Population that are users"] == 8
    assert totals["rows of the sheet Population that are root"] == 1
    places = {str(row[4]) for row in shown["Re-performance"]}
    assert {"Population (2) 2", "Population (3) 2"} <= places


def empty(grid: Grid, header: int) -> bool:
    return table(grid, header) == []


def test_a_table_without_rows_is_a_table(made: dict[str, tuple[Assessment, Path]]) -> None:
    shown = grids(made["no-account-at-all"][1])
    assert all(empty(shown[name], HEADERS[name]) for name in ("Scope & completeness", "Exceptions", "Population"))
