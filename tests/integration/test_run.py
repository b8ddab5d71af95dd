"""``auditor run`` on sixty boxed accounts, some of them broken: what it finds is what was planted."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from auditor import schema
from auditor.catalog import load_catalog
from auditor.model import CREDENTIAL_REPORT, EC2_INSTANCES
from auditor.times import iso
from tests.boxed import AS_OF, Box, Completed, day, read_csv
from tests.by_kind import controls_tested_by_kind
from tests.expected import Expected
from tests.expected.kinds import DEFAULT_KINDS
from tests.support import waiver, waivers_file

KINDS = {*DEFAULT_KINDS, EC2_INSTANCES}


@pytest.fixture(scope="module")
def ran(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Completed:
    out = tmp_path_factory.mktemp("reports")
    settings = out / "auditor.yaml"
    settings.write_text(
        f"out: {out}\nas_of: {AS_OF.isoformat()}\nreport_timeout: 10\nformat: [xlsx, csv, json]\nec2_instances: true\n"
        f"benchmark: {json.dumps(list(load_catalog().benchmarks))}\n"
    )
    return box.auditor("run", "--config", settings)


@pytest.fixture(scope="module")
def snapshot(ran: Completed) -> Path:
    return Path(ran.stdout.splitlines()[-1])


def test_the_exit_code_says_that_there_are_gaps(ran: Completed) -> None:
    assert ran.returncode == 4, ran.stderr
    assert ran.stderr == "", "nothing but trouble belongs on stderr when it is not a terminal"


def judged(snapshot: Path) -> list[dict[str, str]]:
    """The findings, but for those that the tests of their kind of evidence compare with what is planted."""
    elsewhere = controls_tested_by_kind()
    return [finding for finding in read_csv(snapshot / "findings.csv") if finding["control_id"] not in elsewhere]


def test_the_failures_are_the_planted_ones_and_no_others(box: Box, snapshot: Path) -> None:
    fails = [f for f in judged(snapshot) if f["status"] == "FAIL"]
    found = [(f["account_id"], f["control_id"], f["resource_name"], f["credential"]) for f in fails]
    assert len(found) == len(set(found))
    assert set(found) == Expected(box.sandbox, KINDS).failures()
    assert len(found) > 1000, "a box without failures proves nothing"


def test_every_account_of_the_organization_is_in_accounts_csv(box: Box, snapshot: Path) -> None:
    rows = read_csv(snapshot / "accounts.csv")
    assert {r["account_id"]: r["outcome"] for r in rows} == Expected(box.sandbox).outcomes()
    assert len(rows) == 60
    assert any(r["account_id"].startswith("0") for r in rows)


def test_gaps_have_stage_code_and_message(box: Box, snapshot: Path) -> None:
    rows = {r["account_id"]: r for r in read_csv(snapshot / "accounts.csv")}
    for account_id, gap in Expected(box.sandbox).gaps().items():
        assert (rows[account_id]["gap_stage"], rows[account_id]["gap_code"]) == gap
        assert rows[account_id]["gap_message"]


def test_names_states_and_ou_paths_are_those_of_the_organization(box: Box, snapshot: Path) -> None:
    rows = {r["account_id"]: r for r in read_csv(snapshot / "accounts.csv")}
    for account in box.sandbox.organization.accounts:
        assert rows[account.id]["account_name"] == account.name
        assert rows[account.id]["state"] == account.state
        assert rows[account.id]["ou_path"].startswith("Root")


def test_findings_keep_the_contract(snapshot: Path) -> None:
    findings = read_csv(snapshot / "findings.csv")
    assert list(findings[0]) == list(schema.FINDINGS)
    assert {f["status"] for f in findings} == {"PASS", "FAIL", "NO_EVIDENCE", "MANUAL"}
    assert {f["as_of"] for f in findings} == {iso(AS_OF)}
    assert {f["snapshot_id"] for f in findings} == {snapshot.name}


def test_every_verdict_names_the_line_it_came_from(box: Box, snapshot: Path) -> None:
    decided = [f for f in judged(snapshot) if f["status"] in ("PASS", "FAIL")]
    for finding in decided[::37]:
        lines = (snapshot / finding["evidence_file"]).read_text(encoding="utf-8-sig").splitlines()
        line = lines[int(finding["evidence_line"]) - 1]
        # AWS gives no ARN of an instance, only its id.
        assert finding["resource_arn"] in line or ":instance/" in finding["resource_arn"]
        assert finding["resource_name"].replace("<root_account>", "root") in line


def rows_with(snapshot: Path, status: str) -> set[tuple[str, str]]:
    """(account id, control id) of the findings with a status."""
    return {(f["account_id"], f["control_id"]) for f in judged(snapshot) if f["status"] == status}


def test_what_lacks_evidence_is_named_and_nothing_else_is(box: Box, snapshot: Path) -> None:
    """But for reports without a column or a root row, of which the box does not say what can still be decided."""
    found, expected = rows_with(snapshot, "NO_EVIDENCE"), Expected(box.sandbox, KINDS).no_evidence()
    half = {i for i, fault in box.sandbox.faults.items() if fault in ("missing-columns", "no-root-row")}
    assert expected <= found
    assert {account for account, _ in found - expected} <= half
    assert len(expected) > 100


def test_an_account_without_a_report_is_named_by_every_control_of_reports(box: Box, snapshot: Path) -> None:
    lost = {i for i, outcome in Expected(box.sandbox).outcomes().items() if outcome == "not_assessed"}
    controls = {c.id for c in load_catalog().controls.values() if c.evidence[:1] == (CREDENTIAL_REPORT,)}
    assert {(account, control) for account in lost for control in controls} <= rows_with(snapshot, "NO_EVIDENCE")
    assert len(controls) == 28


def test_what_a_person_answers_is_named_for_every_account(box: Box, snapshot: Path) -> None:
    assert rows_with(snapshot, "MANUAL") == Expected(box.sandbox, KINDS).manual()


def test_controls_csv_counts_what_findings_csv_lists(snapshot: Path) -> None:
    counts = Counter((f["control_id"], f["status"]) for f in read_csv(snapshot / "findings.csv"))
    for control in read_csv(snapshot / "controls.csv"):
        name = control["control_id"]
        assert int(control["passed"]) == counts[name, "PASS"]
        assert int(control["failed"]) == counts[name, "FAIL"]
        assert int(control["population"]) == counts[name, "PASS"] + counts[name, "FAIL"]
        assert int(control["no_evidence"]) == counts[name, "NO_EVIDENCE"]
        assert int(control["manual"]) == counts[name, "MANUAL"]


def test_the_evidence_is_the_bytes_that_aws_answered(box: Box, snapshot: Path) -> None:
    kept = {path.parent.name: path.read_bytes() for path in snapshot.glob("evidence/*/credential-report.csv")}
    assert kept
    assert all(content == box.sandbox.report(account_id) for account_id, content in kept.items())


def test_report_gives_the_same_bytes_again_workbook_included(box: Box, snapshot: Path, tmp_path: Path) -> None:
    """A second and more between the two, so that a clock that leaks into a file shows."""
    options = [o for b in load_catalog().benchmarks for o in ("--benchmark", b)]
    options += ["--format", "xlsx", "--format", "csv", "--format", "json", "--format", "parquet"]
    time.sleep(2)
    again = box.auditor("report", snapshot, "--out", tmp_path / "again", *options)
    assert again.returncode == 4, again.stderr
    for name in ("audit.xlsx", "findings.csv", "findings.json", "accounts.csv", "controls.csv", "credentials.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (snapshot / name).read_bytes(), name
    for table in sorted((snapshot / "tables").iterdir()):
        assert (tmp_path / "again" / "tables" / table.name).read_bytes() == table.read_bytes(), table.name
    assert (tmp_path / "again" / "summary.json").read_bytes() == (snapshot / "summary.json").read_bytes()


def test_report_as_of_another_day_says_so_and_leaves_the_evidence_alone(
    box: Box, snapshot: Path, tmp_path: Path
) -> None:
    before = {p: p.read_bytes() for p in snapshot.rglob("*") if p.is_file()}
    result = box.auditor("report", snapshot, "--out", tmp_path, "--as-of", day(365), "--format", "csv")
    assert result.returncode == 4, result.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["derived_from"]["as_of"] == f"{day(365)}T00:00:00Z"
    assert {p: p.read_bytes() for p in snapshot.rglob("*") if p.is_file()} == before
    assert len(read_csv(tmp_path / "findings.csv")) > 0


def test_query_runs_over_the_newest_snapshot(box: Box, snapshot: Path) -> None:
    elsewhere = ", ".join(f"'{name}'" for name in sorted(controls_tested_by_kind()))
    sql = f"select count(*) as n from findings where status = 'FAIL' and control_id not in ({elsewhere})"
    options = [o for b in load_catalog().benchmarks for o in ("--benchmark", b)]
    result = box.auditor("query", sql, "--out", snapshot.parent, "--format", "csv", *options)
    assert result.stdout == f"n\n{len(Expected(box.sandbox, KINDS).failures())}\n", result.stderr


def test_a_collected_snapshot_is_reported_later(box: Box, tmp_path: Path) -> None:
    one = next(a for a, o in Expected(box.sandbox).outcomes().items() if o == "assessed")
    collected = box.auditor("collect", "--out", tmp_path, "--account", one, "--as-of", AS_OF.isoformat())
    assert collected.returncode == 0, collected.stderr
    _, folder = collected.stdout.splitlines()
    names = ["evidence", "evidence.sha256", "journal.jsonl", "manifest.json"]
    assert sorted(p.name for p in Path(folder).iterdir()) == names
    reported = box.auditor("report", folder, "--format", "csv", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert reported.stdout.splitlines()[-1] == folder
    fails = {f["account_id"] for f in read_csv(Path(folder) / "findings.csv") if f["status"] == "FAIL"}
    assert fails == {one}


def test_fail_on_has_its_exit_codes(box: Box, snapshot: Path, tmp_path: Path) -> None:
    result = box.auditor("report", snapshot, "--out", tmp_path, "--format", "csv", "--fail-on", "critical")
    assert result.returncode == 6


def test_accounts_tells_who_can_be_reached(box: Box) -> None:
    result = box.auditor("accounts", "--format", "json", "--quiet")
    assert result.returncode == 4, result.stderr
    rows = {r["account_id"]: r for r in json.loads(result.stdout)}
    assert len(rows) == 60
    denied = [i for i, r in rows.items() if r["reachable"] == "no"]
    assert denied == [i for i, gap in sorted(Expected(box.sandbox).gaps().items()) if gap[0] == "assume"]
    excluded = {i for i, o in Expected(box.sandbox).outcomes().items() if o == "excluded"}
    assert {i for i, r in rows.items() if r["in_scope"] == "no"} == excluded


def test_waivers_of_a_demo_are_in_its_reports_and_not_in_its_exit_code(box: Box, tmp_path: Path) -> None:
    """A run in a process of its own; the same waivers on the snapshot give the same bytes."""
    dates = {"created": day(-23), "expires": day(37)}
    everything = [waiver(c, control=c, scope="{ou: Root}", **dates) for c in load_catalog().controls]
    file = waivers_file(tmp_path, *everything)
    size = ("--accounts", "8", "--users", "3")
    options = ("--as-of", AS_OF.isoformat(), "--format", "csv", "--fail-on", "low", "--waivers", file)
    result = box.auditor("demo", *size, *options, "--out", tmp_path / "reports")
    assert result.returncode in (0, 4), result.stderr
    snapshot = Path(result.stdout.splitlines()[-1])
    fails = [f for f in read_csv(snapshot / "findings.csv") if f["status"] == "FAIL"]
    assert fails
    assert all(f["waiver_id"] == f["control_id"] for f in fails)
    again = box.auditor("report", snapshot, *options, "--format", "parquet", "--out", tmp_path / "again")
    assert again.returncode == result.returncode
    for name in ("findings.csv", "controls.csv", "waivers.csv", "summary.json"):
        assert (tmp_path / "again" / name).read_bytes() == (snapshot / name).read_bytes(), name
    file.write_text("waivers: []\n")
    assert box.auditor("report", snapshot, *options, "--out", tmp_path / "again").returncode in (5, 6)
