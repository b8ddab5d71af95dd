"""Throttling, errors and resets on the wire: every account is collected all the same."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from auditor.aws.assume import AwsAccess, RoleSettings, session_policy
from auditor.aws.calls import Calls
from auditor.aws.credential_report import CredentialReportCollector
from auditor.aws.organization import AwsDirectory
from auditor.aws.pace import Pace
from auditor.aws.session import open_clients
from auditor.errors import EvidenceError
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.snapshot import Snapshot
from tests.boxed import AS_OF, Box

SIZE = {"accounts": 25, "users": 3, "as_of": AS_OF, "faulty": False}


@pytest.mark.parametrize(
    "trouble",
    [
        {"throttle_rate": 0.3},
        {"error_rate": 0.1},
        {"reset_rate": 0.1},
        {"throttle_rate": 0.1, "error_rate": 0.1, "reset_rate": 0.05},
        {"throttle_rate": 0.5, "disturbed": frozenset({"sts"})},
        {"throttle_rate": 0.5, "disturbed": frozenset({"organizations"})},
        {"session_seconds": 3.0, "report_delay": 4.0},
    ],
    ids=["throttled", "503", "resets", "all at once", "sts throttled", "organizations throttled", "3 s sessions"],
)
def test_every_account_is_collected(trouble: dict[str, object], tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(**SIZE, **trouble))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("run", "--out", tmp_path, "--format", "csv", "--as-of", AS_OF.isoformat())
    assert result.returncode == 0, result.stdout + result.stderr
    folder = Path(result.stdout.splitlines()[-1])
    manifest = Snapshot.open(folder).manifest
    assert {r.account.id: r.outcome.value for r in manifest.accounts} == sandbox.expected_outcomes()
    run = json.loads((folder / "summary.json").read_text())["run"]
    assert sum(run["calls"].values()) >= 3 * 20
    assert run["peak_memory_mib"] > 0
    if "session_seconds" not in trouble:
        assert run["retries"] > 0
    if "throttle_rate" in trouble:
        assert sum(run["throttles"].values()) > 0


@pytest.mark.parametrize("fault", ["capacity", "expires"])
def test_a_report_that_is_late_or_expires_is_asked_for_again(fault: str, tmp_path: Path) -> None:
    plain = Sandbox(SandboxOptions(**SIZE))  # type: ignore[arg-type]
    account = next(a.id for a in plain.organization.active if not a.is_management)
    sandbox = Sandbox(SandboxOptions(**SIZE, faults={account: fault}))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", "--out", tmp_path, "--account", account)
    assert result.returncode == 0, result.stderr


def test_wrong_account_stops_the_run(tmp_path: Path) -> None:
    plain = Sandbox(SandboxOptions(**SIZE))  # type: ignore[arg-type]
    account = next(a.id for a in plain.organization.active if not a.is_management)
    sandbox = Sandbox(SandboxOptions(**SIZE, faults={account: "wrong-account"}))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("run", "--out", tmp_path)
    assert result.returncode == 1
    assert "credentials of two accounts were mixed up" in result.stderr


def test_an_account_that_never_answers_ends_at_its_time_limit(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=12, users=2, as_of=AS_OF, default_faults=("hang",)))
    (tmp_path / "auditor.yaml").write_text("account_timeout: 2\n")
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    records = Snapshot.open(tmp_path / result.stdout.strip()).manifest.accounts
    assert {r.account.id: r.gaps[0].code for r in records if r.gaps} == dict.fromkeys(sandbox.faults, "AccountTimeout")


def test_a_run_ends_at_its_time_limit_with_what_it_has(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=12, users=2, as_of=AS_OF, default_faults=("hang",)))
    (tmp_path / "auditor.yaml").write_text("run_timeout: 4\n")
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    assert "did not end within 4 seconds" in result.stderr
    manifest = Snapshot.open(tmp_path / result.stdout.strip()).manifest
    assert {g.code for r in manifest.accounts for g in r.gaps} == {"RunTimeout"}
    assert manifest.interrupted


async def test_a_session_may_do_no_more_than_its_policy_says(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(SandboxOptions(**SIZE))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        for name, value in sandbox.environment(url).items():
            monkeypatch.setenv(name, value)
        async with open_clients(None, None, 4) as clients:
            calls = Calls(4)
            directory = AwsDirectory(clients, calls)
            caller, organization = await directory.caller(), await directory.organization()
            assert organization
            accounts = [a async for page in directory.account_pages(organization) for a in page]
            account = next(a for a in accounts if a.state == "ACTIVE" and not a.is_management)
            narrow = session_policy(["iam:GetCredentialReport"])
            role = RoleSettings(sandbox.options.role, "test", 3600, "aws", policy=narrow)
            entered = await AwsAccess(clients, calls, role, caller).open(account)
            with pytest.raises(EvidenceError) as caught:
                await CredentialReportCollector(clients, 5).collect(account.id, entered, {})
    assert (caught.value.stage, caught.value.code) == ("generate", "AccessDenied")


async def test_callers_of_a_throttled_service_slow_down_together_and_recover() -> None:
    pace, clock = Pace(), asyncio.get_running_loop().time
    await pace.turn()
    assert pace.gap == 0
    pace.throttled()
    pace.throttled()  # the same storm
    narrow = pace.gap
    assert narrow > 0
    began = clock()
    await asyncio.gather(*(pace.turn() for _ in range(6)))
    assert clock() - began >= 4 * narrow
    for _ in range(100):
        pace.passed()
    assert pace.gap == 0
