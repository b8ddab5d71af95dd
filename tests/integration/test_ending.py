"""Whatever ends a run early says where the snapshot is, what is in it, and the commands that go on; they are tried."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, Completed, command

# Ends the wait for what is in flight sooner; and things that go wrong in the middle of a run.
GRACE = "import auditor.collect.run as run\nrun._GRACE = 1.0\n"
BROKEN = """
import auditor.collect.ledger as ledger
finish = ledger.Ledger.finish
def fail(self, record):
    finish(self, record)
    if len(self._records) == 5:
        raise ZeroDivisionError("a mistake")
ledger.Ledger.finish = fail
"""
SLOW_REPORT = """
import auditor.report.csv_files as files, time
real = files.csv_blocks
def slow(*arguments, **more):
    print("writing", file=__import__("sys").stderr, flush=True)
    time.sleep(60)
    return real(*arguments, **more)
files.csv_blocks = slow
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """One account never gets ready, so that every run can be caught."""
    sandbox = Sandbox(SandboxOptions(accounts=14, users=2, as_of=AS_OF, default_faults=("stuck",)))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def start(box: Box, folder: Path, patch: str, *arguments: str) -> subprocess.Popen[str]:
    code = f"{patch}\nfrom auditor.cli.main import main\nmain({[*arguments]!r})"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=box.environment(),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_accounts(out: Path, number: int) -> None:
    until = time.monotonic() + 90
    while _accounts(out) < number:
        assert time.monotonic() < until, f"no {number} accounts"
        time.sleep(0.05)


def _accounts(out: Path) -> int:
    """How many the journal names."""
    lines = [line for file in out.glob("*/journal.jsonl") for line in file.read_bytes().splitlines()]
    return sum(b'"outcome"' in line for line in lines)


def _read_until(terminal: int, is_enough: Callable[[], bool]) -> None:
    """A terminal that nobody reads stops whoever writes to it."""
    while not is_enough():
        if select.select([terminal], [], [], 0.05)[0]:
            os.read(terminal, 10_000)


def told(stderr: str) -> dict[str, str]:
    """The lines below the sentence, by their labels."""
    lines = [line.strip() for line in stderr.splitlines() if line.startswith("  ")]
    return {label: rest.strip() for label, _, rest in (line.partition(":") for line in lines) if rest}


def follow(box: Box, folder: Path, line: str) -> Completed:
    """What a person does who copies the line into a shell."""
    (folder / "auditor").write_text(f'#!/bin/sh\nexec {shlex.join(command([]))} "$@"\n')
    (folder / "auditor").chmod(0o700)
    path = {"PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env=box.environment() | path,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_fits(stderr: str) -> None:
    """Sentences stand in one line of 80 columns; only paths and commands may be longer."""
    for line in stderr.splitlines():
        assert len(line) <= 80 or line.startswith(("  snapshot:", "  go on:", "  report:")), line


OPTIONS = ("--out", "my reports", "--concurrency", "3", "--as-of", AS_OF.isoformat(), "--benchmark", "aws-iam-rules")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_says_how_to_go_on(how: signal.Signals, box: Box, tmp_path: Path) -> None:
    (tmp_path / "my settings.yaml").write_text("report_timeout: 2\nexternal_id: a-shared-secret\n")
    process = start(box, tmp_path, GRACE, "run", *OPTIONS, "--config", "my settings.yaml", "--format", "csv")
    wait_for_accounts(tmp_path / "my reports", 5)
    process.send_signal(how)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    ways = told(stderr)
    (folder,) = (tmp_path / "my reports").iterdir()
    assert ways["snapshot"] == f"'my reports/{folder.name}'"
    records = [r for r in Snapshot.open(folder).manifest.accounts if r.outcome.value != "excluded"]
    done = sum(all(gap.code != "Interrupted" for gap in r.gaps) for r in records)
    assert f"auditor: interrupted; what was collected is kept\n  {done} of {len(records)} accounts" in stderr
    assert "a-shared-secret" not in stderr
    assert_fits(stderr)
    reported = follow(box, tmp_path, ways["report"])
    assert reported.returncode == 4, reported.stderr
    assert sorted(p.suffix for p in folder.iterdir() if p.name.startswith("findings")) == [".csv"]
    resumed = follow(box, tmp_path, ways["go on"])
    assert resumed.returncode == 4, resumed.stderr  # the one that is never ready
    manifest = Snapshot.open(folder).manifest
    assert not manifest.interrupted
    assert {gap.code for r in manifest.accounts for gap in r.gaps} == {"ReportTimeout"}
    assert manifest.settings["benchmark"] == ["aws-iam-rules"]
    assert "go on" not in told(resumed.stderr)


def test_the_second_ctrl_c_says_it_too(box: Box, tmp_path: Path) -> None:
    process = start(box, tmp_path, "", "collect", "--concurrency", "3", "--external-id", "a-shared-secret")
    wait_for_accounts(tmp_path / "reports", 5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    (folder,) = (tmp_path / "reports").iterdir()
    assert told(stderr) == {
        "snapshot": f"reports/{folder.name}",
        "go on": f"auditor collect --resume reports/{folder.name} --external-id EXTERNAL_ID --concurrency 3",
    }
    assert "interrupted, nothing was sealed" in stderr
    assert "accounts that were listed so far are in the snapshot" in stderr or "accounts are in the snapshot" in stderr
    assert "a-shared-secret" not in stderr


def test_a_report_that_is_interrupted_is_one_command_away(box: Box, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text("report_timeout: 2\n")
    process = start(box, tmp_path, SLOW_REPORT, "run", *OPTIONS, "--format", "csv", "--csv-delimiter", ";")
    assert process.stderr
    lines = list[str]()
    while not lines or lines[-1] != "writing\n":
        lines.append(process.stderr.readline())
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    ways = told(stderr)
    assert "go on" not in ways, "everything was collected"
    assert ways["report"].startswith("auditor report 'my reports/o-")
    assert f"--as-of {AS_OF.isoformat()}".replace("+00:00", "") in ways["report"].replace("+00:00", "")
    reported = follow(box, tmp_path, ways["report"])
    assert reported.returncode == 4, reported.stderr
    (folder,) = (tmp_path / "my reports").iterdir()
    assert (folder / "findings.csv").read_text().startswith("snapshot_id;as_of;")
    assert not [p.name for p in folder.iterdir() if p.name.endswith(".part")]


def test_a_run_whose_time_is_up_says_how_to_go_on_below_its_reports(box: Box, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text("run_timeout: 15\nreport_timeout: 60\n")
    process = start(box, tmp_path, "", "run", *OPTIONS, "--format", "csv")
    _, stderr = process.communicate(timeout=90)
    assert process.returncode == 4, stderr
    assert "auditor: not finished:" in stderr
    (folder,) = (tmp_path / "my reports").iterdir()
    assert told(stderr)["go on"].startswith(f"auditor run --resume 'my reports/{folder.name}' ")


def test_an_unexpected_error_says_how_to_go_on(box: Box, tmp_path: Path) -> None:
    process = start(box, tmp_path, BROKEN, "collect", "--concurrency", "3")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "unexpected error: ZeroDivisionError: a mistake" in stderr
    (folder,) = (tmp_path / "reports").iterdir()
    assert told(stderr) == {
        "snapshot": f"reports/{folder.name}",
        "go on": f"auditor collect --resume reports/{folder.name} --concurrency 3",
    }
    assert not (folder / "manifest.json").exists()


def test_interrupted_retries_of_gaps_go_on_as_retries_of_gaps(box: Box, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text("report_timeout: 1\n")
    first = box.auditor("collect", cwd=tmp_path)
    assert first.returncode == 4, first.stderr
    folder = first.stdout.splitlines()[-1]
    process = start(box, tmp_path, GRACE + "from time import sleep", "collect", "--retry-gaps", folder)
    until = time.monotonic() + 60
    while (tmp_path / folder / "journal.jsonl").read_bytes().count(b'{"attempt"') < 2 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    if process.returncode == 130:  # it may have been done already
        assert told(stderr)["go on"] == f"auditor collect --retry-gaps {folder}"


def test_a_terminal_that_is_closed_ends_the_run_sealed(box: Box, tmp_path: Path) -> None:
    """The kernel sends SIGHUP, and every word to the terminal is an error from then on."""
    master, slave = os.openpty()
    line = f"exec {shlex.join(command(['run', '--concurrency', '3', '--verbose']))} < {os.ttyname(slave)} "
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"{line} > {os.ttyname(slave)} 2>&1"],
        env=box.environment(),
        cwd=tmp_path,
        start_new_session=True,
    )
    reading = threading.Thread(target=_read_until, args=(master, lambda: _accounts(tmp_path / "reports") >= 5))
    reading.start()
    reading.join(90)
    os.close(slave)  # not before: nobody can read from a terminal that no process has opened yet
    os.close(master)
    assert process.wait(timeout=60) == 130
    (folder,) = (tmp_path / "reports").iterdir()
    assert Snapshot.open(folder).manifest.interrupted
