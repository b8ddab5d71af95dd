"""``--processes``: the same snapshot, whoever collects it, and whichever process ends in the middle."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, command, error_line

SLOW = ("--concurrency", "4", "--benchmark", "aws-iam-rules")
_OF_THIS_RUN = {"request_id", "collected_at", "generated_at", "sha256", "size", "message"}


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """Everything that can go wrong in an account goes wrong in one."""
    sandbox = Sandbox(OPTIONS)
    with sandbox.serve() as url:
        yield Box(sandbox, url)


@pytest.fixture(scope="module")
def slow() -> Iterator[Box]:
    """Every account takes some seconds, so that a run can be met in the middle."""
    sandbox = Sandbox(SandboxOptions(accounts=40, users=3, as_of=AS_OF, faulty=False, report_delay=4.0))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


OPTIONS = SandboxOptions(accounts=40, users=3, as_of=AS_OF)


def collected(folder: Path, *options: str) -> tuple[Snapshot, Counter[str]]:
    """The snapshot of an organization that nobody has asked anything yet, and what it was asked."""
    sandbox = Sandbox(OPTIONS)
    with sandbox.serve() as url:
        return _collected(Box(sandbox, url), folder, *options), sandbox.requests


def _collected(box: Box, folder: Path, *options: str) -> Snapshot:
    settings = folder / "auditor.yaml"
    folder.mkdir(parents=True)
    settings.write_text("report_timeout: 12\nroot_audit: assume-root\n")
    result = box.auditor("collect", "--as-of", AS_OF.isoformat(), *options, cwd=folder)
    assert result.returncode == 4, result.stderr
    return Snapshot.open(folder / result.stdout.splitlines()[-1])


def without_times(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: without_times(item) for key, item in value.items() if key not in _OF_THIS_RUN}
    return [without_times(item) for item in value] if isinstance(value, list | tuple) else value


def contents(snapshot: Snapshot) -> dict[str, Any]:
    """All evidence by its path, JSON without what is different each time."""
    files = {file.path: snapshot.read(file) for file in snapshot.manifest.evidence}
    return {p: without_times(json.loads(c)) if p.endswith(".json") else c for p, c in files.items()}


def records(snapshot: Snapshot) -> Any:
    raw = json.loads((snapshot.folder / "manifest.json").read_bytes())
    return without_times(raw["accounts"]), without_times(raw["organization_record"])


def test_the_snapshot_is_the_same_whoever_collects_it(tmp_path: Path) -> None:
    (one, of_one), (two, of_two) = collected(tmp_path / "one"), collected(tmp_path / "two", "--processes", "2")
    assert records(one) == records(two)
    assert contents(one) == contents(two)
    looks = "GetCredentialReport"  # as often as it takes until a report is there
    assert {n: c for n, c in of_one.items() if looks not in n} == {n: c for n, c in of_two.items() if looks not in n}
    calls = {n: c for n, c in two.manifest.run["calls"].items() if n != "iam"}
    assert calls == {n: c for n, c in one.manifest.run["calls"].items() if n != "iam"}
    assert two.manifest.run["calls"]["iam"] > 100, "what the other processes did is counted"
    assert two.manifest.run["peak_memory_mib"] > 1.5 * one.manifest.run["peak_memory_mib"], "of all together"


def test_it_can_stand_in_the_settings_and_every_line_of_the_log_is_json(box: Box, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text("processes: 3\nreport_timeout: 3\n")
    result = box.auditor("collect", "--log-format", "json", *SLOW, cwd=tmp_path)
    events = [json.loads(line) for line in result.stderr.splitlines()]
    finished = {event["account"] for event in events if event["event"] == "account-finished"}
    assert finished == {account.id for account in box.sandbox.organization.active}
    failures = [event for event in events if event["event"] == "call-failed" and event["stage"] == "generate"]
    assert failures, "what the other processes say is in it"
    assert all(event["account"] and event["request_id"] for event in failures)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--processes", "0"), "--processes: Input should be greater than or equal to 1"),
        (("--processes", "65"), "--processes: Input should be less than or equal to 64"),
        (("--processes", "3", "--concurrency", "3"), "processes (3) must be smaller than concurrency (3)"),
    ],
)
def test_a_number_that_makes_no_sense_is_told(
    box: Box, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    result = box.auditor("collect", *options, cwd=tmp_path)
    assert result.returncode == 2
    assert sentence in error_line(result)


def start(box: Box, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(["collect", "--out", folder, *SLOW, *options]),
        env=box.environment() | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def children(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.05)
    return found


def finished_accounts(folder: Path) -> int:
    lines = [line for file in folder.glob("*/journal.jsonl") for line in file.read_bytes().splitlines()]
    return sum(b'"outcome": "assessed"' in line for line in lines)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def in_the_middle(process: subprocess.Popen[str], folder: Path) -> list[int]:
    """The processes that collect, once something was collected."""
    wait_for(lambda: finished_accounts(folder) >= 2 or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]
    workers = children(process)
    assert len(workers) == 2
    return workers


def test_credentials_that_run_out_are_renewed_by_the_first_process(tmp_path: Path) -> None:
    sandbox = Sandbox(replace(OPTIONS, accounts=12, faulty=False, report_delay=3.0, session_seconds=2.0))
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", "--processes", "2", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    assert sandbox.requests["AssumeRole"] > 2 * len(sandbox.organization.active)


def test_an_account_that_never_answers_ends_at_its_time_limit(tmp_path: Path) -> None:
    sandbox = Sandbox(replace(OPTIONS, accounts=12, default_faults=("hang",)))
    (tmp_path / "auditor.yaml").write_text("account_timeout: 15\n")
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("collect", "--processes", "2", cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    manifest = Snapshot.open(tmp_path / result.stdout.splitlines()[-1]).manifest
    gaps = {record.account.id: {gap.code for gap in record.gaps} for record in manifest.accounts if record.gaps}
    assert gaps == {account_id: {"AccountTimeout"} for account_id in sandbox.faults}


@pytest.mark.parametrize(
    ("broken", "code", "sentence"),
    [
        ("raise ZeroDivisionError('a mistake')", 1, "ZeroDivisionError: a mistake"),
        ("raise SnapshotError('cannot write there: No space left on device')", 1, "No space left on device; mend that"),
    ],
)
def test_what_ends_a_run_of_one_process_ends_one_of_several(
    slow: Box, tmp_path: Path, broken: str, code: int, sentence: str
) -> None:
    """Something goes wrong in a further process, which has read a module that breaks it when it starts."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if sys.argv[:1] == ['-c']:\n"
        "    from auditor.errors import SnapshotError\n"
        "    import auditor.store.evidence_files as files\n"
        "    def fail(*_):\n"
        f"        {broken}\n"
        "    files.EvidenceFiles.write = fail\n"
    )
    out = tmp_path / "out"
    process = start(slow, out, "--processes", "2", environment={"PYTHONPATH": str(tmp_path)})
    _, stderr = process.communicate(timeout=100)
    assert process.returncode == code, stderr
    assert sentence in stderr
    assert "go on:" in stderr
    (folder,) = out.iterdir()
    assert not (folder / "manifest.json").exists()


@pytest.mark.parametrize("number", [1, 2])
def test_accounts_of_a_process_that_is_killed_are_collected_by_others(slow: Box, tmp_path: Path, number: int) -> None:
    process = start(slow, tmp_path, "--processes", "2")
    for pid in in_the_middle(process, tmp_path)[:number]:
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.5 * (number == 1))
    stdout, stderr = process.communicate(timeout=120)
    manifest = Snapshot.open(Path(stdout.splitlines()[-1])).manifest
    assert stderr.count("ended unexpectedly (signal 9)") == number, stderr
    in_scope = [record for record in manifest.accounts if record.outcome.value != "excluded"]
    assert {record.account.id for record in in_scope} == {a.id for a in slow.sandbox.organization.active}
    assert {gap.code for record in in_scope for gap in record.gaps} <= {"ProcessEnded"}
    if number == 1:
        assert process.returncode == 0, stderr


def test_ctrl_c_seals_and_the_rest_is_collected_on_resume(slow: Box, tmp_path: Path) -> None:
    process = start(slow, tmp_path, "--processes", "2")
    workers = in_the_middle(process, tmp_path)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    wait_for(lambda: not any(map(is_there, workers)), 5)
    (folder,) = tmp_path.iterdir()
    manifest = Snapshot.open(folder).manifest
    assert manifest.interrupted
    assert f"--resume {shlex.quote(str(folder))} --concurrency 4 --processes 2" in stderr.replace(
        f" --benchmark {SLOW[-1]}", ""
    )
    resumed = slow.auditor("collect", "--resume", folder, "--processes", "2")
    assert resumed.returncode == 0, resumed.stderr
    again = Snapshot.open(folder).manifest
    assert {r.outcome.value for r in again.accounts} == {"assessed", "excluded"}
    kept = {r.account.id for r in manifest.accounts if r.outcome.value == "assessed"}
    assert {r.attempt for r in again.accounts if r.account.id in kept} == {1}


def test_no_process_outlives_the_run_that_is_killed(slow: Box, tmp_path: Path) -> None:
    process = start(slow, tmp_path, "--processes", "2")
    workers = in_the_middle(process, tmp_path)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(map(is_there, workers)), 5)
    (folder,) = tmp_path.iterdir()
    resumed = slow.auditor("collect", "--resume", folder, "--processes", "2")
    assert resumed.returncode == 0, resumed.stderr
    assert not Snapshot.open(folder).manifest.interrupted


def test_a_process_is_given_no_credentials_but_over_its_socket(slow: Box, tmp_path: Path) -> None:
    process = start(slow, tmp_path, "--processes", "2", "--external-id", "a-shared-secret")
    try:
        secret = slow.environment()["AWS_SECRET_ACCESS_KEY"].encode()
        assert secret
        for pid in in_the_middle(process, tmp_path):
            for name in ("cmdline", "environ"):
                content = Path(f"/proc/{pid}/{name}").read_bytes()
                assert content
                assert secret not in content
                assert b"AWS_SECRET" not in content
                assert b"a-shared-secret" not in content
    finally:
        process.kill()
        process.communicate()
