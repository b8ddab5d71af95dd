"""``summary.json`` and the counts behind it: complete only when nothing at all is missing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor import schema
from auditor.judge.assessment import Assessment
from auditor.model import Status
from auditor.report import CsvStyle, Output, write_reports
from auditor.report.figures import Result, coverage, gaps, results
from tests import reporting
from tests.reporting import KEYS, account, control, missed
from tests.support import ACCOUNT, judged, report, root


def written(assessment: Assessment, folder: Path, *formats: str) -> dict[str, Any]:
    paths = write_reports(assessment, folder, formats).files
    assert paths[-1] == folder / "summary.json"
    content: dict[str, Any] = json.loads(paths[-1].read_text(encoding="utf-8"))
    return content


def test_it_says_what_was_audited_and_how_it_went(tmp_path: Path) -> None:
    summary = written(reporting.small(), tmp_path)
    assert summary["as_of"] == "2026-11-24T10:15:00Z"
    assert summary["accounts"] == {"total": 4, "assessed": 1, "excluded": 1, "not_assessed": 2}
    assert summary["findings"] == {"PASS": 12, "FAIL": 12, "NO_EVIDENCE": 2, "MANUAL": 1}
    assert summary["failures_by_severity"] == {"critical": 0, "high": 0, "medium": 12, "low": 0}
    assert summary["complete"] is False
    assert (summary["users"], summary["credentials"]) == (24, 24)
    assert [g["message"] for g in summary["gaps"]] == ["no role; ask the owner", "=it expired"]
    assert summary["derived_from"]["options"] == {"benchmark": ["test-benchmark"]}
    assert summary["controls"][0]["failed"] == 12
    assert summary["controls"][0]["requirements"] == ["cis-aws-7.0.0:2.12"]


def test_it_names_the_hash_of_every_file_written_with_it(tmp_path: Path) -> None:
    assessment, tmp_path = judged(tmp_path, {ACCOUNT: report([root()])}), tmp_path / "out"
    files = written(assessment, tmp_path, "csv", "json", "xlsx")["files"]
    assert set(files) == {p.name for p in tmp_path.iterdir()} - {"summary.json", "reports.sha256"}
    for name, identity in files.items():
        content = (tmp_path / name).read_bytes()
        assert identity == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def test_it_names_the_paper(tmp_path: Path) -> None:
    path = write_reports(reporting.complete(), tmp_path, ["csv"], Output(paper="letter")).files[-1]
    assert json.loads(path.read_text(encoding="utf-8"))["derived_from"]["output"]["paper"] == "letter"


def test_it_names_how_the_csv_files_were_written(tmp_path: Path) -> None:
    plain = {"delimiter": ",", "bom": False, "raw": False}
    output = written(reporting.complete(), tmp_path, "csv")["derived_from"]["output"]
    assert output == {"csv": plain, "paper": "a4", "split_by": None}
    path = write_reports(reporting.complete(), tmp_path, ["csv"], Output(CsvStyle("\t", bom=True, raw=True))).files[-1]
    told = json.loads(path.read_text(encoding="utf-8"))["derived_from"]["output"]
    assert told == {"csv": {"delimiter": "\t", "bom": True, "raw": True}, "paper": "a4", "split_by": None}


def test_a_lone_surrogate_is_still_json(tmp_path: Path) -> None:
    strange = replace(reporting.complete(), options={"role": "\ud800"})
    assert written(strange, tmp_path)["derived_from"]["options"] == {"role": "\ud800"}


def test_nothing_missing_is_complete(tmp_path: Path) -> None:
    assert written(reporting.complete(), tmp_path)["complete"] is True


@pytest.mark.parametrize(
    "assessment",
    [
        reporting.assessment([]),
        reporting.assessment([account(1, "a"), missed(2, "b", "assume", "AccessDenied", "no")]),
        reporting.assessment([account(1, "a", gap_stage="fetch", gap_code="Late", gap_message="late")]),
        reporting.assessment([account(1, "a")], controls=[control(KEYS, no_evidence=1)]),
        replace(reporting.complete(), interrupted=True),
    ],
    ids=["no account", "not assessed", "a gap", "no evidence", "interrupted"],
)
def test_anything_missing_is_not_complete(assessment: Assessment) -> None:
    assert not coverage(assessment).complete


def test_several_gaps_of_one_account_stay_apart() -> None:
    told = [
        ("000000000001", "plain", "a, b", "assume", "X", "first; second"),
        ("000000000001", "plain", "c", "fetch", "Y", "third"),
        ("", "(the organization)", "d", "collect", "Z", "fourth"),
    ]
    frame = schema.typed(pd.DataFrame(told, columns=list(schema.GAPS)), schema.GAPS)
    found = gaps(reporting.assessment([account(1, "plain")], gaps=frame))
    assert [(g.account_id, g.account_name, g.evidence, g.stage, g.code, g.message) for g in found] == told


def test_requirement_ids_stay_text_and_in_order() -> None:
    assert [(r.requirement, r.control_id) for r in results(reporting.small())] == [
        ("1.10", KEYS),
        ("1.20", reporting.MANUAL),
    ]


@pytest.mark.parametrize(
    ("counts", "status", "words"),
    [
        ((340, 328, 12, 0, 0), Status.FAIL, "FAIL 12 of 340"),
        ((340, 328, 12, 3, 0), Status.FAIL, "FAIL 12 of 340; no evidence in 3 accounts"),
        ((340, 340, 0, 0, 0), Status.PASS, "PASS 340 of 340"),
        ((340, 340, 0, 1, 0), Status.NO_EVIDENCE, "NO_EVIDENCE: no evidence in 1 account; 0 of 340 failed"),
        ((0, 0, 0, 0, 2), Status.MANUAL, "MANUAL: 2 answers to be given"),
        ((0, 0, 0, 0, 0), Status.NOT_APPLICABLE, "NOT_APPLICABLE: nothing to test"),
    ],
)
def test_results_in_words(counts: tuple[int, int, int, int, int], status: Status, words: str) -> None:
    result = Result("b", "1.10", "c", "t", "high", *counts)
    assert (result.status, result.words) == (status, words)
