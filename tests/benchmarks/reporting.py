"""Reports of large organizations as a user makes them: batches of accounts, in processes, beside judging at once."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.child import Figures, measured
from tests.benchmarks.table import Row
from tests.benchmarks.tree import run_tree

_USERS = 1000
_MILLION, _ELEVEN = 1075, 10_750  # accounts; one in fourteen boxed accounts is not active
_PARTS, _USERS_OF_PART = (32, 64), 25
_GAPS = 4  # the exit code: these snapshots have credential reports alone


def million_rows() -> Iterator[Row]:
    """1.1 million users, by one process, by two, and judged at once."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = _snapshot(folder, _MILLION, _USERS)
        once = measured("cases.report_at_once", snapshot=snapshot, out=f"{folder}/once")
        yield Row("report 1.1 million users, judged at once", _told(once), figures=once)
        for jobs in (1, 2):
            out = f"{folder}/{jobs}"
            found = _report(snapshot, out, "--jobs", str(jobs))
            same = _hashes(out) == _hashes(f"{folder}/once")
            ratio = found["seconds"] / once["seconds"]
            reached = same and found["peak_mib"] <= 800 and (jobs == 1 or ratio <= 1)
            measure = f"{_told(found)}, {ratio:.2f} x, {'the same bytes' if same else 'OTHER BYTES'}"
            must = f"<= 800 MiB, {'<= 1 x, ' if jobs > 1 else ''}the same bytes"
            yield Row(f"the same in batches, {jobs} process(es)", measure, must, reached, found | {"ratio": ratio})


def eleven_million_rows() -> Iterator[Row]:
    """Takes half an hour and 50 GB of disk, so it runs only when it is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        found = _report(_snapshot(folder, _ELEVEN, _USERS), f"{folder}/out", "--jobs", "2")
        yield Row("report 11 million users", _told(found), "<= 1,229 MiB", found["peak_mib"] <= 1229, found)


def split_rows() -> Iterator[Row]:
    """A folder for each account: twice as many take at most a little more than twice as long."""
    seconds: list[float] = []
    for accounts in _PARTS:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "auditor", "report", _snapshot(folder, accounts, _USERS_OF_PART)]
            found = run_tree([*command, "--split-by", "account", "--out", f"{folder}/out", "--quiet"], _GAPS)
        seconds.append(found["seconds"])
        yield Row(f"report split by {accounts} accounts of {_USERS_OF_PART} users", _told(found), figures=found)
    ratio = seconds[1] / seconds[0]
    yield Row("twice as many accounts", f"{ratio:.2f} x", "<= 2.2 x", ratio <= 2.2, {"ratio": ratio})


def _snapshot(folder: str, accounts: int, users: int) -> str:
    return str(measured("cases.make_snapshot", folder=folder, accounts=accounts, users=users)["snapshot"])


def _report(snapshot: str, out: str, *options: str) -> Figures:
    command = [sys.executable, "-m", "auditor", "report", snapshot, "--out", out, "--quiet", *options]
    return run_tree([*command, "--format", "csv", "--format", "parquet"], _GAPS)


def _hashes(folder: str) -> dict[str, str]:
    paths = [p for p in Path(folder).rglob("*") if p.suffix in {".csv", ".parquet"}]
    return {p.relative_to(folder).as_posix(): _hash(p) for p in paths}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _told(figures: Figures) -> str:
    return f"{figures['seconds']:.0f} s, {figures['peak_mib']:,} MiB"
