"""``auditor explain`` in a process of its own, on a snapshot that was collected from a boxed organization."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.boxed import AS_OF, Box, error_line, read_csv


@pytest.fixture(scope="module")
def snapshot(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports")
    settings = out / "auditor.yaml"
    settings.write_text(f"out: {out}\nas_of: {AS_OF.isoformat()}\nreport_timeout: 10\nformat: csv\n")
    ran = box.auditor("run", "--config", settings)
    assert ran.returncode == 4, ran.stderr
    return Path(ran.stdout.splitlines()[-1])


def test_a_failure_of_the_reports_is_explained(box: Box, snapshot: Path) -> None:
    row = next(
        r
        for r in read_csv(snapshot / "findings.csv")
        if (r["control_id"], r["status"]) == ("access-key-1-rotated-45d", "FAIL")
    )
    unit = ("--account", row["account_id"], "--user", row["resource_name"])
    shown = box.auditor("explain", "aws-iam-rules:AWS_IAM_50", *unit, snapshot)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "verdict: FAIL" in shown.stdout
    assert row["observed"] in shown.stdout
    told = json.loads(box.auditor("explain", "AWS_IAM_50", *unit, "--format", "json", snapshot).stdout)
    assert [told[k] for k in ("status", "observed", "reason", "resource_arn", "credential")] == [
        row[k] for k in ("status", "observed", "reason", "resource_arn", "credential")
    ]
    lines = (snapshot / row["evidence_file"]).read_text(encoding="utf-8-sig").splitlines()
    assert told["evidence"][0]["raw"] == lines[int(row["evidence_line"]) - 1]


def test_as_of_changes_the_verdict(box: Box, snapshot: Path) -> None:
    row = next(
        r
        for r in read_csv(snapshot / "findings.csv")
        if (r["control_id"], r["status"]) == ("access-key-1-rotated-45d", "FAIL")
    )
    unit = ("--account", row["account_id"], "--user", row["resource_name"])
    shown = box.auditor("explain", "AWS_IAM_50", *unit, "--as-of", row["observed"].split()[1], snapshot)
    assert "verdict: PASS" in shown.stdout
    assert "elapsed 0 days 00:00:00 = 0 whole days" in " ".join(shown.stdout.split())


def test_the_organization_is_explained_without_an_account(box: Box, snapshot: Path) -> None:
    shown = box.auditor("explain", "org-root-access-centralized", snapshot)
    assert shown.returncode == 0
    assert "evidence/organization/organization-features.json, line" in shown.stdout
    assert "verdict: PASS" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("rot-mfa",), "did you mean 'root-mfa'?"),
        (("root-mfa",), "name one with --account ID"),
        (("root-mfa", "--account", "1"), "the snapshot has no account '1'"),
        (("root-mfa", "--user", "a", "--resource", "b"), "give --user or --resource, not both"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_2(box: Box, snapshot: Path, arguments: tuple[str, ...], error: str) -> None:
    failed = box.auditor("explain", *arguments, snapshot)
    assert failed.returncode == 2
    assert error in error_line(failed)
