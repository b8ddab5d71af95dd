"""A user on two lines of a report, and a number of users that is not AWS's: nothing is counted twice in silence."""

from __future__ import annotations

import dataclasses
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from auditor.catalog import Selection
from auditor.cli.reporting import _show
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.explanation import Wanted, explain
from auditor.kinds.credential_report.report_parser import users_with_more
from auditor.model import ACCOUNT_SUMMARY, CREDENTIAL_REPORT
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import Row as PlainRow
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.reperformance import plain_controls
from auditor.report import write_reports
from auditor.report.narrowing import narrowed
from auditor.report.redaction import redacted
from auditor.store.snapshot import Snapshot, SnapshotWriter
from auditor.tables.remarks import difference
from tests.documents import summary
from tests.support import ACCOUNT, AS_OF, COLUMNS, OTHER, Row, ago, automated, catalog, key, report, root, stored, user

ANN = user("ann", **key(1, ago(400), ago(1)))
BOB = user("bob", **key(1, ago(400), ago(1)))
ANN_SWITCHED_OFF = user("ann", **key(1, ago(400), ago(1), active="false"))
ROTATED = "access-key-rotated-90d"
BY_REPORT = Selection(
    tuple(c for c in automated().controls if c.evidence[0] == CREDENTIAL_REPORT), automated().requirements
)


def snapshot_of(folder: Path, rows: Sequence[Row], counted: int | None = None) -> Snapshot:
    documents = {ACCOUNT: {ACCOUNT_SUMMARY: summary(counted)}} if counted is not None else {}
    return stored(folder, {ACCOUNT: report(rows)}, documents=documents)


def judged(folder: Path, rows: Sequence[Row], counted: int | None = None) -> Assessment:
    return assess(snapshot_of(folder, rows, counted), catalog=catalog(), selection=BY_REPORT)


def verdicts(snapshot: Snapshot) -> Counter[tuple[str, ...]]:
    """Every row, as both implementations say."""
    found = assess(snapshot, catalog=catalog(), selection=BY_REPORT).findings
    columns = [found[name].astype("str").fillna("") for name in PlainRow._fields]
    theirs = Counter(zip(*columns, strict=True))
    plainly = reperformed(collected(snapshot.folder), plain_controls(BY_REPORT), AS_OF)
    assert Counter(tuple(row) for one in plainly for row in one.rows) == theirs
    return theirs


def without_lines(found: Counter[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    line = PlainRow._fields.index("evidence_line")
    return Counter({(*row[:line], *row[line + 1 :]): count for row, count in found.items()})


def messages(assessment: Assessment) -> list[str]:
    return assessment.remarks["message"].to_list()


@pytest.mark.parametrize("rows", [[root(), ANN, ANN, BOB], [root(), ANN, BOB, ANN], [root(), root(), ANN, BOB]])
def test_lines_that_are_the_same_are_one_user(rows: list[Row], tmp_path: Path) -> None:
    once = snapshot_of(tmp_path / "once", [root(), ANN, BOB])
    twice = snapshot_of(tmp_path / "twice", rows)
    assert without_lines(verdicts(twice)) == without_lines(verdicts(once))
    found = judged(tmp_path / "judged", rows)
    assert (found.accounts["users"].to_list(), len(found.users), len(found.credentials)) == ([2], 3, 3)
    (message,) = messages(found)
    assert message.endswith("of the credential report; they are the same, and the user is counted once")
    assert found.remarks["remark"].to_list() == ["repeated user"]
    assert [table.num_rows for table in found.originals([ACCOUNT])] == [3]


def test_findings_name_the_first_line_of_a_user(tmp_path: Path) -> None:
    found = judged(tmp_path, [root(), ANN, ANN, ANN, BOB])
    rows = found.findings[found.findings["control_id"] == ROTATED]
    assert rows[["resource_name", "evidence_line"]].values.tolist() == [["ann", 3], ["bob", 6]]
    assert found.users["evidence_line"].to_list() == [2, 3, 6]
    assert "stands on the lines 3, 4, 5 of" in messages(found)[0]


@pytest.mark.parametrize("second", [ANN_SWITCHED_OFF, ANN | {"arn": ANN["arn"].replace("user/", "user/path/")}])
@pytest.mark.parametrize("order", [1, -1])
def test_a_user_of_whom_the_report_tells_different_things_is_not_judged(
    second: Row, order: int, tmp_path: Path
) -> None:
    rows = [root(), *[ANN, second][::order], BOB]
    found = verdicts(snapshot_of(tmp_path / "twice", rows))
    for control in BY_REPORT.controls:
        of_control = [row for row in found if row[1] == control.id]
        assert not [row for row in of_control if row[3] == "ann"]
        undecided = [row for row in of_control if row[5] == "NO_EVIDENCE"]
        place = (f"evidence/{ACCOUNT}/{CREDENTIAL_REPORT}.csv", "3")
        if control.unit.value != "root":
            assert [row[6:8] for row in undecided] == [place]
    assessment = judged(tmp_path / "judged", rows)
    assert (assessment.accounts["users"].to_list(), assessment.users["user"].to_list()[1:]) == ([1], ["bob"])
    assert assessment.has_gaps
    of_users = ~assessment.findings["control_id"].str.startswith("root-")
    undecided_rows = assessment.findings[(assessment.findings["status"] == "NO_EVIDENCE") & of_users]
    reasons = undecided_rows["reason"].astype("str").to_list()
    assert reasons
    assert all("the user 'ann' stands on the lines 3, 4 of the credential report; they differ" in r for r in reasons)
    assert messages(assessment) == [
        "the user 'ann' stands on the lines 3, 4 of the credential report; they differ, and the user is not judged and "
        "not counted"
    ]


def test_keys_that_only_the_second_line_shows_are_no_reason_to_pass(tmp_path: Path) -> None:
    """The first line alone would leave nothing to judge."""
    found = verdicts(snapshot_of(tmp_path, [root(), user("ann"), ANN]))
    assert [row[5] for row in found if row[1] == ROTATED] == ["NO_EVIDENCE"]


def test_a_root_of_whom_the_report_tells_different_things(tmp_path: Path) -> None:
    found = verdicts(snapshot_of(tmp_path, [root(), ANN, root(mfa_active="false")]))
    for control in BY_REPORT.controls:
        statuses = [row[5] for row in found if row[1] == control.id]
        assert (statuses == ["NO_EVIDENCE"]) == (control.unit.value == "root"), control.id
    told = explain(
        snapshot_of(tmp_path / "x", [root(), root(mfa_active="false")]), catalog(), "root-mfa", Wanted(ACCOUNT)
    )
    assert told.status == "NO_EVIDENCE"
    assert [proof.line for proof in told.evidence] == [2, 3]


def test_an_explanation_shows_both_lines(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, [root(), ANN, BOB, ANN_SWITCHED_OFF])
    told = explain(snapshot, catalog(), ROTATED, Wanted(ACCOUNT, "ann"))
    assert told.status == "NO_EVIDENCE"
    assert "they differ, and the user is not judged" in told.reason
    assert [proof.line for proof in told.evidence] == [3, 5]


def test_a_user_with_more_keys_is_asked_about_once() -> None:
    more = "additional_credentials_info"
    rows = [row | {more: "1"} for row in (ANN, BOB, ANN)]
    assert users_with_more(report(rows, (*COLUMNS, more)), ACCOUNT) == ["ann", "bob"]


OLDER, NEWER = AS_OF - timedelta(hours=2), AS_OF + timedelta(hours=2)
INCOMPLETE = "the report is incomplete"


@pytest.mark.parametrize(
    ("listed", "counted", "made", "words"),
    [
        (3, 5, OLDER, ("lists 3 users, and AWS counts 5", "The report is older", "created in between", INCOMPLETE)),
        (3, 5, NEWER, ("The count is older", "deleted in between", INCOMPLETE)),
        (5, 3, OLDER, ("lists 5 users, and AWS counts 3", "The report is older", "deleted in between")),
        (1, 0, NEWER, ("lists 1 user, and AWS counts 0", "The count is older", "created in between")),
        (3, 5, AS_OF, ("Both are of the same time (2026-11-24T10:15:00Z), so one of them is wrong",)),
        (3, 5, None, ("It is not known which of the two is older",)),
    ],
)
def test_the_sentence_says_which_of_the_two_is_newer(
    listed: int, counted: int, made: datetime | None, words: tuple[str, ...]
) -> None:
    sentence = difference(listed, counted, made, AS_OF)
    assert [word for word in words if word not in sentence] == []
    assert (INCOMPLETE in sentence) == (INCOMPLETE in words)


def made_at(snapshot: Snapshot, moment: datetime) -> Snapshot:
    """The snapshot with reports that AWS made then."""
    records = []
    for record in snapshot.manifest.accounts:
        files = tuple(replace(f, generated_at=moment) if f.kind == CREDENTIAL_REPORT else f for f in record.evidence)
        records.append(replace(record, evidence=files))
    return SnapshotWriter(snapshot.folder, AS_OF).seal(replace(snapshot.manifest, accounts=tuple(records)))


def test_fewer_users_than_aws_counts_are_told_with_the_times(tmp_path: Path) -> None:
    for counted, expected in ((2, 0), (3, 1), (1, 1)):
        snapshot = made_at(snapshot_of(tmp_path / str(counted), [root(), ANN, BOB], counted), OLDER)
        found = assess(snapshot, catalog=catalog(), selection=BY_REPORT)
        assert len(messages(found)) == expected
    assert messages(found) == [
        "the credential report lists 2 users, and AWS counts 1. The report is older (the report is of "
        "2026-11-24T08:15:00Z, the count of 2026-11-24T10:15:00Z): users may have been deleted in between"
    ]


def test_users_who_are_not_judged_are_listed_all_the_same(tmp_path: Path) -> None:
    """They are no difference to AWS's count, and neither is a line that is there twice."""
    found = judged(tmp_path, [root(), ANN, ANN_SWITCHED_OFF, BOB, BOB], counted=2)
    assert found.remarks["remark"].to_list() == ["repeated user", "repeated user"]
    assert found.remarks["user"].to_list() == ["ann", "bob"]


@pytest.fixture
def odd(tmp_path: Path) -> Assessment:
    reports = {
        ACCOUNT: report([root(), ANN, ANN_SWITCHED_OFF, BOB, BOB]),
        OTHER: report([root(OTHER), user("eve", OTHER)]),
    }
    documents = {OTHER: {ACCOUNT_SUMMARY: summary(4)}, ACCOUNT: {ACCOUNT_SUMMARY: summary(2)}}
    return assess(stored(tmp_path / "odd", reports, documents=documents), catalog=catalog(), selection=BY_REPORT)


def test_remarks_stand_on_the_terminal_in_the_summary_and_on_the_sheet_of_completeness(
    odd: Assessment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _show(odd, ())
    told = " ".join(capsys.readouterr().out.split())
    assert "Credential reports to look at:" in told
    write_reports(odd, tmp_path, ["csv", "json", "xlsx"])
    entries = json.loads((tmp_path / "summary.json").read_text())["remarks"]
    assert [(e["account_id"], e["remark"]) for e in entries] == [
        (ACCOUNT, "repeated user"),
        (ACCOUNT, "repeated user"),
        (OTHER, "number of users"),
    ]
    assert [e["message"] for e in entries] == messages(odd)
    book = openpyxl.load_workbook(io.BytesIO((tmp_path / "audit.xlsx").read_bytes()))
    cells = {str(c.value) for row in book["Scope & completeness"].iter_rows() for c in row if c.value is not None}
    assert {"; ".join(messages(odd)[:2]), messages(odd)[2]} <= cells
    for sentence in messages(odd):
        assert sentence.split(";")[0].split(".")[0][:20] in told


def test_a_part_has_the_remarks_of_its_accounts_and_redacting_hides_the_names(odd: Assessment) -> None:
    assert messages(narrowed(odd, [OTHER], "x")) == messages(odd)[2:]
    hidden = redacted(odd, b"0123456789abcdef0123456789abcdef")
    texts = " ".join([*messages(hidden), *hidden.findings["reason"].astype("str")])
    assert "ann" not in texts
    assert "bob" not in texts
    assert {f.name for f in dataclasses.fields(hidden)} >= {"remarks"}
