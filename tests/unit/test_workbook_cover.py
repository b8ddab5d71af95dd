"""The Cover: page one for a manager, page two on what that rests; and what sheets say where there is nothing."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils import column_index_from_string, get_column_letter, range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from auditor.catalog.examples import in_words
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.period import Period
from auditor.report.workbook import Workbook
from auditor.report.workbook.style import BAD_FILL, SYMBOLS
from auditor.store.seal import FileSigner, sign_snapshot
from tests.books import HEADERS, SHEETS, grids, opened, sheet, table
from tests.sealing import key_pair
from tests.support import (
    ACCOUNT,
    AS_OF,
    ago,
    catalog,
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

USERS = [
    user("old", **key(1, rotated=ago(91), used=ago(1))),
    user("idle", **password(used=ago(60), changed=ago(500))),
]


def written(assessment: Assessment, folder: Path, paper: str = "a4") -> Path:
    (path,) = Workbook(paper).write(assessment, folder)
    return path


def some(folder: Path, **other: Any) -> Assessment:
    return judged(folder, {ACCOUNT: report([root(), *USERS])}, unreachable("000000000009"), **other)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cover")


@pytest.fixture(scope="module")
def assessment(folder: Path) -> Assessment:
    entries = [
        waiver("W-1", scope="{user: old}", owner="Ann  Lee", approver="ann lee"),
        waiver("W-2", scope="{user: nobody}"),
    ]
    return some(folder, waivers=waivers_of(folder, *entries), benchmarks=list(catalog().benchmarks))


@pytest.fixture(scope="module")
def path(assessment: Assessment, folder: Path) -> Path:
    return written(assessment, folder)


def texts(path: Path, title: str = "Cover") -> list[str]:
    return [str(value) for row in grids(path)[title] for value in row if value != ""]


def rows_of_page_one(page: Worksheet) -> int:
    (found,) = page.row_breaks.brk
    return int(found.id)


@pytest.mark.parametrize(("paper", "height"), [("a4", 841.9), ("letter", 792.0)])
def test_page_one_fits_a_page_and_can_be_read(
    assessment: Assessment, paper: str, height: float, tmp_path: Path
) -> None:
    """With all 14 benchmarks, too: at least 8 points of 11, and everything a manager must see above the break."""
    page = sheet(opened(written(assessment, tmp_path, paper)), "Cover")
    assert len(assessment.benchmarks) == 14
    last, scale = rows_of_page_one(page), page.page_setup.scale or 0
    assert scale * 11 / 100 >= 8
    usual = page.sheet_format.defaultRowHeight or 15
    points = sum(page.row_dimensions[n].height or usual for n in range(1, last + 1))
    room = height - 72 * (page.page_margins.top + page.page_margins.bottom)
    assert points * scale / 100 <= room
    above = {str(cell.value) for row in page.iter_rows(max_row=last) for cell in row if cell.value}
    assert {"Accounts", "Requirements by conclusion", "cis-aws-1.2.0", "Signatures", "Reviewed by"} <= above


def anchors(path: Path) -> list[tuple[int, int, int, int]]:
    """The first column and row of each chart, and the column and row behind it, counted from 0."""
    with zipfile.ZipFile(path) as package:
        drawing = next(package.read(n).decode() for n in package.namelist() if "drawings/drawing" in n)
    corners = [(int(column), int(row)) for column, row in re.findall(r"col>(\d+)</.*?row>(\d+)</", drawing, re.DOTALL)]
    return [(*first, *last) for first, last in zip(corners[::2], corners[1::2], strict=True)]


def test_the_charts_neither_overlap_nor_leave_the_page(path: Path) -> None:
    page, (left, right) = sheet(opened(path), "Cover"), sorted(anchors(path))
    _, _, columns, _ = range_boundaries(str(page.print_area).rpartition("!")[2].replace("$", ""))
    assert left[2] <= right[0]
    assert right[2] == columns
    assert max(left[3], right[3]) <= rows_of_page_one(page)
    assert min(left[3] - left[1], right[3] - right[1]) >= 10


def test_the_figures_of_the_charts_are_folded_and_still_drawn(path: Path) -> None:
    page = sheet(opened(path), "Cover")
    _, _, last, _ = range_boundaries(str(page.print_area).rpartition("!")[2].replace("$", ""))
    beyond = {cell.column_letter for row in page.iter_rows(min_col=(last or 0) + 1) for cell in row if cell.value}
    assert len(beyond) == 6
    assert all(page.column_dimensions[letter].hidden for letter in beyond)
    with zipfile.ZipFile(path) as package:
        charts = [package.read(name).decode() for name in package.namelist() if "/charts/chart" in name]
    assert all('plotVisOnly val="0"' in chart for chart in charts)


def test_page_two_has_the_legend_the_limits_and_how_it_was_made(path: Path, assessment: Assessment) -> None:
    found = texts(path)
    assert all(f"{SYMBOLS[s]} {s}" in found for s in ("PASS", "FAIL", "NO_EVIDENCE", "MANUAL", "NOT_APPLICABLE"))
    (missed,) = (text for text in found if text.startswith("1. "))
    assert "0 accounts that were excluded" in missed
    assert "1 account in scope that were not assessed" in missed or "of 1 account in scope" in missed
    facts = {row[0]: row[1] for row in grids(path)["Cover"] if row[0]}
    command = facts["Command"].split()
    assert command[:5] == ["auditor", "report", assessment.snapshot_id, "--as-of", "2026-11-24T10:15:00Z"]
    assert command.count("--benchmark") == 14
    assert command[-2:] == ["--waivers", "FILE"]
    assert facts["Collected with"]
    assert facts["Catalogue hash"] == assessment.catalog_hash


def test_the_settings_of_the_collection_are_named(assessment: Assessment, tmp_path: Path) -> None:
    settings = {
        "role": "Audit",
        "regions": ["eu-central-1", "eu-west-1"],
        "session_policy": False,
        "ou": [],
        "profile": "ann",
    }
    path = written(replace(assessment, settings=settings), tmp_path)
    facts = {row[0]: row[1] for row in grids(path)["Cover"] if row[0]}
    assert facts["Collected with"] == "role Audit; session_policy no; regions eu-central-1, eu-west-1"


@pytest.mark.parametrize(
    ("period", "red"), [("2026Q4", []), ("2026Q3", ["2026Q3"]), ("2026-10-01..2026-10-31", ["2026-10-31"])]
)
def test_a_period_without_the_as_of_time_stands_there_in_red(
    assessment: Assessment, period: str, red: list[str], tmp_path: Path
) -> None:
    parsed = Period.parse(period)
    made = replace(assessment, period=str(parsed), out_of_period=not parsed.covers(AS_OF))
    page = sheet(opened(written(made, tmp_path)), "Cover")
    alarms = [str(cell.value) for row in page.iter_rows(max_row=8, max_col=1) for cell in row if is_red(cell)]
    assert len(alarms) == len(red)
    assert all(word in alarm and "outside the period" in alarm for word, alarm in zip(red, alarms, strict=True))
    (command,) = (row[1] for row in grids(tmp_path / "audit.xlsx")["Cover"] if row[0] == "Command")
    assert f"--period {period}" in command


def is_red(cell: Any) -> bool:
    return bool(cell.fill.fgColor.rgb == BAD_FILL and cell.value)


def test_evidence_of_another_day_stands_there_in_red(assessment: Assessment, tmp_path: Path) -> None:
    made = replace(assessment, started_at=AS_OF - timedelta(days=3))
    page = sheet(opened(written(made, tmp_path)), "Cover")
    (alarm,) = (str(cell.value) for row in page.iter_rows(max_row=8, max_col=1) for cell in row if is_red(cell))
    assert "the evidence was collected at 2026-11-21T10:15:00Z" in alarm


def test_the_cover_says_whether_the_snapshot_is_signed(tmp_path: Path) -> None:
    snapshot = stored(tmp_path, {ACCOUNT: report([root(), *USERS])})
    facts = [
        row for row in grids(written(assess(snapshot, catalog=catalog()), tmp_path))["Cover"] if row[0] == "Signature"
    ]
    assert facts[0][1].startswith("none: ")
    private, _ = key_pair(tmp_path, "-algorithm", "ed25519")
    signer = FileSigner.read(private, lambda _: None)
    made = sign_snapshot(snapshot, signer)
    facts = [
        row for row in grids(written(assess(snapshot, catalog=catalog()), tmp_path))["Cover"] if row[0] == "Signature"
    ]
    assert facts[0][1] == f"Ed25519, public key SHA-256 {made.public_key_sha256}"


def test_days_of_waivers_are_dates_and_an_owner_who_approves_is_remarked(path: Path) -> None:
    page = sheet(opened(path), "Waivers")
    heads = [cell.value for cell in page[HEADERS["Waivers"]]]
    days = [heads.index(name) for name in ("First day (UTC)", "Last day (UTC)")]
    rows = [row for row in page.iter_rows(min_row=HEADERS["Waivers"] + 1) if row[0].value]
    assert [row[days[0]].value for row in rows] == [datetime(2026, 11, 1)] * 2
    assert {row[at].number_format for row in rows for at in days} == {"yyyy-mm-dd"}
    remarks = {row["Waiver"]: row["Remark"] for row in table(grids(path)["Waivers"], HEADERS["Waivers"])}
    assert remarks == {"W-1": "owner and approver are the same person", "W-2": ""}


def test_the_catalogue_hides_nothing(path: Path, assessment: Assessment) -> None:
    page = sheet(opened(path), "Catalogue")
    assert not any(dimension.hidden for dimension in page.column_dimensions.values())
    found = set(texts(path, "Catalogue"))
    for control in assessment.catalog_controls:
        assert {control.id, control.why, control.how_tested, control.remediation.console} <= found
        assert not control.notes or "\n".join(control.notes) in found
        assert all(f"{n} = " in " ".join(found) for n in control.parameters)
        assert not control.examples or "\n".join(["Examples", *map(in_words, control.examples)]) in found


def test_examples_stand_beside_the_printed_columns(path: Path) -> None:
    page = sheet(opened(path), "Catalogue")
    assert str(page.print_area).split("!")[1].startswith("$A$1:$D$")
    found = [cell.coordinate for row in page.iter_rows() for cell in row if str(cell.value).startswith("Examples")]
    assert found
    assert all(place.startswith("E") for place in found)


EMPTY = {
    "Scope & completeness": "No account was listed.",
    "Exceptions": "No unit failed a control.",
    "Population": "No credential report was collected.",
    "Re-performance": "No verdict rests on the credential reports alone.",
    "Waivers": "No waiver was given.",
    "Gaps": "No evidence is missing, and every verdict could be given.",
    "Manual": "No requirement of the chosen benchmarks has needs manual review.",
}


def test_an_empty_sheet_says_in_a_sentence_that_there_is_nothing(tmp_path: Path) -> None:
    nothing = judged(tmp_path, {}, benchmarks=["aws-iam-rules"])
    shown = opened(written(nothing, tmp_path))
    for title, words in EMPTY.items():
        page = sheet(shown, title)
        (cell,) = (cell for row in page.iter_rows() for cell in row if cell.value == words)
        assert inside(page, cell.row, cell.column), title


@pytest.mark.parametrize("title", SHEETS)
def test_everything_that_is_shown_is_printed(path: Path, title: str) -> None:
    """But for the columns that the top of each page names, and the words above the Matrix, which stand there."""
    page = sheet(opened(path), title)
    beyond = [cell for cell in cells(page) if not inside(page, cell.row, cell.column)]
    named = named_columns(str(page.oddHeader.left.text or "")) if page.oddHeader else set()
    unnamed = [cell.coordinate for cell in beyond if cell.column not in named]
    assert unnamed == (["A1"] if title == "Matrix" else [])


def named_columns(note: str) -> set[int]:
    """The numbers of the columns in ``Not printed, in the workbook only: columns L, P to W (Collected ...)``."""
    runs = re.findall(r"\b([A-Z]{1,2})(?: to ([A-Z]{1,2}))?\b", note.partition("columns ")[2].partition("(")[0])
    runs += re.findall(r"column ([A-Z]{1,2})() ", note)
    ends = [(column_index_from_string(first), column_index_from_string(last or first)) for first, last in runs]
    return {number for first, last in ends for number in range(first, last + 1)}


def cells(page: Worksheet) -> Iterator[Any]:
    for row in page.iter_rows():
        for cell in row:
            assert cell.column is not None
            hidden = page.column_dimensions[get_column_letter(cell.column)].hidden
            if cell.value is not None and not hidden:
                yield cell


def inside(page: Worksheet, row: int, column: int) -> bool:
    left, top, right, bottom = range_boundaries(str(page.print_area).rpartition("!")[2].replace("$", ""))
    return bool((left or 0) <= column <= (right or 0) and (top or 0) <= row <= (bottom or 0))
