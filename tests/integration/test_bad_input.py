"""Bad input gets one clear sentence and the right exit code, before any damage."""

from __future__ import annotations

import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, command, error_line
from tests.fork_server import run_command


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--rol", "x"], "--role"),
        (["rum"], "run"),
        (["run", "--benchmark", "cis-aws-7.0"], "cis-aws-7.0.0"),
        (["controls", "show", "AWS_IAM_5"], "AWS_IAM_50"),
        (["controls", "show", "access-key-rotated-91d"], "access-key-rotated-90d"),
        (["controls", "list", "--benchmark", "cis-aws-7.0"], "cis-aws-7.0.0"),
        (["run", "--ou", "ou-x"], "'ou-x' is not the id of an organizational unit"),
        (["run", "--account", "12345"], "'12345' is not an account id (12 digits)"),
        (["run", "--exclude", "prod"], "'prod' is neither an account id"),
        (["run", "--as-of", "yesterday"], "'yesterday' is not a time like 2026-09-30T00:00:00Z"),
        (["run", "--as-of", "2026-09-30T00:00:00"], "has no time zone"),
        (["run", "--format", "xls"], "did you mean 'xlsx'"),
        (["run", "--fail-on", "hihg"], "did you mean 'high'"),
        (["run", "--concurrency", "0"], "--concurrency"),
        (["run", "--config", "no-such.yaml"], "no-such.yaml: cannot be read"),
        (["run", "--accounts-file", "no-such.csv"], "no-such.csv: cannot be read"),
        (["report", "no-such-snapshot"], "no-such-snapshot is not a snapshot: there is no such folder"),
        (["query", "select 1", "--snapshot", "nowhere"], "nowhere is not a snapshot"),
        (["query", "--name", "old-keys"], "old-active-keys"),
        (["query"], "give either SQL or --name"),
        (["query", "select 1", "--out", "empty"], "there is no snapshot below empty"),
    ],
)
def test_wrong_usage_is_told_in_one_line_before_any_call(
    box: Box, tmp_path: Path, arguments: list[str], told: str
) -> None:
    box.sandbox.requests.clear()
    result = box.auditor(*arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stdout + result.stderr
    assert told in error_line(result)
    assert result.stdout == ""
    assert not box.sandbox.requests, "nothing may be called"
    assert list(tmp_path.iterdir()) == [], "nothing may be left behind"


@pytest.mark.parametrize("arguments", [[], ["waivers"]])
def test_without_a_command_there_is_the_help_page(box: Box, tmp_path: Path, arguments: list[str]) -> None:
    result = box.auditor(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines()[0].startswith("Usage: auditor")
    assert len(result.stderr.splitlines()) > 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("rol: x", "unknown key 'rol' (did you mean 'role'?)"),
        ("account: [123456789012]", "put it in quotes"),
        ("- a list", "keys and values"),
        ("role: [", "not YAML"),
        ("benchmark: cis-aws-9.9.9", "unknown benchmark 'cis-aws-9.9.9'"),
        ("session_duration: 10", "session_duration"),
        ("fail_on: severe", "known: low, medium, high, critical"),
    ],
)
def test_a_wrong_settings_file_is_told_in_one_line(box: Box, tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "auditor.yaml").write_text(content)
    result = box.auditor("run", cwd=tmp_path)
    assert result.returncode == 2
    assert told in error_line(result)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "must name the column account_id"),
        ("account_id,nmae\n", "unknown column 'nmae' (did you mean 'name'?)"),
        ("account_id\n", "no account is listed"),
        ("account_id\n12345\n", "line 2: '12345' is not an account id"),
        ("account_id\n000000000001\n000000000001\n", "is listed twice"),
        ("account_id\n12345678901\n", "leading zeros were lost"),
        ("account_id;name\n4,5E+11;x\n", "digits were lost"),
        ("account_id:name\n000000000001:x\n", "the delimiter seems to be :"),
        ("account_id,name\n000000000001;x\n", "the delimiter seems to be ;"),
        ("account_id\n000000000001,x\n", "more fields than the first line names"),
    ],
)
def test_a_wrong_accounts_file_is_told_in_one_line(box: Box, tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "accounts.csv").write_text(content)
    result = box.auditor("run", "--accounts-file", "accounts.csv", cwd=tmp_path)
    assert result.returncode == 2
    assert told in error_line(result)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--account", "000000000000", "the organization has no account 000000000000"),
        ("--exclude", "000000000000", "the organization has no account 000000000000"),
        ("--ou", "ou-zzzz-zzzzzzzz", "the organization has no OU ou-zzzz-zzzzzzzz"),
    ],
)
def test_what_the_organization_does_not_have_is_told_before_any_role_is_assumed(
    box: Box, tmp_path: Path, option: str, value: str, told: str
) -> None:
    box.sandbox.requests.clear()
    result = box.auditor("run", option, value, cwd=tmp_path)
    assert result.returncode == 2
    assert told in error_line(result)
    assert not any("AssumeRole" in name or "Report" in name for name in box.sandbox.requests)
    assert not list(tmp_path.rglob("journal.jsonl")), "nothing was begun, so nothing is left behind"


def test_no_credentials(box: Box, tmp_path: Path) -> None:
    result = box.auditor("run", cwd=tmp_path, env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
    assert result.returncode == 3
    assert "no AWS credentials were found" in error_line(result)


def test_an_unknown_profile(box: Box, tmp_path: Path) -> None:
    result = box.auditor("run", "--profile", "nobody", cwd=tmp_path)
    assert result.returncode == 3
    assert "nobody" in error_line(result)


def test_expired_credentials(box: Box, tmp_path: Path) -> None:
    result = box.auditor("run", cwd=tmp_path, env=box.sandbox.expired_environment(box.url))
    assert result.returncode == 3
    assert "renew them" in error_line(result)


def test_nobody_answers(box: Box, tmp_path: Path) -> None:
    result = box.auditor("run", cwd=tmp_path, env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert result.returncode == 3
    assert "127.0.0.1:9" in error_line(result)


def test_an_endpoint_that_is_no_url(box: Box, tmp_path: Path) -> None:
    result = box.auditor("run", cwd=tmp_path, env={"AWS_ENDPOINT_URL": "localhost"})
    assert result.returncode == 2
    assert "Invalid endpoint" in error_line(result)


@pytest.fixture
def member() -> Iterator[Box]:
    """A caller in a member account that may not list the organization."""
    plain = Sandbox(SandboxOptions(accounts=6, as_of=AS_OF, faulty=False))
    account = next(a.id for a in plain.organization.active if not a.is_management)
    sandbox = Sandbox(SandboxOptions(accounts=6, as_of=AS_OF, faulty=False, caller_account=account, delegated=False))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def test_a_caller_who_may_not_list_accounts_is_told_what_to_do(member: Box, tmp_path: Path) -> None:
    result = member.auditor("run", cwd=tmp_path)
    assert result.returncode == 3
    assert "--accounts-file" in error_line(result)


def test_an_accounts_file_replaces_discovery(member: Box, tmp_path: Path) -> None:
    ids = [a.id for a in member.sandbox.organization.active if not a.is_management]
    (tmp_path / "accounts.csv").write_text("account_id,name\n" + "".join(f"{i},name of {i}\n" for i in ids))
    result = member.auditor("collect", "--accounts-file", "accounts.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    manifest = Snapshot.open(tmp_path / result.stdout.splitlines()[-1]).manifest
    assert {r.account.id: r.account.name for r in manifest.accounts} == {i: f"name of {i}" for i in ids}


def test_an_accounts_file_with_semicolons_is_read_and_that_is_said(member: Box, tmp_path: Path) -> None:
    ids = [a.id for a in member.sandbox.organization.active if not a.is_management]
    (tmp_path / "accounts.csv").write_text("\ufeffAccount ID;Name\n" + "".join(f"{i};x\n" for i in ids))
    result = member.auditor("collect", "--accounts-file", "accounts.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "accounts.csv: the delimiter seems to be ;" in result.stderr
    manifest = Snapshot.open(tmp_path / result.stdout.splitlines()[-1]).manifest
    assert [r.account.id for r in manifest.accounts] == sorted(ids)


def test_outside_any_organization_the_own_account_is_audited_and_it_says_so(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=1, as_of=AS_OF, in_organization=False, faulty=False))
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("run", "--format", "csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "is in no organization: only this account is audited" in result.stderr


def test_an_out_that_cannot_be_written_costs_no_call(box: Box, tmp_path: Path) -> None:
    box.sandbox.requests.clear()
    (tmp_path / "file").write_text("in the way")
    result = box.auditor("run", "--out", "file/reports", cwd=tmp_path)
    assert result.returncode == 2
    assert "file/reports" in error_line(result)
    assert not box.sandbox.requests


def test_nothing_could_be_collected(box: Box, tmp_path: Path) -> None:
    result = box.auditor("run", "--role", "NoSuchRole", "--exclude", box.sandbox.caller_account, cwd=tmp_path)
    assert result.returncode == 3, result.stderr


def test_ctrl_c_keeps_what_was_collected(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=30, as_of=AS_OF, default_faults=("stuck",)))
    with sandbox.serve() as url:
        process = subprocess.Popen(
            command(["run", "--out", tmp_path]),
            env=Box(sandbox, url).environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        wait_for_reports(sandbox, 20)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "interrupted; what was collected is kept" in stderr
    assert "Traceback" not in stderr
    (folder,) = tmp_path.iterdir()
    snapshot = Snapshot.open(folder)
    assert snapshot.manifest.interrupted
    assert sum(bool(r.evidence) for r in snapshot.manifest.accounts) >= 10
    offline = run_command(["report", folder, "--format", "csv"])
    assert offline.returncode == 4, offline.stderr


def wait_for_reports(sandbox: Sandbox, number: int) -> None:
    for _ in range(600):
        if sum(n for name, n in sandbox.requests.items() if "GetCredentialReport" in name) >= number + 2:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {number} reports: {sandbox.requests}")


def test_output_to_a_closed_pipe_is_no_error(box: Box) -> None:
    shell = f"{shlex.join(command(['controls', 'list', '--format', 'json']))} | head -1"
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {shell}"], capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert result.stdout == "[\n"


def test_escapes_in_names_do_not_reach_the_terminal(tmp_path: Path, box: Box) -> None:
    account = box.sandbox.caller_account
    (tmp_path / "accounts.csv").write_text(f"account_id,name\n{account},\x1b[31mred\x1b]0;title\x07\n")
    result = box.auditor("accounts", "--accounts-file", "accounts.csv", cwd=tmp_path)
    assert "\x1b" not in result.stdout
    assert "[31mred" in result.stdout


def test_a_spreadsheet_runs_no_name_of_the_list_of_accounts(box: Box, tmp_path: Path) -> None:
    account = next(account.id for account in box.sandbox.organization.active)
    (tmp_path / "accounts.csv").write_text(f'account_id,name\n{account},"=1+1,2"\n')
    asked = ("accounts", "--accounts-file", "accounts.csv", "--format", "csv")
    guarded = box.auditor(*asked, cwd=tmp_path).stdout
    (tmp_path / "auditor.yaml").write_text("csv_raw: true\n")
    raw = box.auditor(*asked, cwd=tmp_path).stdout
    assert [line.partition('"')[2].partition('"')[0] for line in guarded.splitlines()[1:]] == ["'=1+1,2"]
    assert raw == guarded.replace("'=1+1", "=1+1")
