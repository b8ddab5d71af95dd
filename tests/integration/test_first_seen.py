"""First seen on the real command line: over real quarters, for the workbook, with a remark where it is passed over."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from auditor.history import look_back
from auditor.judge.assessing import assess
from auditor.store.snapshot import Snapshot, SnapshotWriter
from auditor.store.snapshot_folders import snapshot_name
from tests.boxed import Box, error_line
from tests.support import ACCOUNT, AS_OF, ORGANIZATION, catalog, key, report, root, stored, user

BENCHMARK = ("--benchmark", "aws-iam-rules")


def collected(out: Path, quarters_ago: int, ages: Mapping[str, int]) -> Snapshot:
    """A snapshot of users whose first key was ``ages`` days old then."""
    at = AS_OF - timedelta(days=90 * quarters_ago)
    rows = [user(name, **key(1, rotated=_before(at, age))) for name, age in ages.items()]
    made = stored(out / "made", {ACCOUNT: report([root(), *rows])})
    folder = made.folder.rename(out / snapshot_name(ORGANIZATION.id, at))
    manifest = dataclasses.replace(made.manifest, snapshot_id=folder.name, started_at=at, as_of=at)
    return SnapshotWriter(folder, at).seal(manifest)


def _before(at: datetime, days: int) -> str:
    return (at - timedelta(days=days)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def quarters(box: Box, tmp_path: Path) -> list[Snapshot]:
    """Three quarters, the oldest first; the earlier ones are reported."""
    snapshots = [
        collected(tmp_path, 2, {"always": 50, "=again": 50, "mended": 50}),
        collected(tmp_path, 1, {"always": 140, "=again": 10, "mended": 10, "lately": 50}),
        collected(tmp_path, 0, {"always": 230, "=again": 100, "mended": 20, "lately": 140, "new": 46}),
    ]
    for snapshot in snapshots[:2]:
        assert box.auditor("report", snapshot.folder, "--format", "csv", "--quiet", *BENCHMARK).returncode == 0
    return snapshots


def origin(snapshot: Snapshot) -> list[str]:
    summary = json.loads((snapshot.folder / "summary.json").read_text(encoding="utf-8"))
    found: list[str] = summary["derived_from"]["earlier_snapshots"]
    return found


def test_each_failure_is_told_since_when_it_has_been_one(quarters: list[Snapshot]) -> None:
    assessment = assess(quarters[-1], ["aws-iam-rules"], catalog=catalog())
    history = look_back(quarters[-1], assessment.findings)
    times = history.first_seen.dt.strftime("%Y-%m-%d")
    told = dict(zip(assessment.findings["resource_name"].astype("str"), times, strict=True))
    assert {name: time for name, time in told.items() if not pd.isna(time)} == {
        "always": "2026-05-28",
        "=again": "2026-11-24",
        "lately": "2026-08-26",
        "new": "2026-11-24",
    }
    assert (history.snapshots, history.remarks) == ((quarters[1].folder.name, quarters[0].folder.name), ())


def test_the_summary_names_the_snapshots_that_were_looked_at(box: Box, quarters: list[Snapshot]) -> None:
    result = box.auditor("report", quarters[-1].folder.name, *BENCHMARK, cwd=quarters[-1].folder.parent)
    assert (result.returncode, result.stderr) == (0, "")
    assert origin(quarters[-1]) == [quarters[1].folder.name, quarters[0].folder.name]


def test_without_a_workbook_nobody_looks(box: Box, quarters: list[Snapshot]) -> None:
    box.auditor("report", quarters[-1].folder, "--format", "csv", *BENCHMARK)
    assert origin(quarters[-1]) == []


def test_findings_that_were_changed_are_passed_over_with_a_remark(box: Box, quarters: list[Snapshot]) -> None:
    path = quarters[1].folder / "findings.csv"
    path.write_bytes(path.read_bytes().replace(b"FAIL", b"PASS"))
    result = box.auditor("report", quarters[-1].folder, *BENCHMARK)
    assert result.returncode == 0
    assert error_line(result) == (
        f"auditor: 'first seen' passes over an earlier snapshot: {path} is not the file that its summary.json names"
    )
    assert origin(quarters[-1]) == [quarters[0].folder.name]
    assert box.auditor("report", quarters[-1].folder, *BENCHMARK, "--quiet").stderr == ""
