"""Waivers where people and programs see them: the command line, the reports and the summary."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import auditor
from auditor.cli import main
from tests.support import OTHER, ago, key, report, root, stored, user, waiver, waivers_file

ACCOUNT = "000000000007"
# The snapshot holds credential reports only, so that controls that read more have no evidence.
DONE, MET = (0, 4), (5, 6)


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Three keys that are too old, one of them in another account."""
    old = key(1, ago(91))
    reports = {
        ACCOUNT: report([root(), user("ann", **old), user("bob", **old)]),
        OTHER: report([root(OTHER), user("svc-1", OTHER, **old), user("new", OTHER, **key(1, ago(1)))]),
    }
    (tmp_path / "reports").mkdir()
    return stored(tmp_path / "reports", reports).folder


def file_of(snapshot: Path, *entries: str) -> Path:
    return waivers_file(snapshot.parent, *entries)


def ran(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def summary(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return content


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


OLD = waiver("W-old", created="2025-11-01", expires="2026-10-31", scope="{user: bob}")
IDLE = waiver("W-idle", scope="{user: nobody}")


def test_the_result_tells_of_waivers_in_few_columns(
    snapshot: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = file_of(snapshot, waiver(scope="{user: [ann, 'svc-*']}"), OLD, IDLE)
    assert ran("report", snapshot, "--waivers", file, "--format", "csv") in DONE
    said = capsys.readouterr().out
    lines = squeezed(said)
    assert "2.12 access-key-rotated-90d medium 3 of 4 (2 waived) 0" in lines
    assert "Waivers: 2 failures waived; 1 active, 1 expired, 1 unmatched" in lines
    assert "W-old expired access-key-rotated-90d 2026-10-31 1" in lines
    assert "W-idle unmatched access-key-rotated-90d 2026-12-31 0" in lines
    assert not any(line.startswith("W-1 ") for line in lines)
    assert max(len(line) for line in said.splitlines() if line.startswith(("W-", "Waivers"))) <= 80


def test_who_approved_a_waiver_of_their_own_is_remarked(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever waivers are shown on a terminal; nothing is said where another person approved each."""
    own = waiver("W-own", control="credentials-unused-45d", owner="Ann Lee", approver='" ann  LEE"')
    file = file_of(snapshot, waiver(), own)
    for command in (("report", snapshot, "--waivers", file, "--format", "csv"), ("waivers", "check", file)):
        ran(*command)
        assert "owner and approver are the same person: W-own" in squeezed(capsys.readouterr().out)
    ran("waivers", "check", file_of(snapshot, waiver()))
    assert "same person" not in capsys.readouterr().out


def test_many_that_need_a_person_are_cut_short(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = file_of(snapshot, *(waiver(f"W-{n}", scope=f"{{user: no-{n}}}") for n in range(25)))
    ran("report", snapshot, "--waivers", file, "--format", "csv")
    said = squeezed(capsys.readouterr().out)
    assert len([line for line in said if line.startswith("W-")]) == 20
    assert "and 5 more; 'auditor waivers check FILE SNAPSHOT' lists them all" in said


def test_without_waivers_the_result_does_not_speak_of_them(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran("report", snapshot, "--format", "csv") in DONE
    said = capsys.readouterr().out
    assert "waive" not in said.replace(str(snapshot), "").replace("waivers.csv", "").lower()
    assert rows(snapshot / "waivers.csv") == []
    assert summary(snapshot)["derived_from"]["waivers_sha256"] is None


def test_fail_on_is_not_met_by_what_is_waived(snapshot: Path) -> None:
    assert ran("report", snapshot, "--format", "csv", "--fail-on", "medium") in MET
    controls = {f["control_id"] for f in rows(snapshot / "findings.csv") if f["status"] == "FAIL"}
    entries = [waiver(f"W-{c}", control=c, scope="{ou: Root}") for c in sorted(controls)]
    options = ("--format", "csv", "--fail-on", "low", "--waivers")
    assert ran("report", snapshot, *options, file_of(snapshot, *entries)) in DONE
    assert ran("report", snapshot, *options, file_of(snapshot, *entries[1:])) in MET


def test_every_file_carries_them(snapshot: Path) -> None:
    file = file_of(snapshot, waiver(reason="=1+1"), OLD, IDLE)
    assert ran("report", snapshot, "--waivers", file) in DONE
    carried = [(f["resource_name"], f["status"]) for f in rows(snapshot / "findings.csv") if f["waiver_id"] == "W-1"]
    assert carried == [("ann", "FAIL")]
    (control,) = [c for c in rows(snapshot / "controls.csv") if c["control_id"] == "access-key-rotated-90d"]
    assert (control["population"], control["failed"], control["waived"]) == ("4", "3", "1")
    listed = {w["waiver_id"]: w for w in rows(snapshot / "waivers.csv")}
    assert {name: w["state"] for name, w in listed.items()} == {
        "W-1": "active",
        "W-idle": "unmatched",
        "W-old": "expired",
    }
    assert listed["W-1"]["reason"] == "'=1+1"
    book = openpyxl.load_workbook(snapshot / "audit.xlsx", data_only=True)
    exceptions = [[c.value for c in row] for row in book["Exceptions"].iter_rows(min_row=3)]
    at = exceptions[0].index("Waiver")
    assert [row[at] for row in exceptions[1:]].count("W-1") == 1
    assert [row[0].value for row in book["Waivers"].iter_rows(min_row=3)] == ["Waiver", "W-1", "W-idle", "W-old"]
    heads, *controls = [[c.value for c in row] for row in book["Controls"].iter_rows(min_row=3)]
    (told,) = [dict(zip(heads, row, strict=True)) for row in controls if "access-key-rotated-90d" in row]
    assert (told["Failed"], told["Of these, waived"], told["Failed of population"]) == (3, 1, "3 of 4")
    said = [c.value for row in book["Cover"].iter_rows() for c in row if isinstance(c.value, str)]
    assert any(text.startswith("1 failure waived; waivers: 1 expired, 1 unmatched, 1 active; file") for text in said)


def test_the_summary_counts_them_and_names_the_file_by_its_hash(snapshot: Path, tmp_path: Path) -> None:
    file = file_of(snapshot, waiver(), OLD, IDLE)
    assert ran("report", snapshot, "--waivers", file, "--format", "csv") in DONE
    first = summary(snapshot)
    assert first["waivers"] == {
        "total": 3,
        "failures_waived": 1,
        "by_state": {"expired": 1, "not yet valid": 0, "unmatched": 1, "not tested": 0, "active": 1},
        "expired": ["W-old"],
        "not_yet_valid": [],
        "unmatched": ["W-idle"],
        "not_tested": [],
    }
    assert len(first["derived_from"]["waivers_sha256"]) == 64
    assert sum(control["waived"] for control in first["controls"]) == 1
    moved, tables = tmp_path / "elsewhere.yaml", ("--format", "csv", "--format", "parquet")
    moved.write_bytes(file.read_bytes())
    assert ran("report", snapshot, "--waivers", moved, "--out", tmp_path / "again", *tables) in DONE
    assert (tmp_path / "again" / "summary.json").read_bytes() == (snapshot / "summary.json").read_bytes()
    moved.write_bytes(file.read_bytes() + b"# checked\n")
    assert ran("report", snapshot, "--waivers", moved, "--format", "csv", "--out", tmp_path / "again") in DONE
    assert summary(tmp_path / "again")["derived_from"] != first["derived_from"]


def test_the_settings_file_may_name_it(snapshot: Path, tmp_path: Path) -> None:
    file = file_of(snapshot, waiver(expires="2027-12-31"))
    settings = tmp_path / "auditor.yaml"
    settings.write_text(f"waivers: {file}\nwaiver_max_days: 500\nformat: csv\n")
    assert ran("report", snapshot, "--config", settings) in DONE
    assert summary(snapshot)["waivers"]["failures_waived"] == 1
    settings.write_text(f"waivers: {file}\nformat: csv\n")
    assert ran("report", snapshot, "--config", settings) == 2


@pytest.mark.parametrize(
    "command", [("report", "{snapshot}"), ("run",), ("demo",), ("query", "select 1", "--snapshot", "{snapshot}")]
)
def test_a_bad_file_ends_every_command_before_anything_is_done(
    snapshot: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(snapshot.rglob("*"))
    file = file_of(snapshot, waiver(control="nothing"))
    arguments = [part.format(snapshot=snapshot) for part in command]
    assert ran(*arguments, "--waivers", file) == 2
    assert capsys.readouterr().err.startswith(f"auditor: {file}:3: waiver 'W-1': unknown control 'nothing'")
    assert sorted(snapshot.rglob("*")) == before


def test_query_has_a_table_of_them(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = file_of(snapshot, waiver(), OLD)
    sql = "select waiver_id, state, waived from waivers order by all"
    options = ("--snapshot", snapshot, "--waivers", file, "--format", "csv")
    assert ran("query", sql, *options) == 0
    assert capsys.readouterr().out == "waiver_id,state,waived\nW-1,active,1\nW-old,expired,0\n"


def test_notebooks_can_name_a_file(snapshot: Path) -> None:
    file = file_of(snapshot, waiver())
    assert set(auditor.evaluate(snapshot, waivers=file)["waiver_id"]) == {"", "W-1"}
    assert set(auditor.evaluate(snapshot)["waiver_id"]) == {""}


def test_check_says_how_a_file_stands_today(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soon = waiver("W-soon", expires="2026-12-24", scope="{user: ann}")
    later = waiver("W-later", expires="2026-12-25", scope="{user: bob}")
    file = file_of(snapshot, soon, later, OLD, IDLE.replace("2026-12-31", "2027-10-31"))
    assert ran("waivers", "check", file, "--as-of", "2026-11-24T23:59:59Z") == 0
    said = squeezed(capsys.readouterr().out)
    assert said[0].endswith(
        "waivers.yaml: 4 entries, no errors; at 2026-11-24T23:59:59Z: 3 active, 1 expired; 1 expire within 30 days"
    )
    assert said[1] == "name a snapshot to see which failures they cover"
    assert [line.split()[0] for line in said[3:]] == ["W-old", "W-soon"]
    assert ran("waivers", "check", file) == 0


def test_check_with_a_snapshot_says_what_they_cover(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untested = waiver("W-other", control="root-mfa-always", scope="{ou: Root}", expires="2027-10-31")
    file = file_of(snapshot, waiver(expires="2027-10-31"), OLD, IDLE.replace("2026-12-31", "2027-10-31"), untested)
    before = {path: path.read_bytes() for path in snapshot.rglob("*") if path.is_file()}
    assert ran("waivers", "check", file, snapshot) == 0
    said = squeezed(capsys.readouterr().out)
    assert "1 active, 1 expired, 1 unmatched, 1 not tested; 0 expire within 30 days" in said[0]
    assert said[2:] == [
        "W-old expired access-key-rotated-90d 2026-10-31 1",
        "W-idle unmatched access-key-rotated-90d 2027-10-31 0",
    ]
    assert {path: path.read_bytes() for path in snapshot.rglob("*") if path.is_file()} == before
    assert ran("waivers", "check", file, snapshot, "--benchmark", "cis-aws-1.2.0") == 0
    assert "not tested" not in capsys.readouterr().out


def test_check_of_a_bad_file_or_snapshot_is_wrong_usage(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran("waivers", "check", file_of(snapshot, waiver(ticket=""))) == 2
    assert "waivers.yaml:2: waiver 'W-1': ticket is missing" in capsys.readouterr().err
    assert ran("waivers", "check", file_of(snapshot, waiver()), snapshot.parent) == 2
    assert ran("waivers", "check", snapshot / "none.yaml") == 2
    assert ran("waivers", "check", file_of(snapshot), snapshot) == 0
