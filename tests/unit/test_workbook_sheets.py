"""The sheets of the workbook read back by openpyxl: what they hold, and how they look and print."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook.workbook import Workbook as Book

from auditor.judge.assessment import Assessment
from auditor.report.workbook import SHEETS as MADE
from auditor.report.workbook import Workbook
from auditor.report.workbook.responses import RESPONSES
from auditor.report.workbook.sheets.exceptions import owners
from auditor.report.workbook.style import COMPLETE
from tests.books import HEADERS, SHEETS, column, grids, opened, sheet, table
from tests.support import (
    ACCOUNT,
    AS_OF,
    OTHER,
    ago,
    excluded,
    judged,
    key,
    password,
    report,
    root,
    unreachable,
    user,
    waiver,
    waivers_of,
)

USERS = [
    user("at-90", **key(1, rotated=ago(90, seconds=86_399), used=ago(1))),
    user("at-91", **key(1, rotated=ago(91), used=ago(1))),
    user("at-44", **password(used=ago(44, seconds=86_399), changed=ago(500)), mfa_active="true"),
    user("at-45", **password(used=ago(45), changed=ago(500)), mfa_active="true"),
    user("at-46", **password(used=ago(46), changed=ago(500)), mfa_active="true"),
    user("rotated-45", **key(1, rotated=ago(45, seconds=86_399), used=ago(1))),
    user("rotated-46", **key(1, rotated=ago(46), used=ago(1))),
    user("never", **password(used="no_information", changed=ago(10)), **key(2, rotated=ago(200), active="false")),
]


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("snapshot")
    waivers = waivers_of(folder, waiver("W-1", scope="{user: at-91}"), waiver("W-2", scope="{user: nobody}"))
    reports = {ACCOUNT: report([root(), *USERS]), OTHER: report([root(OTHER)])}
    made = judged(folder, reports, unreachable("000000000009"), excluded("000000000010"), waivers=waivers)
    seen = pd.Series(pd.Timestamp(AS_OF - timedelta(days=92)), made.findings.index).astype("datetime64[us, UTC]")
    accounts = made.accounts.assign(tags=["Team=x; OWNER=ann=b", *[""] * (len(made.accounts) - 1)])
    return replace(made, first_seen=seen, accounts=accounts, period="2026Q4")


@pytest.fixture(scope="module")
def path(assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (written,) = Workbook().write(assessment, tmp_path_factory.mktemp("book"))
    return written


@pytest.fixture(scope="module")
def book(path: Path) -> Book:
    return opened(path)


def exceptions(path: Path, control: str) -> dict[str, dict[str, object]]:
    rows = table(grids(path)["Exceptions"], HEADERS["Exceptions"])
    return {row["User"]: row for row in rows if row["Control"] == control}


def test_sheets_are_there_in_order(book: Book) -> None:
    assert book.sheetnames == SHEETS == list(MADE)


def test_the_cover_names_what_was_audited_and_has_room_to_sign(path: Path, assessment: Assessment) -> None:
    cover = grids(path)["Cover"]
    facts = {row[6]: row[7] for row in cover if len(row) > 7} | {row[0]: row[1] for row in cover}
    assert facts["Organization"] == assessment.organization_id
    assert facts["Period"] == "2026Q4"
    assert facts["As of (UTC)"] == AS_OF.replace(tzinfo=None)
    assert facts["Run by"] == assessment.caller_arn
    assert facts["Snapshot"] == assessment.snapshot_id
    assert assessment.manifest_sha256 in {row[1] for row in cover}
    words = {"Prepared by", "Reviewed by", "Name", "Role", "Workpaper reference", "Date", "Signature"}
    assert words <= {value for row in cover for value in row}


def test_two_charts_of_failures_are_on_the_cover(path: Path) -> None:
    with zipfile.ZipFile(path) as package:
        charts = [package.read(name).decode() for name in package.namelist() if "/charts/chart" in name]
    assert len(charts) == 2
    assert all("'Cover'!$" in chart for chart in charts)


def test_the_statement_is_coloured_by_its_symbol(book: Book) -> None:
    """Green comes from the ✔ alone, which the formula gives only when every account in scope was assessed."""
    rules = sheet(book, "Cover").conditional_formatting
    found = {rule.formula[0]: rule.dxf for area in rules for rule in area.rules if "A2" in area.sqref}
    green = found['LEFT(A2,1)="✔"']
    assert green.fill.bgColor.rgb == COMPLETE.fill
    assert set(found) == {'LEFT(A2,1)="✔"', 'LEFT(A2,1)="▲"'}


def test_population_has_unedited_values_beside_typed_ones(path: Path) -> None:
    rows = {row["User"]: row for row in table(grids(path)["Population"], HEADERS["Population"])}
    old = rows["at-91"]
    assert old["access_key_1_last_rotated"] == ago(91)
    assert old["Key 1 last rotated (UTC)"] == (AS_OF - timedelta(days=91)).replace(tzinfo=None)
    assert (old["access_key_1_active"], old["Key 1 active"]) == ("true", "yes")
    never = rows["never"]
    assert (never["password_last_used"], never["Password last used (UTC)"]) == ("no_information", "")
    assert (never["Root"], rows["<root_account>"]["Root"]) == ("no", "yes")
    assert old["Account id"] == "000000000007"


@pytest.mark.parametrize(
    ("name", "header", "age"),
    [
        ("at-90", "Key 1 age (days)", 90),
        ("at-91", "Key 1 age (days)", 91),
        ("at-44", "Password unused (days)", 44),
        ("at-45", "Password unused (days)", 45),
        ("at-45", "Password age (days)", 500),
        ("never", "Password unused (days)", ""),
        ("never", "Key 2 age (days)", 200),
        ("rotated-45", "Key 1 unused (days)", 1),
    ],
)
def test_ages_are_whole_elapsed_days(path: Path, name: str, header: str, age: object) -> None:
    rows = {row["User"]: row for row in table(grids(path)["Population"], HEADERS["Population"])}
    assert rows[name][header] == age


def test_exceptions_are_the_failures_with_their_waivers(path: Path, assessment: Assessment) -> None:
    failed = assessment.findings[assessment.findings["status"] == "FAIL"]
    rows = table(grids(path)["Exceptions"], HEADERS["Exceptions"])
    mine = [(r["Account id"], r["Control"], r["User"], r["Observed"], r["Waiver"], r["Line"]) for r in rows]
    keys = ["account_id", "control_id", "resource_name", "observed", "waiver_id", "evidence_line"]
    own = failed[keys].astype({"evidence_line": "float"}).astype("object").itertuples(index=False, name=None)
    assert sorted(mine) == sorted(own)
    assert exceptions(path, "access-key-rotated-90d")["at-91"]["Waiver"] == "W-1"


def test_exceptions_show_the_other_places_and_the_id_of_each_finding(path: Path, assessment: Assessment) -> None:
    failed = assessment.findings[assessment.findings["status"] == "FAIL"]
    rows = table(grids(path)["Exceptions"], HEADERS["Exceptions"])
    shown = [(row["Finding id"], row["Also seen in"] or "") for row in rows]
    assert sorted(shown) == sorted(zip(failed["finding_id"], failed["also_seen_in"], strict=True))


def test_limit_and_days_over_are_right_at_the_boundary(path: Path) -> None:
    rotated = exceptions(path, "access-key-rotated-90d")
    assert "at-90" not in rotated
    assert (rotated["at-91"]["Limit"], rotated["at-91"]["Days over"]) == ("90 days or less", 1)
    unused = exceptions(path, "credentials-unused-45d")
    assert "at-44" not in unused
    assert (unused["at-45"]["Limit"], unused["at-45"]["Days over"]) == ("less than 45 days", 1)
    assert unused["at-46"]["Days over"] == 2
    often = exceptions(path, "access-key-1-rotated-45d")
    assert "rotated-45" not in often
    assert (often["rotated-46"]["Limit"], often["rotated-46"]["Days over"]) == ("45 days or less", 1)


def test_exceptions_tell_owner_and_first_seen(path: Path) -> None:
    row = exceptions(path, "access-key-rotated-90d")["at-91"]
    assert row["Owner tag"] == "ann=b"
    assert row["First seen (UTC)"] == (AS_OF - timedelta(days=92)).replace(tzinfo=None)
    assert row["In violation since (UTC)"] == AS_OF.replace(tzinfo=None)
    assert row["Remediation"]


def test_the_owner_is_the_value_of_a_tag_however_spelt() -> None:
    tags = ["owner=a", "Owners=b; OWNER=c", "x=Owner=d", "", None]
    accounts = pd.DataFrame({"account_id": list("12345"), "tags": pd.Series(tags, dtype="str")})
    assert owners(accounts) == {"1": "a", "2": "c", "3": "", "4": "", "5": ""}


@pytest.mark.parametrize(("name", "offering"), [("Exceptions", "Auditor's conclusion"), ("Manual", "Answer")])
def test_answers_are_offered_in_a_list(book: Book, name: str, offering: str) -> None:
    page = sheet(book, name)
    (validation,) = page.data_validations.dataValidation
    letter = get_column_letter([cell.value for cell in page[3]].index(offering) + 1)
    assert str(validation.sqref) == f"{letter}4:{letter}{page.max_row}"
    assert validation.type == "list"
    assert "Open" in validation.formula1


@pytest.mark.parametrize("name", ["Exceptions", "Manual"])
def test_only_the_answers_can_be_filled_in(book: Book, name: str) -> None:
    page = sheet(book, name)
    answers = [number for number, cell in enumerate(page[3], start=1) if cell.value in RESPONSES[name]]
    assert len(answers) == len(RESPONSES[name])
    assert page.max_row > 3
    for row in page.iter_rows(min_row=4):
        assert [cell.column for cell in row if not cell.protection.locked] == answers


@pytest.mark.parametrize("name", ["Exceptions", "Manual", "Re-performance"])
def test_sheets_are_protected_without_a_password(book: Book, name: str) -> None:
    protection = sheet(book, name).protection
    assert protection.sheet
    assert protection.password is None


def test_limits_and_as_of_can_be_changed(book: Book) -> None:
    page = sheet(book, "Re-performance")
    rows = {row[0].value: row[1] for row in page.iter_rows(max_col=2) if row[1].value is not None}
    free = [name for name, cell in rows.items() if not cell.protection.locked]
    assert "As of (UTC)" in free
    assert "access-key-rotated-90d: max_age_days" in free
    assert "Verdicts computed again" not in free


@pytest.mark.parametrize("name", list(HEADERS))
def test_tables_can_be_filtered_and_keep_their_header_on_each_page(book: Book, name: str) -> None:
    page, row = sheet(book, name), HEADERS[name]
    assert page.print_title_rows == f"${row}:${row}"
    assert str(page.freeze_panes).endswith(str(row + 1))
    if name != "Matrix":
        (found,) = page.tables.values()
        assert found.autoFilter is not None
        assert [c.name for c in found.tableColumns] == [cell.value for cell in page[row] if cell.value is not None]


@pytest.mark.parametrize("name", SHEETS)
def test_sheets_print_landscape_with_page_numbers(book: Book, name: str) -> None:
    page = sheet(book, name)
    upright = name in ("Cover", "Catalogue")
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("portrait" if upright else "landscape", 9)
    assert page.print_area
    footer = page.oddFooter
    assert footer is not None
    assert (footer.left.text, footer.right.text) == ("&A", "Page &P of &N")


def test_meaning_survives_black_and_white(path: Path) -> None:
    outcomes = {row["Outcome"] for row in table(grids(path)["Scope & completeness"], 3)}
    assert outcomes == {"✔ assessed", "□ excluded", "✘ not_assessed"}


def test_every_time_says_that_it_is_utc(book: Book) -> None:
    for name, row in HEADERS.items():
        page = sheet(book, name)
        for cells in page.iter_cols(min_row=row):
            if any(isinstance(cell.value, datetime) for cell in cells[1:]) and name != "Re-performance":
                assert "UTC" in str(cells[0].value), (name, cells[0].value)


def test_links_lead_to_exceptions_and_definitions(book: Book) -> None:
    page = sheet(book, "Controls")
    links = {
        cell.coordinate: str(cell.hyperlink.location) for row in page.iter_rows() for cell in row if cell.hyperlink
    }
    failed = column(page, "Failed", 3)
    failed = [number for number in failed if number is not None]
    assert sum(location.startswith("Catalogue!") for location in links.values()) == len(failed)
    assert sum(location.startswith("Exceptions!") for location in links.values()) > 0
    for cell, location in links.items():
        target, place = location.split("!")
        wanted = page[f"D{page[cell].row}"].value
        letter = "A" if target == "Catalogue" else "D"
        assert sheet(book, target)[f"{letter}{place.lstrip('A')}"].value == wanted


def test_the_properties_name_program_and_time(book: Book) -> None:
    assert book.properties.creator == "auditor 0.1.0"
    assert book.properties.created == book.properties.modified == AS_OF.replace(tzinfo=None)
    assert "o-test" in str(book.properties.title)
