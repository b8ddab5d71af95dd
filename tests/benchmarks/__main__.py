"""``make bench``: measures side by side in one run and prints one table, and the same as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

_ACCOUNTS, _USERS = 1075, 1000  # one in fourteen boxed accounts is not active


@dataclass(frozen=True)
class Row:
    """One line of the table; ``reached`` is None where nothing is promised."""

    what: str
    measured: str
    must_reach: str = ""
    reached: bool | None = None


def child(name: str, **arguments: Any) -> dict[str, Any]:
    """Run one case of ``tests.benchmarks.child`` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.child", name, json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def judging() -> Iterator[Row]:
    """A thousand accounts of a thousand users, from reports on disk to findings."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = child("make_snapshot", folder=folder, accounts=_ACCOUNTS, users=_USERS)["snapshot"]
        frames = child("frames", snapshot=snapshot)
        yield _limited("parse and merge {users:,} users", frames, seconds=20, peak=2048)
        evaluation = child("evaluation", snapshot=snapshot)
        yield _limited("judge {users:,} users by 12 controls", evaluation, seconds=12, peak=3072)
        written = child("findings_csv", snapshot=snapshot)
        yield Row("write {findings:,} findings as CSV".format(**written), _told(written))


def _limited(what: str, figures: dict[str, Any], seconds: float, peak: int) -> Row:
    reached = figures["seconds"] <= seconds and figures["peak_mib"] <= peak
    return Row(what.format(**figures), _told(figures), f"<= {seconds} s, <= {peak} MiB", reached)


def _told(figures: dict[str, Any]) -> str:
    return f"{figures['seconds']:.1f} s, {figures['peak_mib']} MiB"


def main() -> int:
    """Exit 1 when something promised was not reached."""
    rows = list(judging())
    table = Table("what", "measured", "must reach", "reached", box=None)
    for row in rows:
        table.add_row(row.what, row.measured, row.must_reach, {True: "yes", False: "NO", None: ""}[row.reached])
    Console().print(table)
    sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")
    return int(any(row.reached is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
