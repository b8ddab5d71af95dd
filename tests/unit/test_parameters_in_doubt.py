"""Parameters by OU and tag where nobody knows an account's OU or tags: no verdict that another set would change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.catalog import Selection
from auditor.judge.assessing import assess
from auditor.judge.evaluator import evaluate
from auditor.judge.explanation import Wanted
from auditor.judge.explanation.judging import judge
from auditor.model import ACCOUNT_TAGS
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.reperformance import plain_controls
from auditor.store.evidence import Answer, Document
from auditor.store.snapshot import Snapshot
from auditor.tables import build_frames
from tests.support import ACCOUNT, AS_OF, ORGANIZATION, OTHER, ago, catalog, gap, key, report, root, stored, user
from tests.unit.test_evaluator_parameters import overridden

KEYS = "access-key-rotated-90d"
CALL = "organizations:ListTagsForResource"
BY_TAG: dict[str, Any] = {"tag": {"env": "prod"}, "parameters": {"max_age_days": 45}}
BY_OU: dict[str, Any] = {"ou": "Root/Prod", "parameters": {"max_age_days": 45}}


def tagged(**env: str) -> Document:
    """The tags of accounts (``a000000000007``); ``refused`` for those that AWS did not tell."""
    answers = [
        Answer(CALL, error="TargetNotFoundException", message="gone", parameters={"ResourceId": account_id[1:]})
        if value == "refused"
        else Answer(CALL, {"Tags": [{"Key": "env", "Value": value}]}, parameters={"ResourceId": account_id[1:]})
        for account_id, value in env.items()
    ]
    return Document(ACCOUNT_TAGS, tuple(answers))


def snapshot_of(folder: Path, tags: Document | None, ou_path: str = "Root/Prod") -> Snapshot:
    """Two accounts, each with keys of 30, 60 and 100 days."""
    reports = {
        i: report([root(i), *(user(f"u{age}", i, **key(1, ago(age), ago(1))) for age in (30, 60, 100))])
        for i in (ACCOUNT, OTHER)
    }
    common = {"organization": {ACCOUNT_TAGS: tags}} if tags else {}
    gaps = {} if tags else {"organization": [gap(ACCOUNT_TAGS)]}
    made = stored(folder, reports, documents=common, gaps=gaps)
    manifest = json.loads((made.folder / "manifest.json").read_text())
    for record in manifest["accounts"]:
        record["account"]["ou_path"] = ou_path
    (made.folder / "manifest.json").write_text(json.dumps(manifest))
    return Snapshot.open(made.folder)


def statuses(snapshot: Snapshot, selection: Selection) -> dict[str, list[str]]:
    """By account, as both implementations say."""
    found = assess(snapshot, catalog=catalog(), selection=selection).findings
    theirs = {
        i: sorted(found.loc[found["account_id"] == i, "status"].astype("str")) for i in found["account_id"].unique()
    }
    plainly = reperformed(collected(snapshot.folder), plain_controls(selection), AS_OF)
    ours: dict[str, list[str]] = {}
    for row in (row for verdicts in plainly for row in verdicts.rows):
        ours.setdefault(row.account_id, []).append(row.status)
    assert {i: sorted(found) for i, found in ours.items()} == theirs
    return theirs


DECIDED, STRICT, OPEN = ["FAIL", "PASS", "PASS"], ["FAIL", "FAIL", "PASS"], ["FAIL", "NO_EVIDENCE", "PASS"]


@pytest.mark.parametrize(
    ("tags", "management", "other"),
    [
        (tagged(a000000000007="prod", a111122223333="dev"), STRICT, DECIDED),
        (tagged(a000000000007="prod", a111122223333="refused"), STRICT, OPEN),
        (Document(ACCOUNT_TAGS, (), "no account has tags"), DECIDED, DECIDED),
        (None, OPEN, OPEN),
    ],
)
def test_tags_that_nobody_saw_are_not_taken_as_none(
    tags: Document | None, management: list[str], other: list[str], tmp_path: Path
) -> None:
    found = statuses(snapshot_of(tmp_path, tags), overridden(KEYS, BY_TAG))
    assert found == {ACCOUNT: management, OTHER: other}


@pytest.mark.parametrize(("ou_path", "expected"), [("Root/Prod", STRICT), ("Root/Dev", DECIDED), ("", OPEN)])
def test_an_ou_that_nobody_saw_is_not_taken_as_another(ou_path: str, expected: list[str], tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, tagged(), ou_path)
    assert set(map(tuple, statuses(snapshot, overridden(KEYS, BY_OU)).values())) == {tuple(expected)}


def test_parameters_of_the_account_itself_leave_no_doubt(tmp_path: Path) -> None:
    own = {"account": OTHER, "parameters": {"max_age_days": 60}}
    found = statuses(snapshot_of(tmp_path, None, ""), overridden(KEYS, BY_OU, BY_TAG, own))
    assert found == {ACCOUNT: OPEN, OTHER: DECIDED}


def test_the_reason_says_that_it_depends_on_parameters(tmp_path: Path) -> None:
    snapshot, selection = snapshot_of(tmp_path, None), overridden(KEYS, BY_TAG)
    found = assess(snapshot, catalog=catalog(), selection=selection).findings
    (reason,) = {str(text) for text in found.loc[found["status"] == "NO_EVIDENCE", "reason"]}
    assert "1 unit undecided; line 4: the account's OU or its tags are not known, and the verdict depends on" in reason
    frames = build_frames(snapshot, AS_OF)
    verdicts = evaluate(frames, selection, ORGANIZATION, "x", AS_OF)
    record = snapshot.manifest.accounts[0]
    told = judge(selection.controls[0], frames, selection, verdicts, record, Wanted(ACCOUNT, "u60"), AS_OF)
    assert told.status == "NO_EVIDENCE"
    assert told.steps[-1].endswith("-> NO_EVIDENCE")
