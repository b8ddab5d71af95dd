"""Runs that are killed, stopped or short of room, and what ``--resume`` and ``--retry-gaps`` make of them."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, command, error_line, read_csv
from tests.expected import Expected

KILLS = 20
SMALL = SandboxOptions(accounts=14, users=4, as_of=AS_OF, faulty=False, latency=0.03, report_delay=(0.0, 0.6))


@pytest.fixture(scope="module")
def small() -> Iterator[Box]:
    sandbox = Sandbox(SMALL)
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def verdicts(folder: Path) -> list[dict[str, str]]:
    """findings.csv but for the name of the snapshot."""
    return [{k: v for k, v in row.items() if k != "snapshot_id"} for row in read_csv(folder / "findings.csv")]


def started(box: Box, out: Path) -> subprocess.Popen[bytes]:
    arguments: list[str | Path] = ["collect", "--out", out, "--as-of", AS_OF.isoformat(), "--concurrency", "2"]
    return subprocess.Popen(
        command(arguments), env=box.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait_for(something: Callable[[], object]) -> None:
    """Wait until it is there; a busy machine may take a while to start a process."""
    until = time.monotonic() + 60
    while not something() and time.monotonic() < until:
        time.sleep(0.01)


def only_folder(out: Path) -> Path | None:
    return next((p for p in out.iterdir() if (p / "journal.jsonl").exists()), None) if out.exists() else None


def test_kill_9_at_twenty_moments_loses_nothing(small: Box, tmp_path: Path) -> None:
    """Each time the run is killed as late as chance has it, then resumed; the findings are those of a quiet run."""
    quiet = small.auditor("run", "--out", tmp_path / "quiet", "--as-of", AS_OF.isoformat(), "--format", "csv")
    undisturbed = verdicts(Path(quiet.stdout.splitlines()[-1]))
    chance = random.Random(9)
    folder: Path | None = None
    for kill in range(KILLS):
        out = tmp_path / f"killed-{kill // 4}"
        folder = only_folder(out)
        if folder is None:
            process = started(small, out)
            wait_for(lambda: only_folder(out))  # noqa: B023 -- called at once
        else:
            resuming: list[str | Path] = ["collect", "--resume", folder]
            process = subprocess.Popen(
                command(resuming), env=small.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        time.sleep(chance.uniform(0.0, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    for out in sorted(tmp_path.glob("killed-*")):
        folder = only_folder(out)
        assert folder is not None
        if not (folder / "manifest.json").exists():
            resumed = small.auditor("collect", "--resume", folder)
            assert resumed.returncode == 0, resumed.stderr
        reported = small.auditor("report", folder, "--format", "csv")
        assert reported.returncode == quiet.returncode, reported.stderr
        assert verdicts(folder) == undisturbed
        assert [a.number for a in Snapshot.open(folder).manifest.attempts] == list(
            range(1, len(Snapshot.open(folder).manifest.attempts) + 1)
        )


def interrupted(box: Box, out: Path) -> Path:
    """A snapshot whose run was killed after some accounts."""
    process = started(box, out)
    wait_for(lambda: (f := only_folder(out)) and (f / "journal.jsonl").read_bytes().count(b'"assessed"') >= 3)
    process.kill()
    process.wait()
    folder = only_folder(out)
    assert folder is not None
    assert not (folder / "manifest.json").exists()
    return folder


def test_only_the_rest_is_done_and_what_is_torn_is_done_again(small: Box, tmp_path: Path) -> None:
    folder = interrupted(small, tmp_path)
    journal = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in journal if '"assessed"' in line]
    torn = next(iter((folder / "evidence").iterdir()))
    (torn / "credential-report.csv").write_bytes(b"user,arn,us")
    (folder / "journal.jsonl").write_text("".join(journal) + '{"account": {"id": "0000')
    small.sandbox.requests.clear()
    resumed = small.auditor("collect", "--resume", folder)
    assert resumed.returncode == 0, resumed.stderr
    fetched = sum(n for name, n in small.sandbox.requests.items() if "AssumeRole" in name)
    active = sum(o == "assessed" for o in Expected(small.sandbox).outcomes().values())
    assert active - len(kept) - 1 <= fetched <= active - len(kept) + 1
    manifest = Snapshot.open(folder).manifest
    assert {r.account.id: r.outcome.value for r in manifest.accounts} == Expected(small.sandbox).outcomes()
    assert len(manifest.attempts) == 2
    assert all(Snapshot.open(folder).read(f) for r in manifest.accounts for f in r.evidence)


def test_retry_gaps_tries_again_and_keeps_both_attempts(tmp_path: Path) -> None:
    plain = SandboxOptions(accounts=10, users=3, as_of=AS_OF, faulty=False)
    denied = next(a.id for a in reversed(Sandbox(plain).organization.active) if not a.is_management)
    broken = Sandbox(SandboxOptions(accounts=10, users=3, as_of=AS_OF, faulty=False, faults={denied: "denied"}))
    with broken.serve() as url:
        first = Box(broken, url).auditor("collect", "--out", tmp_path, "--external-id", "shared")
    assert first.returncode == 4, first.stderr
    folder = Path(first.stdout.splitlines()[-1])
    mended = Sandbox(plain)
    with mended.serve() as url:
        box = Box(mended, url)
        assert "give it again with --external-id" in error_line(box.auditor("collect", "--retry-gaps", folder))
        second = box.auditor("collect", "--retry-gaps", folder, "--external-id", "shared")
        assert second.returncode == 0, second.stderr
        assert sum(n for name, n in mended.requests.items() if "AssumeRole" in name) == 1
        again = box.auditor("collect", "--retry-gaps", folder, "--external-id", "shared")
        assert "is complete, there is nothing to resume" in error_line(again)
    manifest = Snapshot.open(folder).manifest
    (record,) = [r for r in manifest.accounts if r.account.id == denied]
    assert (record.outcome.value, record.attempt, record.gaps) == ("assessed", 2, ())
    assert {gap.code for gap in record.earlier_gaps} == {"AccessDenied"}
    assert [a.number for a in manifest.attempts] == [1, 2]


def test_two_runs_into_one_snapshot_are_refused(small: Box, tmp_path: Path) -> None:
    folder = interrupted(small, tmp_path)
    with (folder / "journal.jsonl").open("ab") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
        result = small.auditor("collect", "--resume", folder)
    assert result.returncode == 2
    assert "another run is writing to" in error_line(result)


def test_a_snapshot_of_another_organization_is_refused(small: Box, tmp_path: Path) -> None:
    folder = interrupted(small, tmp_path)
    before = (folder / "journal.jsonl").read_bytes()
    other = Sandbox(SandboxOptions(accounts=5, seed=77, as_of=AS_OF))
    with other.serve() as url:
        result = Box(other, url).auditor("collect", "--resume", folder)
    assert result.returncode == 2
    assert "but these credentials belong to" in error_line(result)
    assert (folder / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("option", ["--resume", "--retry-gaps"])
def test_what_cannot_be_resumed_is_told(small: Box, tmp_path: Path, option: str) -> None:
    result = small.auditor("run", option, tmp_path / "nowhere")
    assert result.returncode == 2
    assert "cannot be resumed" in error_line(result)


def test_the_second_ctrl_c_leaves_at_once_and_the_snapshot_can_be_resumed(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=20, users=3, as_of=AS_OF, default_faults=("hang",)))
    with sandbox.serve() as url:
        box = Box(sandbox, url)
        process = started(box, tmp_path)
        wait_for(lambda: only_folder(tmp_path))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None, "the first waits for what is in flight"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        folder = only_folder(tmp_path)
        assert folder is not None
        assert not (folder / "manifest.json").exists()
        resumed = box.auditor("collect", "--resume", folder, "--exclude", next(iter(sandbox.faults)))
        assert resumed.returncode == 0, resumed.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system can only be mounted by root")
def test_a_full_disk_is_told_and_the_snapshot_can_be_resumed(small: Box, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let root mount a tmpfs")
    try:
        result = small.auditor("collect", "--out", disk / "reports", "--as-of", AS_OF.isoformat())
        assert result.returncode == 1, result.stderr
        assert "No space left on device" in result.stderr.splitlines()[0]
        assert "Traceback" not in result.stderr
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("  go on:")]
        assert f"auditor collect --resume {only_folder(disk / 'reports')} --as-of " in line
        subprocess.run(["mount", "-o", "remount,size=10m", str(disk)], check=True)
        folder = only_folder(disk / "reports")
        assert folder is not None
        resumed = small.auditor("collect", "--resume", folder)
        assert resumed.returncode == 0, resumed.stderr
    finally:
        subprocess.run(["umount", str(disk)], check=False)
