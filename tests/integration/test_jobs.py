"""Several processes write the parts of a report: the same bytes, and none of them outlives the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import ConfigurationError, EvidenceError, SnapshotError
from auditor.judge.assessing import assess
from auditor.report import Output, write_reports
from auditor.report.processes import each
from tests.support import ACCOUNT, OTHER, ago, key, report, root, stored, user

THIRD = "333344445555"
WAITING = """
import sys, time
from pathlib import Path
from auditor.report.processes import each
def work(n):
    import os
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(600)
list(each(work, range(2), 2))
"""


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_bytes_are_the_same_for_any_number_of_processes(tmp_path: Path) -> None:
    reports = {
        account: report([root(account), user("ann", account, **key(1, ago(46)))]) for account in (ACCOUNT, OTHER, THIRD)
    }
    assessment = assess(stored(tmp_path / "snapshot", reports))
    told: list[tuple[int, int]] = []
    for jobs in (1, 2, 3):
        folder = tmp_path / str(jobs)
        output = Output(split_by="account", jobs=jobs)
        write_reports(assessment, folder, ["xlsx", "csv"], output, lambda *at: told.append(at))
    one = files_of(tmp_path / "1")
    assert len([name for name in one if name.endswith("findings.csv")]) == 4
    assert files_of(tmp_path / "2") == one
    assert files_of(tmp_path / "3") == one
    assert told == [(1, 3), (2, 3), (3, 3)] * 3


def test_results_come_in_the_order_of_the_items() -> None:
    def slowest_first(number: int) -> int:
        time.sleep(0.2 if number == 0 else 0)
        return number * number

    assert list(each(slowest_first, range(5), 2)) == [0, 1, 4, 9, 16]
    assert list(each(slowest_first, [], 2)) == []


def test_an_error_of_a_process_is_raised_here() -> None:
    def refuse(number: int) -> int:
        if number == 1:
            raise ConfigurationError("no such thing")
        return number

    with pytest.raises(ConfigurationError, match="no such thing"):
        list(each(refuse, range(4), 2))


def test_an_error_about_evidence_comes_back_whole() -> None:
    def refuse(number: int) -> int:
        raise EvidenceError("read", "EvidenceChanged", f"file {number} is not the one", "request-1")

    with pytest.raises(EvidenceError, match="read: EvidenceChanged: file 0 is not the one") as caught:
        list(each(refuse, range(2), 2))
    assert (caught.value.code, caught.value.request_id) == ("EvidenceChanged", "request-1")


def test_a_process_that_is_killed_is_one_sentence() -> None:
    def die(number: int) -> int:
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(SnapshotError, match="a process of this command was killed"):
        list(each(die, range(4), 2))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_first(tmp_path: Path, how: signal.Signals) -> None:
    first = subprocess.Popen([sys.executable, "-c", WAITING, str(tmp_path)])
    eventually(lambda: len(list(tmp_path.iterdir())) == 2)
    first.send_signal(how)
    first.wait(timeout=60)
    others = [int(path.name) for path in tmp_path.iterdir()]
    eventually(lambda: not any(is_alive(number) for number in others))


def eventually(something: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not something():
        assert time.monotonic() < until
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
