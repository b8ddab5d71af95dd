"""Folders 0700, files 0600 whatever the umask; nothing unfinished stays behind, however a command ends."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, command, error_line

SMALL = SandboxOptions(accounts=6, users=3, as_of=AS_OF, default_faults=("denied",))
FORMATS = ("--format", "xlsx", "--format", "csv", "--format", "json")
# The disk takes for ever to take a file: a moment in which the program can be stopped.
SLOW_DISK = "import os, time\nos.fsync = lambda _: time.sleep(60)\n"


@pytest.fixture(scope="module")
def small() -> Iterator[Box]:
    sandbox = Sandbox(SMALL)
    with sandbox.serve() as url:
        yield Box(sandbox, url)


@pytest.fixture(scope="module")
def snapshot(small: Box, tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = small.auditor("collect", "--out", tmp_path_factory.mktemp("collected"))
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture
def copied(snapshot: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(snapshot, tmp_path / snapshot.name))


def unfinished(snapshot: Path) -> list[Path]:
    return list(snapshot.rglob(".*"))


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_folders_are_0700_and_files_0600_whatever_the_umask(small: Box, tmp_path: Path, umask: int) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for arguments in (
        ["run", "--out", "deep/er", *FORMATS],
        ["report", "{snapshot}", "--out", "derived/here", *FORMATS],
        ["query", "select * from users", "--snapshot", "{snapshot}", "--format", "xlsx", "--to", "q.xlsx"],
    ):
        newest = max((work / "deep" / "er").glob("*"), default=work)
        given = [text.format(snapshot=newest) for text in arguments]
        done = subprocess.run(
            command(given), env=small.environment(), cwd=work, umask=umask, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 4), done.stderr
    paths = list(work.rglob("*"))
    names = {path.name for path in paths}
    assert names >= {"audit.xlsx", "findings.json", "journal.jsonl", "manifest.json", "q.xlsx", "er", "evidence"}
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert modes == {(True, 0o700), (False, 0o600)}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_temporary_files_are_cleaned_up_however_a_command_ends(small: Box, copied: Path, how: signal.Signals) -> None:
    """One that is killed outright cannot clean up: the next command does."""
    slow = copied.parent / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(SLOW_DISK)
    path = os.pathsep.join([str(slow), os.environ.get("PYTHONPATH", "")])
    arguments = command(["report", copied, "--format", "csv"])
    process = subprocess.Popen(arguments, env=small.environment() | {"PYTHONPATH": path}, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not unfinished(copied) and time.monotonic() < until:
        time.sleep(0.02)
    assert unfinished(copied)
    process.send_signal(how)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == (-9 if how is signal.SIGKILL else 130), stderr
    assert bool(unfinished(copied)) == (how is signal.SIGKILL)
    assert not (copied / "findings.csv").exists()
    assert small.auditor("report", copied, "--format", "csv").returncode == 4
    assert not unfinished(copied)


def test_a_collection_that_is_told_to_end_is_sealed_with_what_it_has(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=30, as_of=AS_OF, default_faults=("stuck",)))
    with sandbox.serve() as url:
        arguments = command(["run", "--out", tmp_path])
        process = subprocess.Popen(arguments, env=Box(sandbox, url).environment(), stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("*/evidence/*"))) < 10 and time.monotonic() < until:
            time.sleep(0.05)
        process.terminate()
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    (folder,) = tmp_path.iterdir()
    assert Snapshot.open(folder).manifest.interrupted
    assert not unfinished(folder)


def test_what_a_killed_collection_left_unfinished_is_removed_when_it_is_resumed(small: Box, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(["collect", "--out", out, "--concurrency", "1"]), env=small.environment(), stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not list(out.glob("*/evidence/*")) and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    (folder,) = out.iterdir()
    account = next((folder / "evidence").iterdir())
    for place in (folder, account):
        (place / ".credential-report.csv.abc.part").write_text("half a repor")
    assert small.auditor("collect", "--resume", folder).returncode == 4
    assert not unfinished(folder)


@pytest.mark.parametrize("target", ["audit.xlsx", "summary.json", "evidence/../findings.csv"])
def test_a_report_is_not_written_through_a_link_in_a_snapshot(small: Box, copied: Path, target: str) -> None:
    victim = copied.parent / "victim"
    victim.write_text("kept")
    (copied / target).symlink_to(victim)
    result = small.auditor("report", copied)
    assert result.returncode == 2
    assert f"{(copied / target).parent.resolve() / Path(target).name} in it is a symbolic link" in error_line(result)
    assert victim.read_text() == "kept"


def test_an_answer_is_not_written_through_a_link(small: Box, snapshot: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "q.csv").symlink_to("kept")
    sql = ("query", "select 1", "--snapshot", snapshot, "--format", "csv", "--to")
    for target in (tmp_path / "q.csv", Path("/dev/stdout")):
        result = small.auditor(*sql, target)
        assert result.returncode == 2
        assert "symbolic link" in result.stderr.splitlines()[-1]
    assert (tmp_path / "kept").read_text() == "kept"
    assert Path("/dev/stdout").is_symlink()


def test_an_out_that_everybody_can_change_costs_no_call(small: Box, tmp_path: Path) -> None:
    small.sandbox.requests.clear()
    tmp_path.chmod(0o777)
    result = small.auditor("run", "--out", "reports", cwd=tmp_path)
    assert result.returncode == 2
    assert "has no sticky bit" in error_line(result)
    assert not small.sandbox.requests
    assert list(tmp_path.iterdir()) == []
