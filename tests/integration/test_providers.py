"""Programs that give the caller's credentials (``credential_process``), at the start and in the middle of a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.sessions import BASE_KEY, BASE_SECRET, BASE_TOKEN
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, Completed, error_line
from tests.fork_server import run_command

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
SECRET = "printed-by-mistake"
# What a program does in the end; ``past`` and ``soon`` are times.
MODES = {
    "expired": "credentials $past",
    "text": f"echo Token: {SECRET}",
    "nothing": ":",
    "not UTF-8": "printf '\\377\\376'",
    "a list": "echo '[]'",
    "no time": "credentials yesterday",
    "wrong version": "echo '{\"Version\": 2}'",
    "no key": 'echo \'{"Version": 1, "SecretAccessKey": "x"}\'',
    "refusal": "echo log in first >&2; exit 3",
    "hang": "exec sleep 60",
}
PROBLEMS = {
    "expired": "the credentials that it gave have already expired",
    "text": "it printed no JSON",
    "nothing": "it printed nothing",
    "not UTF-8": "its answer cannot be used (UnicodeDecodeError)",
    "a list": "its answer cannot be used (AttributeError)",
    "no time": "its answer cannot be used (",
    "wrong version": "Unsupported version '2'",
    "no key": "Missing required key in response: 'AccessKeyId'",
    "refusal": "log in first",
    "hang": "the program did not end within 1 seconds",
}
# The SDK says so itself, as of an SSO login or a role: it is a matter of access.
REFUSED = ("wrong version", "no key", "refusal", "hang")
IMPATIENT = {"auditor.aws.programs:PROGRAM_SECONDS": 1.0, "auditor.aws.provided:PAUSES": (0.1, 0.4)}


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=14, users=2, as_of=AS_OF, faulty=False))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


@pytest.fixture(scope="module")
def slow() -> Iterator[Box]:
    """The calls of a run take longer than credentials are valid."""
    sandbox = Sandbox(SandboxOptions(accounts=14, users=2, as_of=AS_OF, faulty=False, latency=0.3))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def program(folder: Path, mode: str, good: int) -> Path:
    """A profile ``work`` whose program gives credentials ``good`` times, for two seconds each, and then does else."""
    script, asked = folder / "program", shlex.quote(str(folder / "asked"))
    script.write_text(
        f"""#!/bin/sh
credentials() {{
    printf '{{"Version": 1, "AccessKeyId": "{BASE_KEY}", "SecretAccessKey": "{BASE_SECRET}",'
    printf '"SessionToken": "{BASE_TOKEN}", "Expiration": "%s"}}' "$1"
}}
past=2020-01-01T00:00:00Z
echo >> {asked}
if [ $(wc -l < {asked}) -le {good} ]; then credentials $(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ); exit; fi
{MODES[mode]}
"""
    )
    script.chmod(0o700)
    config = folder / "config"
    config.write_text(
        f"[profile work]\ncredential_process = {shlex.quote(str(script))}\n"
        "[profile above]\nsource_profile = work\nrole_arn = arn:aws:iam::000000000042:role/Audit\n"
    )
    return config


def auditor(box: Box, folder: Path, config: Path, *arguments: str, profile: str = "work") -> Completed:
    environment = {k: v for k, v in box.environment().items() if k not in KEYS}
    environment |= {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": profile}
    return run_command(arguments, environment, folder, patches=IMPATIENT)


@pytest.mark.parametrize("profile", ["work", "above"])
@pytest.mark.parametrize("mode", MODES)
def test_a_program_that_gives_none_is_told_before_anything_is_done(
    mode: str, profile: str, box: Box, tmp_path: Path
) -> None:
    box.sandbox.requests.clear()
    result = auditor(box, tmp_path, program(tmp_path, mode, 0), "collect", profile=profile)
    line = error_line(result)
    assert result.returncode == (3 if mode in REFUSED else 2), line
    assert f"profile '{profile}'" in line
    assert ("custom-process" if profile == "work" or mode in REFUSED else "assume-role") in line
    assert PROBLEMS[mode] in line
    assert SECRET not in line
    assert not box.sandbox.requests
    assert not list(tmp_path.rglob("journal.jsonl"))


def test_a_program_that_is_not_there_is_told(box: Box, tmp_path: Path) -> None:
    config = program(tmp_path, "nothing", 0)
    (tmp_path / "program").unlink()
    result = auditor(box, tmp_path, config, "collect")
    assert error_line(result) == (
        "auditor: the credential provider of profile 'work' (custom-process) gives no credentials: "
        "it cannot be started: No such file or directory"
    )
    assert result.returncode == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_program_that_fails_in_the_middle_costs_the_accounts_that_were_still_to_come(
    mode: str, slow: Box, tmp_path: Path
) -> None:
    (tmp_path / "auditor.yaml").write_text("concurrency: 2\nbenchmark: aws-iam-rules\n")
    result = auditor(slow, tmp_path, program(tmp_path, mode, 9), "collect", "--out", "kept here")
    assert result.returncode == 4, result.stderr
    folder = tmp_path / result.stdout.splitlines()[-1]
    records = [r for r in Snapshot.open(folder).manifest.accounts if r.outcome.value != "excluded"]
    lost = [record for record in records if record.gaps]
    assert 0 < len(lost) < len(records), result.stderr
    for gap in (gap for record in lost for gap in record.gaps):
        assert gap.code == "CallerCredentialsError"
        assert "profile 'work'" in gap.message
        assert "(custom-process)" in gap.message
        assert PROBLEMS[mode] in gap.message
        assert SECRET not in gap.message
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("  go on:")]
    assert f"auditor collect --resume 'kept here/{folder.name}'" in line
    again = auditor(slow, tmp_path, program(tmp_path, mode, 999), "collect", "--resume", str(folder))
    assert again.returncode == 0, again.stderr
    assert not [r for r in Snapshot.open(folder).manifest.accounts if r.gaps]


def test_a_list_of_accounts_that_breaks_off_is_sealed_with_what_is_known(tmp_path: Path) -> None:
    """The program fails while the second page is asked for."""
    sandbox = Sandbox(SandboxOptions(accounts=14, users=2, as_of=AS_OF, faulty=False, page_size=2, latency=0.3))
    with sandbox.serve() as url:
        box = Box(sandbox, url)
        (tmp_path / "auditor.yaml").write_text("benchmark: aws-iam-rules\n")
        result = auditor(box, tmp_path, program(tmp_path, "text", 9), "collect")
        assert result.returncode == 4, result.stderr
        assert "the list of accounts is not complete" in result.stderr
        folder = tmp_path / result.stdout.splitlines()[-1]
        manifest = Snapshot.open(folder).manifest
        assert manifest.interrupted
        assert 0 < len(manifest.accounts) < 14
        assert "listed so far are in the snapshot" in result.stderr
        again = auditor(box, tmp_path, program(tmp_path, "text", 999), "collect", "--resume", str(folder))
        assert again.returncode == 0, again.stderr
        assert len(Snapshot.open(folder).manifest.accounts) == 14


def test_a_program_that_recovers_costs_nothing(box: Box, tmp_path: Path) -> None:
    """It fails once, while the credentials before are still valid."""
    (tmp_path / "auditor.yaml").write_text("concurrency: 2\nbenchmark: aws-iam-rules\n")
    config = program(tmp_path, "text", 9)
    script = tmp_path / "program"
    script.write_text(script.read_text().replace("-le 9 ]", "-ne 10 ]"))
    result = auditor(box, tmp_path, config, "collect")
    assert result.returncode == 0, result.stderr
