"""``report --split-by``: no book and no file has a row, a name or an id of somebody else's account."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from auditor.judge.assessing import assess
from auditor.report import Output, write_reports
from auditor.store.snapshot import Snapshot
from tests import divided
from tests.boxed import Box, Completed, error_line, read_csv
from tests.divided import ACCOUNTS, EVERY, marks_of
from tests.fork_server import run_command
from tests.planted import every_text
from tests.support import ACCOUNT, waivers_file

FILES = {"accounts.csv", "controls.csv", "credentials.csv", "findings.csv", "waivers.csv"}
FILES |= {"audit.xlsx", "findings.json", "summary.json", "reports.sha256"}
BY = {"ou": "by-ou", "account": "by-account", "tag:Owner": "by-tag-Owner"}
FORMATS = ("--format", "csv", "--format", "json")


def auditor(*arguments: str | Path) -> Completed:
    return run_command(arguments, timeout=300)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return divided.divided(tmp_path_factory.mktemp("divided"))


@pytest.fixture(scope="module")
def out(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports that were split in every way, each in a folder that is called like that of its parts."""
    folder = tmp_path_factory.mktemp("split")
    waivers = waivers_file(folder, *divided.waiver_entries())
    books = {"ou": ("--format", "xlsx"), "tag:Owner": ("--format", "xlsx")}  # one for each account takes its time
    for split_by, name in BY.items():
        arguments = ("report", snapshot.folder, "--out", folder / name, "--waivers", waivers, "--split-by", split_by)
        found = auditor(*arguments, *FORMATS, *books.get(split_by, ()))
        assert (found.returncode, found.stderr) == (4, "")
        assert f"{folder / name / name / 'index.csv'}\n" in found.stdout
        (folder / f"{name}.stdout").write_text(found.stdout)
    return folder


def below(out: Path, split_by: str) -> Path:
    return out / BY[split_by] / BY[split_by]


def folders(out: Path, split_by: str) -> list[Path]:
    return sorted(path for path in below(out, split_by).iterdir() if path.is_dir())


def ids_in(folder: Path) -> set[str]:
    return {row["account_id"] for row in read_csv(folder / "accounts.csv")}


@pytest.mark.parametrize("split_by", BY)
def test_no_file_of_a_part_tells_of_another_account(out: Path, snapshot: Snapshot, split_by: str) -> None:
    caller = snapshot.manifest.caller.arn
    for folder in folders(out, split_by):
        own = ids_in(folder)
        found = every_text(folder).decode(errors="replace").replace(caller, "")
        if ACCOUNT in own:  # the organization's policies are attached to all of them
            found = "".join(
                line for line in found.replace("SCP guard", "\nSCP guard").split("\n") if "SCP guard" not in line
            )
        for mark in (mark for other in set(EVERY) - own for mark in marks_of(other)):
            assert mark not in found, f"{folder.name} tells of {mark}"
        for mark in (mark for one in own & set(ACCOUNTS) for mark in marks_of(one)):
            assert mark in found, f"{folder.name} does not show of {mark}"


@pytest.mark.parametrize("split_by", ["ou", "tag:Owner"])
def test_no_cell_of_a_book_tells_of_another_account(out: Path, snapshot: Snapshot, split_by: str) -> None:
    for folder in folders(out, split_by):
        others = [mark for other in set(EVERY) - ids_in(folder) for mark in marks_of(other)]
        cells = [text for text in texts_of(folder / "audit.xlsx") if "SCP guard" not in text]
        caller = snapshot.manifest.caller.arn
        assert cells
        assert [t for t in cells if any(mark in t.replace(caller, "") for mark in others)] == []


def texts_of(path: Path) -> Iterator[str]:
    for sheet in openpyxl.load_workbook(path):
        yield from (str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


@pytest.mark.parametrize("split_by", BY)
def test_every_account_and_every_finding_is_in_exactly_one_part(out: Path, split_by: str) -> None:
    parts = folders(out, split_by)
    assert sorted(i for folder in parts for i in ids_in(folder)) == sorted(EVERY)
    for name in ("findings.csv", "credentials.csv", "accounts.csv"):
        whole = (out / BY[split_by] / name).read_text().splitlines(keepends=True)
        together = [line for folder in parts for line in (folder / name).read_text().splitlines(keepends=True)[1:]]
        assert sorted(together) == sorted(whole[1:])


@pytest.mark.parametrize("split_by", BY)
def test_the_index_names_every_file_with_its_owner_and_its_sum(out: Path, split_by: str) -> None:
    top = below(out, split_by)
    rows = read_csv(top / "index.csv")
    assert list(rows[0]) == ["owner", "file", "accounts", "failures", "waived", "no_evidence", "sha256"]
    paths = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    assert {row["file"] for row in rows} == paths - {"index.csv", "index.xlsx"}
    for row in rows:
        file = top / row["file"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == row["sha256"]
        findings = read_csv(file.parent / "findings.csv")
        assert int(row["failures"]) == sum(f["status"] == "FAIL" for f in findings)
        assert int(row["waived"]) == sum(f["waiver_id"] != "" for f in findings)
        assert int(row["no_evidence"]) == sum(f["status"] == "NO_EVIDENCE" for f in findings)
        assert int(row["accounts"]) == len(ids_in(file.parent))
    if split_by != "account":
        assert {row["sha256"] for row in rows} <= set(texts_of(top / "index.xlsx"))


@pytest.mark.parametrize("split_by", BY)
def test_summaries_tell_what_a_file_is_a_part_of(out: Path, split_by: str) -> None:
    whole = json.loads((out / BY[split_by] / "summary.json").read_text())
    assert (whole["derived_from"]["part"], whole["derived_from"]["output"]["split_by"]) == (None, split_by)
    owners = {row["file"].partition("/")[0]: row["owner"] for row in read_csv(below(out, split_by) / "index.csv")}
    for folder in folders(out, split_by):
        part = json.loads((folder / "summary.json").read_text())
        assert part["derived_from"]["part"] == owners[folder.name]
        assert part["derived_from"]["manifest_sha256"] == whole["derived_from"]["manifest_sha256"]
        assert set(part["files"]) == {path.name for path in folder.iterdir()} - {"summary.json", "reports.sha256"}
        for name, identity in part["files"].items():
            assert whole["files"][f"{BY[split_by]}/{folder.name}/{name}"] == identity
    assert f"{BY[split_by]}/index.csv" in whole["files"]


def test_a_part_has_the_files_that_the_whole_has(out: Path) -> None:
    for folder in folders(out, "ou"):
        assert {path.name for path in folder.iterdir()} == FILES
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_cover_says_whose_part_it_is(out: Path) -> None:
    cells = [str(text) for text in texts_of(below(out, "ou") / "Root-Prod" / "audit.xlsx")]
    assert any(text.startswith("Only the part of Root/Prod: 3 accounts listed") for text in cells)


def test_the_files_of_parts_are_not_listed_on_the_terminal(out: Path) -> None:
    told = (out / "by-tag-Owner.stdout").read_text()
    assert "index.xlsx" in told
    assert "team-one" not in told


def test_owners_that_are_gone_leave_no_files_behind(snapshot: Snapshot, tmp_path: Path) -> None:
    arguments = ("report", snapshot.folder, "--out", tmp_path, "--format", "csv")
    auditor(*arguments, "--split-by", "ou")
    parts = [path for path in (tmp_path / "by-ou").rglob("*.csv") if path.parent != tmp_path / "by-ou"]
    assert len(parts) == 5 * 5
    parts[0].write_text("mine")
    auditor(*arguments, "--split-by", "tag:Owner")
    assert [path for path in (tmp_path / "by-ou").rglob("*") if path.is_file()] == [parts[0]], "what was edited stays"
    assert list((tmp_path / "by-tag-Owner").glob("*/findings.csv"))
    again = auditor(*arguments)
    assert not (tmp_path / "by-tag-Owner").exists()
    assert re.search(r"removed from .*: by-tag-Owner/.* and \d+ more$", error_line(again))


def test_verify_knows_the_files_of_parts(snapshot: Snapshot, tmp_path: Path) -> None:
    copy = divided.divided(tmp_path).folder
    auditor("report", copy, "--split-by", "ou", "--format", "csv")
    subprocess.run(["sha256sum", "-c", "--strict", "reports.sha256"], cwd=copy, check=True, capture_output=True)
    for folder in (copy / "by-ou").glob("*/"):
        subprocess.run(["sha256sum", "-c", "--strict", "reports.sha256"], cwd=folder, check=True, capture_output=True)
    (copy / "by-ou" / "Root-Dev" / "findings.csv").write_text("forged")
    assert "by-ou/Root-Dev/findings.csv" in auditor("verify", copy).stdout


def test_what_cannot_be_split_by_is_refused_before_anything_is_written(snapshot: Snapshot, tmp_path: Path) -> None:
    for given, sentence in (
        ("tag:owner", "no account has this tag (did you mean 'Owner'?)"),
        ("oo", "--split-by: 'oo' is not what reports can be split by (did you mean 'ou'?)"),
        ("tag:", "known: ou, account, tag:NAME"),
    ):
        found = auditor("report", snapshot.folder, "--out", tmp_path / "out", "--split-by", given)
        assert (found.returncode, found.stdout) == (2, "")
        assert sentence in error_line(found)
        assert not list((tmp_path / "out").glob("*"))
    untagged = divided.divided(tmp_path / "untagged", tags=False)
    found = auditor("report", untagged.folder, "--out", tmp_path / "out", "--split-by", "tag:Owner")
    assert found.returncode == 2
    assert "has no tags of accounts" in error_line(found)


def test_index_files_are_as_safe_as_all_others(snapshot: Snapshot, tmp_path: Path) -> None:
    auditor("report", snapshot.folder, "--out", tmp_path, "--split-by", "ou", "--format", "csv", "--csv-delimiter", ";")
    with (tmp_path / "by-ou" / "index.csv").open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert rows[0][:2] == ["owner", "file"]
    assert not (tmp_path / "by-ou" / "index.xlsx").exists()


def test_a_run_that_is_split_by_a_tag_collects_the_tags(box: Box, tmp_path: Path) -> None:
    scope = [a for account in box.sandbox.organization.accounts[3:6] for a in ("--account", account.id)]
    found = box.auditor("run", "--out", tmp_path, "--split-by", "tag:Environment", "--format", "csv", *scope)
    assert found.returncode in (0, 4), found.stderr
    index = read_csv(Path(found.stdout.splitlines()[-1]) / "by-tag-Environment" / "index.csv")
    assert {row["owner"] for row in index} - {"(no tag)"}


def test_each_part_is_told_before_it_is_written(snapshot: Snapshot, tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []

    def tell(part: int, parts: int) -> None:
        written = tmp_path / "by-account"
        told.append((part, parts, sum(path.is_dir() for path in written.iterdir())))

    write_reports(assess(snapshot), tmp_path, ["csv"], Output(split_by="account"), tell)
    parts = len([path for path in (tmp_path / "by-account").iterdir() if path.is_dir()])
    assert told == [(number, parts, number - 1) for number in range(1, parts + 1)]
