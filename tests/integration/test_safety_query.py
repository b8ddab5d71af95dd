"""``query`` can't read or write files, load extensions, or reach the network, and takes no more than it may."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor.ask import query_worker
from auditor.ask.query_process import Limits
from auditor.errors import QueryError
from auditor.store.snapshot import Snapshot
from tests.asking import ask_frames
from tests.boxed import command
from tests.fork_server import run_command
from tests.support import ACCOUNT, report, root, stored, user

# After the doors are shut, what Python itself is still let do: nothing, whatever hole a database might have.
KERNEL = """
import duckdb, socket, sys
from auditor.ask import query_worker
inherited = open({file!r}, "ab")
query_worker._shut(duckdb.connect(), 64 << 20)
def attempt(name, what):
    try:
        what()
    except (OSError, MemoryError) as error:
        print(name, type(error).__name__)
    else:
        print(name, "done")
def write():
    inherited.write(b"x")
    inherited.flush()
attempt("read", lambda: open("/etc/passwd"))
attempt("create", lambda: open({file!r} + ".new", "w"))
attempt("connect", lambda: socket.socket())
attempt("allocate", lambda: bytearray(2 << 30))
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
attempt("append", write)
sys.stdout.flush()
os._exit(0)
"""
NUMBERS = {"numbers": pd.DataFrame({"n": range(100_000)})}
HUNGRY = {
    "rows without end": "select range as i from range(1000000000000)",
    "wide rows": "select repeat('a', 1000000) as s from numbers",
    "a join of everything": "select a.n::text || b.n::text as s from numbers a, numbers b order by 1",
    "one value": "select string_agg(a.n::text, ',') as s from numbers a, numbers b",
    "a function that does not count": "select generate_series(1, 1000000000) as s",
}
SLOW = {
    "a join": "select count(*) as n from numbers a, numbers b, numbers c where a.n * b.n % 7 = c.n",
    "a recursion": "with recursive r as (select 1 as n union all select n + 1 from r) select count(*) as n from r",
    "a function that does not listen": "select levenshtein(repeat('ab', 50000), repeat('ba', 50000)) as n",
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return stored(tmp_path_factory.mktemp("snapshot"), {ACCOUNT: report([root(), user("ann")])})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and limits memory this way")
def test_the_kernel_keeps_a_query_from_files_network_and_memory(tmp_path: Path) -> None:
    program = KERNEL.format(file=str(tmp_path / "file"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    told = dict(line.split() for line in done.stdout.splitlines())
    assert told == {
        "read": "OSError",
        "create": "OSError",
        "connect": "OSError",
        "allocate": "MemoryError",
        "append": "OSError",
    }
    assert [(p.name, p.stat().st_size) for p in tmp_path.iterdir()] == [("file", 0)]


@pytest.mark.parametrize("name", HUNGRY)
def test_a_query_that_takes_more_memory_than_it_may_is_one_sentence(name: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask_frames(NUMBERS, HUNGRY[name], Limits(memory=64, seconds=60))
    assert str(caught.value) == "the query needs more than 64 MiB of memory; ask for less, or raise query_memory"


@pytest.mark.parametrize("name", SLOW)
def test_a_query_that_takes_longer_than_it_may_is_one_sentence(name: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask_frames(NUMBERS, SLOW[name], Limits(memory=256, seconds=0.5))
    assert str(caught.value) == ("the query was not answered within 0.5 seconds; ask for less, or raise query_timeout")


def test_tables_of_any_size_do_not_count_for_what_a_query_may_take() -> None:
    big = {"numbers": pd.DataFrame({"s": [f"{n:0100d}" for n in range(600_000)]})}
    assert ask_frames(big, "select max(s) as s from numbers", Limits(memory=16)).to_pylist() == [
        {"s": f"{599_999:0100d}"}
    ]


def test_the_limits_stand_in_the_settings_file(snapshot: Snapshot, tmp_path: Path) -> None:
    for setting, sql, told in (
        ("query_memory: 32", HUNGRY["rows without end"], "auditor: the query needs more than 32 MiB of memory"),
        ("query_timeout: 1.5", SLOW["a function that does not listen"], "not answered within 1.5 seconds"),
    ):
        (tmp_path / "auditor.yaml").write_text(f"{setting}\n")
        done = run_command(["query", sql, "--snapshot", snapshot.folder], folder=tmp_path)
        assert done.returncode == 2
        assert told in done.stderr.splitlines()[-1]
        assert [line for line in done.stderr.splitlines()[:-1] if "are made again" not in line] == []
    (tmp_path / "auditor.yaml").write_text("query_memory: 1\n")
    done = run_command(["query", "select 1"], folder=tmp_path)
    assert (done.returncode, "query_memory" in done.stderr) == (2, True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_of_a_query_outlives_it(snapshot: Snapshot, tmp_path: Path, how: signal.Signals) -> None:
    """Not even where its asker is killed outright, and with it the clock that would have ended the query."""
    process = subprocess.Popen(
        command(["query", "select count(*) from range(1000000) a, range(1000000) b", "--snapshot", snapshot.folder]),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    workers = _some(lambda: _workers_of(process.pid))
    assert _some(lambda: _busy(workers[0])), "the query itself is at work"
    process.send_signal(how)
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr.strip()) in [(130, b"auditor: interrupted"), (-signal.SIGKILL, b"")]
    assert _some(lambda: not any(_is_alive(pid) for pid in workers))
    assert list(tmp_path.iterdir()) == []


def _some(look: Callable[[], Any]) -> Any:
    """What is found when it is there; a busy machine may take a while."""
    until = time.monotonic() + 60
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def _busy(pid: int) -> bool:
    """Whether a process has used more of the CPU than starting takes: two seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) > 2 * os.sysconf("SC_CLK_TCK")


def _is_alive(pid: int) -> bool:
    """A process that has ended may still be listed until somebody asks how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _workers_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    name = os.fsencode(Path(query_worker.__file__).name)
    return [int(pid) for pid in children if name in Path(f"/proc/{pid}/cmdline").read_bytes()]
