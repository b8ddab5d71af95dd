"""`root_audit: assume-root` reads root credential status where members have no role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auditor.model import ROOT_CREDENTIALS
from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box, Completed, read_csv
from tests.expected import Expected
from tests.expected.kinds import DEFAULT_KINDS

KINDS = {*DEFAULT_KINDS, ROOT_CREDENTIALS}
CONTROLS = {"root-no-access-key", "root-mfa", "root-mfa-always", "root-hardware-mfa", "root-hardware-mfa-always"}
# Ranks without a role: enough for every kind of root user.
CLOSED = range(2, 34, 1)


@contextmanager
def served(**options: Any) -> Iterator[Box]:
    ranked = Sandbox(SandboxOptions(accounts=44, as_of=AS_OF)).organization.active
    faults = {ranked[rank].id: "denied" for rank in CLOSED}
    sandbox = Sandbox(SandboxOptions(accounts=44, users=2, as_of=AS_OF, faulty=False, faults=faults, **options))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def run(box: Box, folder: Path, **values: Any) -> Completed:
    benchmarks = ["aws-iam-rules", "cis-aws-4.0.1", "cis-aws-7.0.0"]
    given = {"root_audit": "assume-root", "format": ["csv"], "as_of": AS_OF.isoformat(), "benchmark": benchmarks}
    (folder / "auditor.yaml").write_text(json.dumps(given | values))
    return box.auditor("run", cwd=folder)


def rows(folder: Path, result: Completed, file: str = "findings.csv") -> list[dict[str, str]]:
    return read_csv(folder / result.stdout.splitlines()[-1] / file)


def with_status(found: list[dict[str, str]], status: str) -> set[tuple[str, str]]:
    return {(f["account_id"], f["control_id"]) for f in found if f["status"] == status}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Box, Path, Completed]]:
    folder = tmp_path_factory.mktemp("root")
    with served() as box:
        result = run(box, folder)
        yield box, folder, result


def closed(box: Box) -> set[str]:
    return {account for account, fault in box.sandbox.faults.items() if fault == "denied"}


def test_the_planted_status_of_root_gives_the_expected_verdicts(ran: tuple[Box, Path, Completed]) -> None:
    box, folder, result = ran
    assert result.returncode == 4, result.stderr
    found = rows(folder, result)
    controls = {row["control_id"] for row in rows(folder, result, "controls.csv")}
    expected = {(f[0], f[1]) for f in Expected(box.sandbox, KINDS).failures() if f[1] in controls}
    assert with_status(found, "FAIL") == expected
    open_ones = {pair for pair in Expected(box.sandbox, KINDS).no_evidence() if pair[1] in controls}
    assert with_status(found, "NO_EVIDENCE") == open_ones
    read = [f for f in found if f["account_id"] in closed(box) and f["control_id"] in CONTROLS]
    assert {(f["control_id"], f["status"]) for f in read} == {(c, s) for c in CONTROLS for s in ("PASS", "FAIL")}


def test_the_second_implementation_reads_root_sessions_too(ran: tuple[Box, Path, Completed]) -> None:
    box, folder, result = ran
    again = box.auditor("reperform", result.stdout.splitlines()[-1], cwd=folder)
    assert again.returncode == 0, again.stdout + again.stderr


def test_such_findings_name_root_and_the_line_they_came_from(ran: tuple[Box, Path, Completed]) -> None:
    box, folder, result = ran
    snapshot = folder / result.stdout.splitlines()[-1]
    for f in rows(folder, result):
        if f["account_id"] in closed(box) and f["control_id"] in CONTROLS:
            assert f["resource_name"] == "<root_account>"
            assert f["resource_arn"] == f"arn:aws:iam::{f['account_id']}:root"
            assert f["evidence_file"] == f"evidence/{f['account_id']}/root-credentials.json"
            line = (snapshot / f["evidence_file"]).read_text().splitlines()[int(f["evidence_line"]) - 1]
            assert "iam:ListAccessKeys" in line


def test_everything_else_of_the_account_stays_a_gap(ran: tuple[Box, Path, Completed]) -> None:
    box, folder, result = ran
    accounts = {row["account_id"]: row for row in rows(folder, result, "accounts.csv")}
    for account in closed(box):
        assert accounts[account]["outcome"] == "not_assessed"
        assert accounts[account]["reason"] == ("assume: AccessDenied; root's credentials were read through AssumeRoot")
        assert (accounts[account]["gap_stage"], accounts[account]["gap_code"]) == ("assume", "AccessDenied")
        assert "credential-report" in accounts[account]["gap_evidence"]
        assert ROOT_CREDENTIALS not in accounts[account]["gap_evidence"]
    assert "root's credentials were read through AssumeRoot" in " ".join(result.stdout.split())
    others = [f for f in rows(folder, result) if f["account_id"] in closed(box) and f["control_id"] not in CONTROLS]
    assert {f["status"] for f in others} == {"NO_EVIDENCE", "MANUAL"}
    assert any(f["control_id"] == "root-use-avoided" and "assume: AccessDenied" in f["reason"] for f in others)


def test_only_accounts_without_a_role_are_entered_as_root(ran: tuple[Box, Path, Completed]) -> None:
    box, folder, result = ran
    snapshot = folder / result.stdout.splitlines()[-1]
    assert {path.parent.name for path in snapshot.glob("evidence/*/root-credentials.json")} == closed(box)
    assert box.sandbox.requests["AssumeRoot"] == len(closed(box))


def test_explain_comes_to_the_same_verdict(ran: tuple[Box, Path, Completed]) -> None:
    box, folder, result = ran
    snapshot = result.stdout.splitlines()[-1]
    found = [f for f in rows(folder, result) if f["account_id"] in closed(box) and f["control_id"] in CONTROLS]
    seen = {(f["control_id"], f["status"]): f for f in found}
    for (control, status), f in seen.items():
        told = box.auditor("explain", control, "--account", f["account_id"], snapshot, "--format", "json", cwd=folder)
        explained = json.loads(told.stdout)
        assert explained["status"] == status
        assert "session of root" in " ".join(explained["comparisons"])


def test_it_is_off_by_default(tmp_path: Path) -> None:
    with served() as box:
        result = run(box, tmp_path, root_audit=None, benchmark=["cis-aws-7.0.0"])
        assert "AssumeRoot" not in box.sandbox.requests
        accounts = {row["account_id"]: row for row in rows(tmp_path, result, "accounts.csv")}
        assert {accounts[account]["reason"] for account in closed(box)} == {"assume: AccessDenied"}


def test_an_organization_without_centralized_root_access_gives_a_gap(tmp_path: Path) -> None:
    with served(central_root=False) as box:
        result = run(box, tmp_path, benchmark=["cis-aws-7.0.0"])
        assert result.returncode == 4, result.stderr
        assert "AssumeRoot" not in box.sandbox.requests
        accounts = {row["account_id"]: row for row in rows(tmp_path, result, "accounts.csv")}
        for account in closed(box):
            assert accounts[account]["reason"] == "assume: AccessDenied; assume-root: RootAccessNotCentralized"
        assert with_status(rows(tmp_path, result), "NO_EVIDENCE") >= {(a, "root-mfa") for a in closed(box)}


def test_a_delegated_administrator_reads_members_but_never_the_management_account(tmp_path: Path) -> None:
    ranked = Sandbox(SandboxOptions(accounts=44, as_of=AS_OF)).organization.active
    with served(caller_account=ranked[1].id) as box:
        result = run(box, tmp_path, benchmark=["cis-aws-7.0.0"])
        accounts = {row["account_id"]: row for row in rows(tmp_path, result, "accounts.csv")}
        management = accounts[box.sandbox.organization.management_id]
        assert management["reason"] == "assume: AccessDenied; assume-root: ManagementAccount"
        assert {accounts[a]["reason"].partition("; ")[2] for a in closed(box)} == {
            "root's credentials were read through AssumeRoot"
        }


def test_govcloud_asks_for_no_mfa_of_root_here_either(tmp_path: Path) -> None:
    with served(partition="aws-us-gov") as box:
        found = rows(tmp_path, run(box, tmp_path, benchmark=["cis-aws-7.0.0"]))
        of_root = {f["control_id"] for f in found if f["account_id"] in closed(box) and f["resource_name"]}
        assert of_root == {"root-no-access-key"}
        failed = {pair[:2] for pair in Expected(box.sandbox, KINDS).failures() if pair[1].startswith("root-")}
        assert {pair for pair in with_status(found, "FAIL") if pair[1].startswith("root-")} == failed


def test_no_session_of_root_is_opened_where_no_control_asks_about_root(tmp_path: Path) -> None:
    with served() as box:
        run(box, tmp_path, benchmark=["aws-iam-rules"])
        assert "AssumeRoot" not in box.sandbox.requests
