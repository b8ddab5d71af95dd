"""The workbook of 300 boxed accounts, calculated anew by LibreOffice: its numbers are the tool's own numbers."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from tests.books import HEADERS, Grid, at, differences, formulas, grids, table
from tests.boxed import AS_OF, Box, command, day, read_csv
from tests.office import Office
from tests.support import waiver, waivers_file

pytestmark = pytest.mark.libreoffice
PARAMETERS = """\
- {control: access-key-rotated-90d, parameters: {max_age_days: 30}, ou: Root/Prod, reason: replaced monthly}
- {control: access-key-rotated-90d, parameters: {max_age_days: 60}, ou: Root/Prod/Payments, reason: replaced less often}
- {control: root-use-avoided, parameters: {lookback_days: 365}, ou: Root/Dev, reason: not needed since the migration}
- {control: credentials-unused-45d, parameters: {max_unused_days: 60}, ou: Root/Prod, reason: courses}
"""
VALID = {"created": day(-23), "expires": day(37)}
WAIVERS = (
    waiver("W-1", "access-key-rotated-90d", '{user: "*a*"}', **VALID),
    waiver("W-2", "credentials-unused-45d", "{ou: Root/Prod}", reason='"=1+1 is no sum"', **VALID),
    waiver("W-3", "console-user-mfa", '{user: "*"}', created=day(-388), expires=day(-24)),
    waiver("W-4", "root-no-access-key", '{account: "999999999999"}', **VALID),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit")


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Path:
    """The folder of a run over an organization with every kind of account, waivers, and parameters by OU."""
    (folder / "own").mkdir()
    (folder / "own" / "parameters.yaml").write_text(PARAMETERS)
    settings = folder / "auditor.yaml"
    settings.write_text(
        f"out: {folder}\nas_of: {AS_OF.isoformat()}\nreport_timeout: 12\nconfig_dir: {folder / 'own'}\n"
        f"waivers: {waivers_file(folder, *WAIVERS)}\n"
    )
    sandbox = Sandbox(SandboxOptions(accounts=300, users=4, as_of=AS_OF))
    with sandbox.serve() as url:
        done = Box(sandbox, url).auditor("run", "--config", settings)
    assert done.returncode == 4, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def book(snapshot: Path) -> Path:
    return snapshot / "audit.xlsx"


@pytest.fixture(scope="module")
def desk(folder: Path) -> Office:
    return Office(folder / "office")


@pytest.fixture(scope="module")
def recalculated(book: Path, desk: Office) -> Path:
    (path,) = desk.recalculated(book)
    return path


@pytest.fixture(scope="module")
def shown(recalculated: Path) -> dict[str, Grid]:
    return grids(recalculated)


@pytest.fixture(scope="module")
def summary(snapshot: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((snapshot / "summary.json").read_text(encoding="utf-8"))
    return content


def labelled(grid: Grid, column: int) -> dict[str, Any]:
    """What stands in ``column`` by the text in the first column."""
    return {row[0]: row[column - 1] for row in grid if isinstance(row[0], str)}


def test_every_formula_recalculates_without_error_and_without_difference(book: Path, recalculated: Path) -> None:
    number = Counter(title for title, _, _ in formulas(book))
    assert set(number) == {"Cover", "Scope & completeness", "Controls", "Reconciliation", "Matrix", "Re-performance"}
    assert min(number.values()) > 25
    assert differences(book, recalculated) == []


def test_counts_on_the_cover_are_the_tools_own(shown: dict[str, Grid], summary: dict[str, Any]) -> None:
    cover = labelled(shown["Cover"], 3)
    accounts = summary["accounts"]
    assert cover["✔ assessed"] == accounts["assessed"]
    assert cover["□ excluded"] == accounts["excluded"]
    assert cover["✘ not_assessed"] == accounts["not_assessed"]
    assert cover["in the organization"] == accounts["total"] == 300
    severities = {
        row[6]: (row[8], row[10]) for row in shown["Cover"] if row[6] in ("critical", "high", "medium", "low")
    }
    assert {name: failed for name, (failed, _) in severities.items()} == summary["failures_by_severity"]
    assert sum(waived for _, waived in severities.values()) == summary["waivers"]["failures_waived"] > 0


def test_the_statement_says_what_is_missing(shown: dict[str, Grid], summary: dict[str, Any]) -> None:
    accounts = summary["accounts"]
    scope = accounts["assessed"] + accounts["not_assessed"]
    words = f"▲ INCOMPLETE: {accounts['assessed']} of {scope} accounts in scope were assessed"
    assert at(shown["Cover"], "A2") == words


def test_requirements_by_conclusion_are_those_of_controls(shown: dict[str, Grid]) -> None:
    rows = table(shown["Controls"], HEADERS["Controls"])
    for benchmark in ("aws-iam-rules", "cis-aws-7.0.0"):
        conclusions = [row["Conclusion"] for row in rows if row["Benchmark"] == benchmark]
        (line,) = (row for row in shown["Cover"] if row[0] == benchmark)
        marks = ("✔ PASS", "✘ FAIL", "▲ NO_EVIDENCE", "○ MANUAL", "□ NOT_APPLICABLE")
        assert [line[2 + 2 * n] for n in range(5)] == [conclusions.count(mark) for mark in marks]


def test_counts_on_controls_are_the_tools_own(shown: dict[str, Grid], summary: dict[str, Any]) -> None:
    names = {
        "population": "Population",
        "passed": "Passed",
        "failed": "Failed",
        "waived": "Of these, waived",
        "no_evidence": "No evidence (accounts)",
        "manual": "Manual",
        "not_applicable": "Not applicable",
    }
    own = {control["control_id"]: control for control in summary["controls"]}
    rows = table(shown["Controls"], HEADERS["Controls"])
    assert {row["Control"] for row in rows} == set(own)
    for row in rows:
        told = {name: row[header] for name, header in names.items()}
        assert told == {name: own[row["Control"]][name] for name in names}, row["Control"]
        assert row["Failed of population"] in ("-", f"{row['Failed']:.0f} of {row['Population']:.0f}")


def test_control_totals_tie(shown: dict[str, Grid], summary: dict[str, Any]) -> None:
    totals = labelled(shown["Scope & completeness"], 6)
    assert totals["accounts discovered"] == summary["accounts"]["total"]
    assert totals["discovered = assessed + excluded + not assessed"] == "✔ ties"
    assert totals["sum of users = rows of the population"] == "✔ ties"
    assert totals["users in the credential reports, root not counted"] == summary["users"]
    assert totals["rows of the sheet Population that are users"] == summary["users"]


def test_users_of_the_reports_lead_to_awss_own_count(shown: dict[str, Grid], snapshot: Path) -> None:
    """Each step is counted here from accounts.csv, row by row; together they are the difference of the two numbers."""
    accounts = [
        (row["outcome"], row["users"], row["users_counted_by_aws"]) for row in read_csv(snapshot / "accounts.csv")
    ]
    totals = labelled(shown["Scope & completeness"], 6)
    numbers = labelled(shown["Scope & completeness"], 7)
    steps = {
        "less users in accounts without an account summary": [-int(u) for _, u, own in accounts if u and not own],
        "plus users that AWS counts in accounts not assessed": [
            int(own) for outcome, u, own in accounts if own and not u and outcome == "not_assessed"
        ],
        "plus users that AWS counts in others without a report": [
            int(own) for outcome, u, own in accounts if own and not u and outcome != "not_assessed"
        ],
        "plus users made, less users deleted, since the report": [
            int(own) - int(u) for _, u, own in accounts if u and own
        ],
    }
    assert {name: (totals[name], numbers[name]) for name in steps} == {n: (sum(s), len(s)) for n, s in steps.items()}
    reported, counted = sum(int(u or 0) for _, u, _ in accounts), sum(int(own or 0) for _, _, own in accounts)
    assert totals["users by AWS's own count, where it was collected"] == counted
    assert counted == reported + sum(sum(s) for s in steps.values())
    assert totals["users in the reports and these steps = AWS's own count"] == "✔ ties"
    assert any(sum(s) for s in steps.values())


def test_every_controls_population_is_reached_from_users_or_accounts(shown: dict[str, Grid], snapshot: Path) -> None:
    rows = table(shown["Reconciliation"], HEADERS["Reconciliation"])
    own = {row["control_id"]: row for row in read_csv(snapshot / "controls.csv")}
    assert [row["Control"] for row in rows] == list(own)
    assert {row["Check"] for row in rows} == {"✔ ties"}
    assert [row["Units tested"] for row in rows] == [float(row["population"]) for row in own.values()]
    (keys,) = (row for row in rows if row["Control"] == "access-key-1-rotated-45d")
    users = read_csv(snapshot / "accounts.csv")
    assert keys["Found"] - keys["Less root, or excluded accounts"] == sum(int(row["users"] or 0) for row in users)
    first = [row for row in read_csv(snapshot / "credentials.csv") if row["credential"] == "access_key_1"]
    of_users = [row for row in first if row["is_root"] == "false"]
    there = keys["Found"] - keys["Less root, or excluded accounts"]
    assert keys["Less no such credential"] == there - len(of_users) > 0
    assert keys["Less switched off"] == sum(row["active"] == "false" for row in of_users) > 0


def test_units_without_evidence_stand_beside_their_accounts(shown: dict[str, Grid], snapshot: Path) -> None:
    rows = {row["Control"]: row for row in table(shown["Controls"], HEADERS["Controls"])}
    reasons: Counter[str] = Counter()
    for finding in read_csv(snapshot / "findings.csv"):
        number, _, rest = finding["reason"].partition(" ")
        if finding["status"] == "NO_EVIDENCE" and rest.startswith("unit"):
            reasons[finding["control_id"]] += int(number)
    assert {name: row["No evidence (units)"] for name, row in rows.items()} == {name: reasons[name] for name in rows}
    assert sum(reasons.values()) > 0


def test_every_account_of_the_organization_is_in_scope_and_completeness(shown: dict[str, Grid], snapshot: Path) -> None:
    rows = table(shown["Scope & completeness"], HEADERS["Scope & completeness"])
    own = read_csv(snapshot / "accounts.csv")
    assert [row["Account id"] for row in rows] == [row["account_id"] for row in own]
    assert [row["Outcome"].split(" ")[1] for row in rows] == [row["outcome"] for row in own]
    assert [row["Gap: code"] for row in rows] == [row["gap_code"] for row in own]


def test_the_matrix_sums_to_the_counts_of_controls(shown: dict[str, Grid], summary: dict[str, Any]) -> None:
    heads, last = shown["Matrix"][2], shown["Matrix"][-1]
    assert last[0] == "All accounts"
    own = {control["control_id"]: control for control in summary["controls"]}
    checked = [(head, total) for head, total in zip(heads, last, strict=True) if head in own]
    assert len(checked) > 10
    assert all(total == own[head]["failed"] for head, total in checked)


def test_the_mismatch_count_is_0(shown: dict[str, Grid]) -> None:
    told = labelled(shown["Re-performance"], 2)
    assert told["Verdicts computed again"] > 200
    assert told["Of these, not the same as the tool's (must be 0)"] == 0


def test_parameters_of_an_ou_are_the_limits_of_its_accounts(shown: dict[str, Grid], snapshot: Path) -> None:
    header = next(n for n, row in enumerate(shown["Re-performance"], start=1) if row[0] == "Control")
    rows = table(shown["Re-performance"], header)
    places = {row["account_id"]: row["ou_path"] for row in read_csv(snapshot / "accounts.csv")}
    judged = [row for row in rows if row["Control"] == "access-key-rotated-90d"]
    limits = {("/".join(places[row["Account id"]].split("/")[:3]), row["Limit"]) for row in judged}
    assert {("Root/Prod/Payments", 60.0), ("Root/Prod", 30.0), ("Root/Prod/Data", 30.0), ("Root", 90.0)} <= limits
    assert len(limits) == len({place for place, _ in limits})


def test_exceptions_are_the_failures_and_nothing_else(shown: dict[str, Grid], snapshot: Path) -> None:
    rows = table(shown["Exceptions"], HEADERS["Exceptions"])
    own = [row for row in read_csv(snapshot / "findings.csv") if row["status"] == "FAIL"]
    keys = ("account_id", "control_id", "resource_name", "credential", "observed", "waiver_id", "evidence_file")
    heads = ("Account id", "Control", "User", "Credential", "Observed", "Waiver", "Evidence file")
    mine = [tuple(row[head] for head in heads) for row in rows]
    assert sorted(mine) == sorted(tuple(row[key] for key in keys) for row in own)
    order = ["critical", "high", "medium", "low"]
    ranks = [order.index(row["Severity"]) for row in rows]
    assert ranks == sorted(ranks)


def test_days_over_are_the_days_since_the_violation_began(shown: dict[str, Grid]) -> None:
    """The first day counts: 645 days against 45 are 600 days."""
    rows = [row for row in table(shown["Exceptions"], HEADERS["Exceptions"]) if row["Days over"] != ""]
    assert len(rows) > 100
    for row in rows:
        since = row["In violation since (UTC)"].replace(tzinfo=AS_OF.tzinfo)
        assert (AS_OF - since) // timedelta(days=1) + 1 == row["Days over"], row


def test_unedited_values_are_the_cells_of_the_evidence(shown: dict[str, Grid], snapshot: Path) -> None:
    rows = table(shown["Population"], HEADERS["Population"])
    reports = {path: cells_of(snapshot / path) for path in {row["Evidence file"] for row in rows}}
    for row in rows:
        cells = reports[row["Evidence file"]][int(row["Line"]) - 2]
        who = (cells.pop("user"), cells.pop("arn"))
        assert who == (row["User"], row["ARN"])
        assert {name: row[name] for name in cells} == cells
    assert len(rows) == sum(map(len, reports.values())) > 1000


def cells_of(report: Path) -> list[dict[str, str]]:
    """The lines of a report. AWS may quote nothing: of a line with too many commas the user's name has them."""
    header, *lines = report.read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split(","), _split(line, header.split(",")), strict=True)) for line in lines]


def _split(line: str, names: list[str]) -> list[str]:
    (cells,) = csv.reader([line])
    cells = cells if len(cells) == len(names) else line.split(",")
    more, at = len(cells) - len(names), names.index("user")
    if not more:
        return cells
    assert names.index("arn") == at + 1
    half = more // 2  # the name stands in the ARN once more
    user, arn = cells[at : at + half + 1], cells[at + half + 1 : at + more + 2]
    return [*cells[:at], ",".join(user), ",".join(arn), *cells[at + more + 2 :]]


def test_another_process_elsewhere_writes_the_same_bytes(book: Path, snapshot: Path, folder: Path) -> None:
    environment = os.environ | {"TZ": "Asia/Kolkata", "LC_ALL": "C", "OPENPYXL_LXML": "False", "PYTHONHASHSEED": "7"}
    again = folder / "again"
    arguments = ("report", snapshot, "--config", folder / "auditor.yaml", "--out", again, "--as-of", AS_OF.isoformat())
    subprocess.run(command(arguments), env=environment, check=False, capture_output=True, timeout=300)
    assert (again / "audit.xlsx").read_bytes() == book.read_bytes()
