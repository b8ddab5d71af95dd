"""Commands that judge in batches: the same files, whatever the batches and the processes, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fork_server import Completed, run_command
from tests.support import ACCOUNT, OTHER, ago, key, report, root, stored, user

THIRD = "333344445555"
SMALL = {"auditor.judge.batches:BATCH_BYTES": 500}
SLOW = """
import time
import auditor.judge.batches as batches
batches.BATCH_BYTES = 500
judged = batches.judged_tables
def slow(*arguments):
    print("judging", end="", flush=True)
    time.sleep(60)
    return judged(*arguments)
batches.judged_tables = slow
from auditor.cli.main import main
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    accounts = (ACCOUNT, OTHER, THIRD)
    reports = {a: report([root(a), *(user(f"u{n}", a, **key(1, ago(40 + n))) for n in range(12))]) for a in accounts}
    return stored(tmp_path_factory.mktemp("batches") / "snapshot", reports).folder


def reported(snapshot: Path, out: Path, *options: str, batched: bool = True) -> Completed:
    arguments: list[str | Path] = ["report", snapshot, "--out", out, "--benchmark", "aws-iam-rules", *options]
    return run_command(arguments, patches=SMALL if batched else {})


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_files_are_the_same_for_any_batches_and_processes(snapshot: Path, tmp_path: Path) -> None:
    formats = ("--format", "xlsx", "--format", "csv", "--format", "json", "--format", "parquet")
    whole = reported(snapshot, tmp_path / "whole", *formats, batched=False)
    assert whole.returncode == 0, whole.stderr
    for jobs in ("1", "3"):
        batched = reported(snapshot, tmp_path / jobs, *formats, "--jobs", jobs)
        assert batched.returncode == 0, batched.stderr
        assert batched.stdout.replace(str(tmp_path / jobs), "") == whole.stdout.replace(str(tmp_path / "whole"), "")
        assert files_of(tmp_path / jobs) == files_of(tmp_path / "whole")


def test_redacted_and_split_reports_are_the_same_too(snapshot: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(range(32)).hex().encode())
    (tmp_path / "key").chmod(0o600)
    options = ("--format", "csv", "--redact", str(tmp_path / "key"), "--split-by", "account")
    results = [reported(snapshot, tmp_path / str(batched), *options, batched=batched) for batched in (False, True)]
    assert [result.returncode for result in results] == [0, 0], results[1].stderr
    assert files_of(tmp_path / "True") == files_of(tmp_path / "False")


def test_evidence_that_was_changed_is_told_by_every_batch(snapshot: Path, tmp_path: Path) -> None:
    files = sorted(snapshot.glob("evidence/*/credential-report.csv"))
    kept = files[1].read_bytes()
    files[1].write_bytes(kept + b"\n")
    try:
        whole = reported(snapshot, tmp_path / "whole", "--format", "csv", batched=False)
        batched = reported(snapshot, tmp_path / "batched", "--format", "csv")
    finally:
        files[1].write_bytes(kept)
    assert "EvidenceChanged" in (tmp_path / "batched" / "accounts.csv").read_text()
    assert files_of(tmp_path / "batched") == files_of(tmp_path / "whole")
    assert batched.stderr == whole.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_ends_in_the_middle_leaves_nothing_for_the_next_one(
    snapshot: Path, tmp_path: Path, how: signal.Signals
) -> None:
    code = f"{SLOW}\nmain(['report', {str(snapshot)!r}, '--out', {str(tmp_path)!r}, '--format', 'csv', '--jobs', '2'])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.read(7) == b"judging"
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".judging.")]
        process.send_signal(how)
        process.wait(timeout=50)  # less than a batch takes here
    assert _gone(process.pid), "the processes that judge do not outlive the command"
    done = reported(snapshot, tmp_path, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def _gone(session: int) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
