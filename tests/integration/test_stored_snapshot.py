"""A snapshot that an earlier version made is still read, and is judged as it was.

``tests/data/snapshot-0.1.0`` has a snapshot of a boxed organization of 14 accounts, as the version of 24 November 2026
collected it, and what all benchmarks of that day say about it. A change of a verdict must change these files.
"""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest

from tests.fork_server import run_command

STORED = Path(__file__).parent.parent / "data" / "snapshot-0.1.0"
# A benchmark that is added later names more requirements for the same control.
_GROWS = ("requirements", "frameworks")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    with zipfile.ZipFile(STORED / "snapshot.zip") as packed:
        packed.extractall(folder)
    (found,) = folder.iterdir()
    return found


def benchmarks() -> list[str]:
    requirements = rows(STORED / "controls.csv")
    named = {item.partition(":")[0] for row in requirements for item in row["requirements"].split("; ") if item}
    return [part for name in sorted(named) for part in ("--benchmark", name)]


def rows(path: Path, *, controls: set[str] | None = None) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        found = [{k: v for k, v in row.items() if k not in _GROWS or controls is None} for row in csv.DictReader(file)]
    return [row for row in found if controls is None or row["control_id"] in controls]


def test_its_seal_is_whole(snapshot: Path) -> None:
    done = run_command(["verify", snapshot])
    assert (done.returncode, done.stdout.count(": unchanged")) == (0, 1), done.stderr


def test_it_is_judged_as_it_was(snapshot: Path, tmp_path: Path) -> None:
    done = run_command(["report", snapshot, "--format", "csv", "--out", tmp_path, *benchmarks()])
    assert done.returncode == 4, done.stderr
    for name in ("findings.csv", "controls.csv"):
        controls = {row["control_id"] for row in rows(STORED / name)}
        assert len(controls) > 50
        assert rows(tmp_path / name, controls=controls) == rows(STORED / name, controls=controls)


def test_it_is_judged_a_second_time_with_the_same_result(snapshot: Path, tmp_path: Path) -> None:
    run_command(["report", snapshot, "--format", "csv", "--out", tmp_path, *benchmarks()])
    done = run_command(["reperform", snapshot, "--reports", tmp_path])
    assert done.returncode == 0, done.stdout + done.stderr
