"""Throttling, errors and resets on the wire: every account is collected all the same."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from auditor.aws.access import AwsAccess
from auditor.aws.assume import RoleSettings, session_policy
from auditor.aws.calls import Calls
from auditor.aws.collectors.credential_report import CredentialReportCollector
from auditor.aws.organization import AwsDirectory
from auditor.aws.pace import Pace
from auditor.aws.session import open_clients
from auditor.errors import EvidenceError
from auditor.model import ACCESS_ANALYZERS, CREDENTIAL_REPORT
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.faults import THROTTLES
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, error_line
from tests.expected import Expected

SIZE = {"accounts": 25, "users": 3, "as_of": AS_OF, "faulty": False}


def member() -> str:
    """An account that is entered by its role."""
    plain = Sandbox(SandboxOptions(**SIZE))  # type: ignore[arg-type]
    return next(a.id for a in plain.organization.active if not a.is_management)


@pytest.mark.parametrize(
    "trouble",
    [
        {"throttle_rate": 0.3},
        {"error_rate": 0.1},
        {"reset_rate": 0.1},
        {"throttle_rate": 0.1, "error_rate": 0.1, "reset_rate": 0.05},
        {"throttle_rate": 0.4, "disturbed": frozenset({"sts"})},
        {"throttle_rate": 0.4, "disturbed": frozenset({"organizations"})},
        {"throttle_rate": 0.4, "disturbed": frozenset({"iam"})},
        {"session_seconds": 3.0, "report_delay": 4.0},
        {"rates": {"iam": 4.0, "sts": 10.0, "organizations": 5.0}, "error_rate": 0.1, "reset_rate": 0.05},
    ],
    ids=[
        "throttled",
        "503",
        "resets",
        "all",
        "sts throttled",
        "organizations throttled",
        "iam throttled",
        "3 s sessions",
        "few calls a second",
    ],
)
def test_every_account_is_collected(trouble: dict[str, object], tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(**SIZE, **trouble))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", "--out", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    manifest = Snapshot.open(Path(result.stdout.splitlines()[-1])).manifest
    assert {r.account.id: r.outcome.value for r in manifest.accounts} == Expected(sandbox).outcomes()
    assert manifest.organization_record
    assert not manifest.organization_record.gaps
    assert not any(record.gaps for record in manifest.accounts)
    run = manifest.run
    assert sum(run["calls"].values()) >= 3 * 20
    assert run["peak_memory_mib"] > 0
    if "session_seconds" not in trouble:
        assert run["retries"] > 0
    if "throttle_rate" in trouble:
        assert sum(run["throttles"].values()) > 0


@pytest.mark.parametrize("fault", ["capacity", "expires", "cut-short"])
def test_a_report_that_is_late_expires_or_is_cut_short_is_asked_for_again(fault: str, tmp_path: Path) -> None:
    account = member()
    sandbox = Sandbox(SandboxOptions(**SIZE, faults={account: fault}))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", "--out", tmp_path, "--account", account)
    assert result.returncode == 0, result.stderr
    troubles = {"capacity": ("LimitExceeded", 2), "expires": ("ReportExpired", 1), "cut-short": ("CutShort", 2)}
    code, times = troubles[fault]
    assert sandbox.errors[code] == times
    (record,) = [
        r for r in Snapshot.open(Path(result.stdout.splitlines()[-1])).manifest.accounts if r.account.id == account
    ]
    (file,) = [file for file in record.evidence if file.kind == CREDENTIAL_REPORT]
    assert file.size == len(sandbox.report(account))


def test_one_throttled_account_costs_the_others_no_call(tmp_path: Path) -> None:
    account = member()
    sandbox = Sandbox(SandboxOptions(**SIZE, faults={account: "throttled"}))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", "--out", tmp_path, "--log-format", "json")
    assert result.returncode == 0, result.stderr
    retried = [line for line in map(json.loads, result.stderr.splitlines()) if line["event"] == "call-retried"]
    assert [(line["account"], line["service"], line["code"]) for line in retried] == [
        (account, "iam", "Throttling")
    ] * THROTTLES
    active = len(sandbox.organization.active)
    assert sandbox.requests["GenerateCredentialReport"] == active + THROTTLES
    assert sandbox.requests["GetCredentialReport"] == active


@pytest.mark.parametrize("trouble", ["down", "unknown"])
def test_a_service_that_is_down_costs_hardly_more_calls_than_one_that_works(trouble: str, tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(**SIZE, **{trouble: frozenset({"access-analyzer"})}))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", "--out", tmp_path)
    assert result.returncode == 4, result.stderr
    accounts = [account.id for account in sandbox.organization.active]
    assert sandbox.requests["ListAnalyzers"] <= 2 * sum(len(sandbox.regions(account)) for account in accounts)
    begun = [line for line in result.stderr.splitlines() if "failed in 5 accounts in a row" in line]
    assert len(begun) == len(sandbox.options.all_regions)
    records = Snapshot.open(Path(result.stdout.splitlines()[-1])).manifest.accounts
    gaps = {r.account.id: [g.kind for g in r.gaps] for r in records if r.account.state == "ACTIVE"}
    assert gaps == {account: [ACCESS_ANALYZERS] for account in gaps}
    assert set(gaps) == set(accounts)


def test_a_name_that_does_not_resolve_is_a_gap_of_each_account(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(**SIZE))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        nowhere = {"AWS_ENDPOINT_URL_IAM": "http://no-such-host.invalid"}
        result = Box(sandbox, url).auditor("collect", "--out", tmp_path, env=nowhere)
    assert result.returncode == 3, result.stderr
    records = Snapshot.open(Path(result.stdout.splitlines()[-1])).manifest.accounts
    gaps = {r.account.id: [(g.stage, g.code) for g in r.gaps if g.kind == CREDENTIAL_REPORT] for r in records if r.gaps}
    assert gaps == {a.id: [("generate", "EndpointConnectionError")] for a in sandbox.organization.active}
    assert all("no-such-host.invalid" in g.message for r in records for g in r.gaps if g.code != "NoCredentialReport")
    assert sandbox.requests["GenerateCredentialReport"] == 0


def test_a_caller_who_cannot_resolve_sts_is_told(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(**SIZE))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        nowhere = {"AWS_ENDPOINT_URL_STS": "http://no-such-host.invalid"}
        result = Box(sandbox, url).auditor("collect", "--out", tmp_path, env=nowhere)
    assert result.returncode == 3
    assert "no-such-host.invalid" in error_line(result)
    assert "check the network, the proxy and the region" in error_line(result)


def test_wrong_account_stops_the_run(tmp_path: Path) -> None:
    account = member()
    sandbox = Sandbox(SandboxOptions(**SIZE, faults={account: "wrong-account"}))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("run", "--out", tmp_path)
    assert result.returncode == 1
    assert "credentials of two accounts were mixed up" in result.stderr


@pytest.mark.parametrize("fault", ["hang", "hang-sts"])
def test_an_account_that_never_answers_ends_at_its_time_limit(fault: str, tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=12, users=2, as_of=AS_OF, default_faults=(fault,)))
    (tmp_path / "auditor.yaml").write_text("account_timeout: 20\n")
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    records = Snapshot.open(tmp_path / result.stdout.splitlines()[-1]).manifest.accounts
    assert {r.account.id: r.gaps[0].code for r in records if r.gaps} == dict.fromkeys(sandbox.faults, "AccountTimeout")


def test_a_run_ends_at_its_time_limit_with_what_it_has(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=12, users=2, as_of=AS_OF, default_faults=("hang",)))
    (tmp_path / "auditor.yaml").write_text("run_timeout: 12\n")
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    assert "did not end within 12 seconds" in result.stderr
    manifest = Snapshot.open(tmp_path / result.stdout.splitlines()[-1]).manifest
    assert {g.code for r in manifest.accounts for g in r.gaps} == {"RunTimeout"}
    assert manifest.interrupted


def test_an_sts_that_never_answers_ends_the_run_at_its_time_limit(tmp_path: Path) -> None:
    """Not even who is calling is known then."""
    (tmp_path / "auditor.yaml").write_text("run_timeout: 2\n")
    sandbox = Sandbox(SandboxOptions(**SIZE))  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as silent, sandbox.serve() as url:
        deaf = {"AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        result = Box(sandbox, url).auditor("collect", cwd=tmp_path, env=deaf)
    assert result.returncode == 3
    assert "AWS did not list any account within 2 seconds" in error_line(result)
    assert not list(tmp_path.rglob("manifest.json"))


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
    narrow, turn = pace.gap, clock()
    pace.passed(turn - 10)  # in flight since before the storm
    assert pace.gap == narrow
    for _ in range(100):
        pace.passed(turn)
    assert pace.gap == 0
