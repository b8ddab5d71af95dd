"""``--period`` on the real command line: in every report, and told where the as-of time lies outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.boxed import Box, error_line
from tests.support import ACCOUNT, report, root, stored, user

WORDS = "2026Q4 (2026-10-01 to 2026-12-31)"


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Begun at 2026-11-24T10:15:00Z."""
    return stored(tmp_path / "reports", {ACCOUNT: report([root(), user()])}).folder


def stated(snapshot: Path) -> object:
    return json.loads((snapshot / "summary.json").read_text(encoding="utf-8"))["period"]


def test_the_period_stands_in_the_summary(box: Box, snapshot: Path) -> None:
    result = box.auditor("report", snapshot, "--period", "2026Q4", "--format", "csv", "--benchmark", "aws-iam-rules")
    assert (result.returncode, result.stderr) == (0, "")
    assert stated(snapshot) == WORDS


def test_without_one_it_is_not_stated(box: Box, snapshot: Path) -> None:
    box.auditor("report", snapshot, "--format", "csv", "--benchmark", "aws-iam-rules")
    assert stated(snapshot) is None


def test_an_as_of_time_outside_the_period_is_told(box: Box, snapshot: Path) -> None:
    arguments = ("report", snapshot, "--period", "2026Q3", "--format", "csv", "--benchmark", "aws-iam-rules")
    told = error_line(box.auditor(*arguments))
    assert told == (
        "auditor: ages are counted at 2026-11-24T10:15:00Z, which is outside the period "
        "2026Q3 (2026-07-01 to 2026-09-30)"
    )
    assert stated(snapshot) == "2026Q3 (2026-07-01 to 2026-09-30)", "it is told, and obeyed"
    assert box.auditor(*arguments, "--quiet").stderr == ""


def test_a_run_keeps_the_period_for_its_resumption(box: Box, tmp_path: Path) -> None:
    result = box.auditor(
        *(
            "run",
            "--account",
            box.sandbox.organization.management_id,
            "--period",
            "2026Q4",
            "--as-of",
            "2026-11-24T10:15:00Z",
            "--quiet",
        ),
        *("--benchmark", "aws-iam-rules", "--format", "csv", "--out", tmp_path),
    )
    folder = Path(result.stdout.splitlines()[-1])
    assert stated(folder) == WORDS
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["settings"]["period"] == "2026Q4"


def test_the_demo_knows_it_too(box: Box, tmp_path: Path) -> None:
    result = box.auditor(
        *("demo", "--accounts", "3", "--users", "2", "--period", "2026", "--as-of", "2026-11-24T10:15:00Z"),
        *("--quiet", "--benchmark", "aws-iam-rules", "--format", "csv", "--out", tmp_path),
    )
    assert stated(Path(result.stdout.splitlines()[-1])) == "2026 (2026-01-01 to 2026-12-31)"


def test_a_wrong_one_is_told_before_any_call(box: Box, tmp_path: Path) -> None:
    box.sandbox.requests.clear()
    result = box.auditor("run", "--period", "2026-Q4", cwd=tmp_path)
    assert result.returncode == 2
    assert "(did you mean '2026Q4'?)" in error_line(result)
    assert not box.sandbox.requests
    assert list(tmp_path.iterdir()) == []
