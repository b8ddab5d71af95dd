"""``auditor controls``: what it lists, shows and compares, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.catalog import compare, config_folder, load_catalog
from auditor.cli.main import main
from auditor.report.verdict_changes import counted, verdict_changes
from tests import reporting
from tests.fork_server import run_command
from tests.support import ACCOUNT, OTHER, ago, key, password, report, root, stored, unreachable, user

FACTS: dict[str, list[tuple[str, str, int, str]]] = json.loads(
    (Path(__file__).parents[1] / "data" / "cis_requirements.json").read_text(encoding="utf-8")
)
# A requirement whose meaning differs by version points at a control of its own.
SIBLINGS = {
    "credentials-unused-45d": ("credentials-unused-90d", {"1.2.0", "1.3.0"}),
    "root-mfa": ("root-mfa-always", set(FACTS) - {"5.0.0", "6.0.0", "7.0.0"}),
    "root-hardware-mfa": ("root-hardware-mfa-always", set(FACTS) - {"5.0.0", "6.0.0", "7.0.0"}),
}


class Auditor:
    """The command in this process; ``text`` is what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object, code: int = 0) -> str:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        assert left.value.code == code, captured.err
        return captured.err if code else captured.out

    def json(self, *arguments: object) -> Any:
        return json.loads(self(*arguments, "--format", "json"))


@pytest.fixture
def auditor(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Auditor:
    monkeypatch.chdir(tmp_path)
    return Auditor(capsys)


@pytest.mark.parametrize("version", FACTS)
def test_each_version_of_cis_has_exactly_the_requirements_of_the_facts(auditor: Auditor, version: str) -> None:
    rows = auditor.json("controls", "list", "--benchmark", f"cis-aws-{version}")
    found = [(r["id"], r["control"], r["level"], r["type"]) for r in rows]
    expected = []
    for name, control, level, kind in FACTS[version]:
        sibling, versions = SIBLINGS.get(control, ("", set()))
        expected.append((name, sibling if version in versions else control, level, kind))
    assert found == expected


@pytest.mark.parametrize("version", FACTS)
def test_no_requirement_of_cis_is_unimplemented(auditor: Auditor, version: str) -> None:
    """Each is decided by evidence or shown with it; two are for people alone, as nothing can be read."""
    rows = auditor.json("controls", "list", "--benchmark", f"cis-aws-{version}")
    assert {r["assessment"] for r in rows} <= {"automated", "manual"}
    without = {r["control"] for r in rows if not r["evidence"]}
    assert without <= {"security-questions-set", "s3-block-public-access"}


def test_the_list_has_every_control_with_its_evidence(auditor: Auditor) -> None:
    rows = {r["control"]: r for r in auditor.json("controls", "list")}
    assert set(rows) == set(load_catalog().controls)
    assert rows["root-hardware-mfa"] == {
        "control": "root-hardware-mfa",
        "severity": "high",
        "unit": "root",
        "assessment": "automated",
        "decided_by": "predicate",
        "evidence": ["credential-report", "account-summary", "virtual-mfa-devices"],
        "title": "The root user has a hardware MFA device, or has no password",
    }
    assert rows["org-ou-structured"]["assessment"] == "manual"
    assert rows["org-ou-structured"]["decided_by"] == "person"
    assert rows["password-policy-symbol"]["decided_by"] == "SQL"


def test_the_sql_of_a_control_is_shown(auditor: Auditor) -> None:
    text = auditor("controls", "show", "security-contact-registered")
    assert "table: contacts\npasses: security_contact <> ''\n" in text
    assert "examples:\n  - PASS: a contact is on file" in text
    assert auditor.json("controls", "show", "security-contact-registered")["reason"]["fail"] == (
        "no security contact is on file"
    )


def test_a_framework_is_listed_by_item(auditor: Auditor) -> None:
    rows = auditor.json("controls", "list", "--framework", "soc2")
    assert list(dict.fromkeys(r["item"] for r in rows)) == [
        "CC1.3",
        "CC3.2",
        "CC6.1",
        "CC6.2",
        "CC6.3",
        "CC6.6",
        "CC7.2",
    ]
    catalog = load_catalog()
    pairs = {(item, c) for c in catalog.controls for item in catalog.frameworks_of(c).get("soc2", ())}
    assert {(r["item"], r["control"]) for r in rows} == pairs
    assert len(rows) == len(pairs)


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--benchmark", "cis-aws-7.0.0"],
        ["list", "--benchmark", "cis-aws-1.2.0"],
        ["list", "--framework", "hipaa"],
        ["diff", "cis-aws-3.0.0", "cis-aws-7.0.0"],
    ],
)
def test_tables_fit_80_columns_and_break_no_id(
    auditor: Auditor, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "dumb")
    text = auditor("controls", *arguments)
    lines = [line for line in text.splitlines() if not line.startswith(("benchmarks:", "frameworks:"))]
    assert max(len(line.rstrip()) for line in lines) <= 80
    words = set(text.split())
    rows = auditor.json("controls", *arguments)
    ids = {r["control"] for r in rows} if isinstance(rows, list) else {"org-management-account-no-workloads"}
    assert ids <= words


def test_sections_are_the_titles_of_a_benchmarks_table(auditor: Auditor) -> None:
    lines = [line.strip() for line in auditor("controls", "list", "--benchmark", "cis-aws-7.0.0").splitlines()]
    assert lines.index("Organizations") < lines.index("Identity and Access Management")
    assert any(line.split() == ["2.4", "1", "automated", "automated", "root-no-access-key"] for line in lines)
    assert "credential-report, account-summary" in lines or "credential-report," in lines


def test_show_tells_level_section_and_frameworks(auditor: Auditor) -> None:
    shown = auditor.json("controls", "show", "cis-aws-7.0.0:2.1.1")
    assert (shown["level"], shown["section"], shown["type"]) == (2, "Organizations", "manual")
    assert (shown["assessment"], shown["evidence"]) == ("automated", ["organization-features"])
    text = auditor("controls", "show", "AWS_IAM_50")
    assert "frameworks:" in text
    assert "pci_dss_4_0" in text or "pci dss 4 0" in text
    assert "assessment: automated" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--framework", "sox"], "unknown framework 'sox'"),
        (["list", "--framework", "soc2", "--benchmark", "cis-aws-7.0.0"], "give --benchmark or --framework, not both"),
        (["list", "--benchmark", "cis-aws-7"], "unknown benchmark 'cis-aws-7' (did you mean 'cis-aws-7.0.0'?)"),
        (["list", "--config-dir", "nowhere"], "nowhere: there is no such folder"),
        (["diff", "cis-aws-3", "cis-aws-7.0.0"], "unknown benchmark 'cis-aws-3' (did you mean 'cis-aws-3.0.0'?)"),
        (["diff", "cis-aws-3.0.0", "cis-aws-7.0.0", "nowhere"], "nowhere is not a snapshot: there is no such folder"),
    ],
)
def test_what_cannot_be_listed_is_refused(auditor: Auditor, arguments: list[str], message: str) -> None:
    assert message in auditor("controls", *arguments, code=2)


def test_a_folder_of_ones_own_is_named_by_option_or_settings(auditor: Auditor, tmp_path: Path) -> None:
    place = tmp_path / "ours"
    (place / "benchmarks").mkdir(parents=True)
    text = (config_folder() / "benchmarks" / "aws-iam-rules.yaml").read_text().replace("aws-iam-rules", "ours")
    (place / "benchmarks" / "ours.yaml").write_text(text)
    dev = {"control": "access-key-1-rotated-45d", "parameters": {"max_age_days": 60}, "ou": "Root/Dev", "reason": "old"}
    (place / "parameters.yaml").write_text(yaml.safe_dump([dev]))
    assert len(auditor.json("controls", "list", "--benchmark", "ours", "--config-dir", place)) == 2
    (tmp_path / "auditor.yaml").write_text("config_dir: ours\n")
    shown = auditor.json("controls", "show", "ours:AWS_IAM_50")
    assert shown["looser_settings"] == [
        "max_age_days 60 instead of 45 for ou Root/Dev: looser than the benchmark allows"
    ]
    assert shown["other_parameters"] == {"ou Root/Dev": "max_age_days 60 (old)"}


@pytest.mark.parametrize("asked", [("list", "--format", "json"), ("diff", "cis-aws-1.3.0", "cis-aws-1.4.0")])
def test_listing_loads_no_pandas(asked: tuple[str, ...]) -> None:
    script = (
        "import sys; from auditor.cli.main import cli;"
        f"cli.main(['controls', *{asked}], standalone_mode=False);"
        "print('pandas' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"


def test_diff_says_what_came_went_moved_and_changed(auditor: Auditor) -> None:
    found = auditor.json("controls", "diff", "cis-aws-1.3.0", "cis-aws-1.4.0")
    rows = {(r["old_id"], r["new_id"]): r for r in found["requirements"]}
    assert rows["1.12", "1.12"] == {
        "change": "changed",
        "old_id": "1.12",
        "new_id": "1.12",
        "old_control": "credentials-unused-90d",
        "new_control": "credentials-unused-45d",
        "details": "max_unused_days 90 -> 45",
    }
    assert rows["1.20", ""]["change"] == "went"
    assert rows["1.21", "1.20"]["change"] == "moved"
    assert rows["1.11", "1.11"]["details"] == "type manual -> disputed"
    assert found["unchanged"] == 17
    assert Counter(r["change"] for r in found["requirements"]) == {"changed": 2, "moved": 2, "went": 1}
    back = auditor.json("controls", "diff", "cis-aws-1.4.0", "cis-aws-1.3.0")
    assert Counter(r["change"] for r in back["requirements"]) == {"changed": 2, "moved": 2, "came": 1}


def test_diff_of_a_benchmark_with_itself_is_empty(auditor: Auditor) -> None:
    found = auditor.json("controls", "diff", "cis-aws-7.0.0", "cis-aws-7.0.0")
    assert (found["requirements"], found["unchanged"]) == ([], 26)
    assert auditor("controls", "diff", "cis-aws-7.0.0", "cis-aws-7.0.0").strip().endswith("26 unchanged")


def test_every_requirement_of_both_is_accounted_for() -> None:
    catalog = load_catalog()
    for old in catalog.benchmarks.values():
        for new in catalog.benchmarks.values():
            changes = compare(old, new, catalog.controls)
            assert [c.new for c in changes if c.new] == list(new.requirements)
            gone = [c.old for c in changes if c.old]
            assert sorted(r.id for r in gone) == sorted(r.id for r in old.requirements)


def test_controls_of_one_check_that_test_other_things_are_not_taken_for_each_other() -> None:
    """Two characters of the password policy share a check, and so do the two key slots; neither replaces the other."""
    catalog = load_catalog()
    benchmark = catalog.benchmark("cis-aws-1.2.0")
    pick = {r.control: r for r in benchmark.requirements}
    upper = benchmark.model_copy(update={"requirements": (pick["password-policy-uppercase"],)})
    lower = benchmark.model_copy(update={"requirements": (pick["password-policy-lowercase"],)})
    assert [c.kind for c in compare(upper, lower, catalog.controls)] == ["came", "went"]


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    idle = user("idle", **password(ago(60)))
    busy = user("busy", **password(ago(1)))
    lost = user("lost", **password(ago(200)), **key(1, ago(300), ago(300)))
    reports = {ACCOUNT: report([root(), idle, busy, lost])}
    return stored(tmp_path / "snapshots", reports, unreachable(OTHER)).folder


@pytest.fixture
def two_limits(tmp_path: Path) -> Path:
    """Two small benchmarks: the later one halves the limit, drops one requirement and adds another."""
    place = tmp_path / "ours"
    (place / "benchmarks").mkdir(parents=True)
    for name, controls in (
        ("old", ["credentials-unused-90d", "console-user-mfa", "access-key-rotated-90d"]),
        ("new", ["credentials-unused-45d", "console-user-mfa", "root-use-avoided"]),
    ):
        asked = [
            {"id": str(n), "control": c, "assessment": "automated", "section": "All"} for n, c in enumerate(controls)
        ]
        entry = {"id": name, "title": name, "version": "1", "publisher": "Us", "about": "Ours.", "requirements": asked}
        (place / "benchmarks" / f"{name}.yaml").write_text(yaml.safe_dump(entry))
    return place


def test_diff_on_a_snapshot_lists_the_units_whose_status_differs(
    auditor: Auditor, snapshot: Path, two_limits: Path
) -> None:
    found = auditor.json("controls", "diff", "old", "new", snapshot, "--config-dir", two_limits)
    units = {
        (u["resource_name"], u["credential"], u["old_control"], u["old_status"], u["new_status"])
        for u in found["units"]
    }
    assert units == {
        ("idle", "password", "credentials-unused-90d", "PASS", "FAIL"),
        ("lost", "access_key_1", "access-key-rotated-90d", "FAIL", "not asked"),
        ("", "", "access-key-rotated-90d", "NO_EVIDENCE", "not asked"),
        ("<root_account>", "", "", "not asked", "PASS"),
        ("", "", "", "not asked", "NO_EVIDENCE"),
    }
    assert sum(v["units"] for v in found["verdicts"]) == len(found["units"]) == 5
    assert {
        "old_control": "credentials-unused-90d",
        "new_control": "credentials-unused-45d",
        "old_status": "PASS",
        "new_status": "FAIL",
        "units": 1,
    } in found["verdicts"]


def test_units_that_one_control_could_not_tell_apart_had_no_evidence() -> None:
    """The old control saw nothing of account 1; the new one judges a user of it. Account 2 is blind for both."""
    one, two, three = (reporting.account(number, f"name {number}") for number in (1, 2, 3))
    old, new = "credentials-unused-90d", "credentials-unused-45d"
    rows = [
        reporting.finding(one, old, "NO_EVIDENCE", "", None),
        reporting.finding(one, new, "PASS", "ann", 2),
        reporting.finding(two, old, "NO_EVIDENCE", "", None),
        reporting.finding(two, new, "NO_EVIDENCE", "", None),
        reporting.finding(three, old, "FAIL", "bob", 2),
        reporting.finding(three, new, "FAIL", "bob", 2),
        reporting.finding(three, new, "FAIL", "cas", 3),
    ]
    judged = reporting.assessment([one, two, three], findings=rows)
    found = verdict_changes(judged, [(old, new)])
    assert found[["account_id", "resource_name", "old_status", "new_status"]].to_numpy().tolist() == [
        ["000000000001", "ann", "NO_EVIDENCE", "PASS"],
        ["000000000003", "cas", "no finding", "FAIL"],
    ]
    assert [list(count.values()) for count in counted(found)] == [
        [old, new, "NO_EVIDENCE", "PASS", 1],
        [old, new, "no finding", "FAIL", 1],
    ]


def test_diff_as_csv_and_as_a_table(auditor: Auditor, snapshot: Path, two_limits: Path) -> None:
    arguments = ("controls", "diff", "old", "new", snapshot, "--config-dir", two_limits)
    text = auditor(*arguments)
    assert "units whose status differs: 5" in text
    assert "-> credentials-unused-45d" in text
    rows = list(csv.DictReader(io.StringIO(_stdout(*arguments, "--format", "csv"))))
    assert {r["account_id"] for r in rows} == {ACCOUNT, OTHER}
    assert len(rows) == 5
    rows = list(csv.DictReader(io.StringIO(_stdout(*arguments[:4], *arguments[5:], "--format", "csv"))))
    assert [r["change"] for r in rows] == ["changed", "came", "went"]


def _stdout(*arguments: object) -> str:
    done = run_command([str(argument) for argument in arguments])
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_where_no_control_differs_no_verdict_does(auditor: Auditor, snapshot: Path, two_limits: Path) -> None:
    found = auditor.json("controls", "diff", "old", "old", snapshot, "--config-dir", two_limits)
    assert (found["verdicts"], found["units"]) == ([], [])


def test_a_snapshot_is_reported_by_part_of_a_benchmark(auditor: Auditor, snapshot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--requirement", "2.11", "--level", "1", "--format", "csv", "--format", "xlsx")
    auditor("report", snapshot, "--out", out, *options, code=4)
    rows = list(csv.DictReader(io.StringIO((out / "controls.csv").read_text(encoding="utf-8"))))
    assert [(r["control_id"], r["requirements"]) for r in rows] == [("credentials-unused-45d", "cis-aws-7.0.0:2.11")]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["derived_from"]["options"] == {
        "benchmark": ["aws-iam-rules", "cis-aws-7.0.0"],
        "level": 1,
        "requirement": ["2.11"],
    }
    refused = auditor("report", snapshot, "--requirement", "2.111", code=2)
    assert "has the requirement or control '2.111' (did you mean '2.11'?)" in refused


def test_a_snapshot_is_queried_by_part_of_a_benchmark_with_a_question_of_ones_own(
    auditor: Auditor, snapshot: Path, two_limits: Path
) -> None:
    (two_limits / "queries").mkdir()
    (two_limits / "queries" / "mine.sql").write_text("select distinct control_id from findings order by all")
    options = ("--snapshot", snapshot, "--benchmark", "new", "--requirement", "console-user-mfa")
    text = auditor("query", "--name", "mine", "--config-dir", two_limits, *options)
    assert text.split() == ["control_id", "console-user-mfa"]
    (two_limits / "queries" / "bytes.sql").write_bytes(b"\xff\xfe")
    refused = auditor("query", "--name", "bytes", "--config-dir", two_limits, *options, code=2)
    assert "bytes.sql" in refused


def test_nothing_is_collected_for_a_selection_that_is_wrong(auditor: Auditor, tmp_path: Path) -> None:
    for command in ("run", "collect", "demo"):
        refused = auditor(command, "--section", "Organisations", "--out", tmp_path / "out", code=2)
        assert "has a section 'Organisations' (did you mean 'Organizations'?)" in refused
        assert not (tmp_path / "out").exists()
