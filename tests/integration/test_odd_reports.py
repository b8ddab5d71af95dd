"""Reports that name a user twice, or end too early at the end of a line: a real run on a boxed organization."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box, Completed, read_csv
from tests.expected import Expected

FAULTS = {2: "line-twice", 3: "contradiction", 4: "cut-at-line-end"}


@dataclass(frozen=True)
class Ran:
    box: Box
    result: Completed
    folder: Path

    def account(self, fault: str) -> str:
        return next(i for i, planted in self.box.sandbox.faults.items() if planted == fault)

    def last_user(self, fault: str) -> str:
        return self.box.sandbox.facts(self.account(fault)).users[-1].name

    def findings(self, fault: str) -> list[dict[str, str]]:
        return [r for r in read_csv(self.folder / "findings.csv") if r["account_id"] == self.account(fault)]

    def message(self, fault: str) -> str:
        remarks = json.loads((self.folder / "summary.json").read_text())["remarks"]
        (found,) = [r["message"] for r in remarks if r["account_id"] == self.account(fault)]
        return str(found)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    plain = SandboxOptions(accounts=8, users=4, as_of=AS_OF, faulty=False)
    ids = {rank: Sandbox(plain).organization.active[rank].id for rank in FAULTS}
    faults = {ids[rank]: fault for rank, fault in FAULTS.items()}
    sandbox = Sandbox(SandboxOptions(accounts=8, users=4, as_of=AS_OF, faulty=False, faults=faults))
    with sandbox.serve() as url:
        box, out = Box(sandbox, url), tmp_path_factory.mktemp("odd")
        formats = [word for name in ("csv", "json", "xlsx") for word in ("--format", name)]
        result = box.auditor("run", "--out", out, "--as-of", AS_OF.isoformat(), *formats)
        assert result.returncode == 4, result.stderr
        yield Ran(box, result, Path(result.stdout.splitlines()[-1]))


def failed(rows: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(r["control_id"], r["resource_name"], r["credential"]) for r in rows if r["status"] == "FAIL"}


def expected(ran: Ran, fault: str) -> set[tuple[str, str, str]]:
    chosen = {row["control_id"] for row in read_csv(ran.folder / "controls.csv")}
    planted = Expected(ran.box.sandbox).failures()
    return {f[1:] for f in planted if f[0] == ran.account(fault) and f[1] in chosen}


def test_a_line_that_is_there_twice_counts_once(ran: Ran) -> None:
    assert failed(ran.findings("line-twice")) == expected(ran, "line-twice")
    rows = ran.findings("line-twice")
    of_a_user = [(r["control_id"], r["resource_arn"], r["credential"], r["status"]) for r in rows if r["credential"]]
    assert len(of_a_user) == len(set(of_a_user))
    assert ran.message("line-twice").endswith("they are the same, and the user is counted once")


def test_a_user_of_two_minds_is_not_judged(ran: Ran) -> None:
    user, rows = ran.last_user("contradiction"), ran.findings("contradiction")
    by_report = [r for r in rows if r["evidence_file"].endswith("credential-report.csv")]
    assert not [r for r in by_report if r["resource_name"] == user]
    open_rows = [r for r in by_report if r["status"] == "NO_EVIDENCE"]
    assert open_rows
    assert all(f"the user {user!r} stands on the lines" in r["reason"] for r in open_rows)
    kept = {f for f in expected(ran, "contradiction") if f[1] != user}
    assert {f for f in failed(rows) if f[1] != user} == kept


def test_a_report_that_is_cut_is_told_from_aws_count(ran: Ran) -> None:
    users = len(ran.box.sandbox.facts(ran.account("cut-at-line-end")).users)
    message = ran.message("cut-at-line-end")
    assert message.startswith(f"the credential report lists {users - 1:,} user")
    assert f"and AWS counts {users:,}" in message
    assert "the report is incomplete" in message


def test_all_of_it_is_on_the_terminal_and_on_the_sheet_of_completeness(ran: Ran) -> None:
    told = " ".join(ran.result.stdout.split())
    assert "Credential reports to look at:" in told
    sheet = openpyxl.load_workbook(ran.folder / "audit.xlsx")["Scope & completeness"]
    cells = {str(cell.value) for row in sheet.iter_rows() for cell in row}
    for fault in FAULTS.values():
        assert ran.account(fault) in told.partition("Credential reports to look at:")[2]
        assert ran.message(fault) in cells


def test_the_second_implementation_agrees(ran: Ran) -> None:
    found = ran.box.auditor("reperform", ran.folder)
    assert found.returncode == 0, found.stdout + found.stderr
