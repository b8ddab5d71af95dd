"""Access keys beyond the two of a credential report: found, named, judged, and never dropped in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor import schema
from auditor.judge.evaluator import evaluate
from auditor.judge.explanation.judging import facts_of
from auditor.kinds.credential_report.report_parser import users_with_more
from auditor.model import (
    ACCESS_KEYS,
    FURTHER_KEYS,
    Evidence,
    EvidenceGap,
    Status,
)
from auditor.reperform.plain.rules import RULES
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from auditor.store.snapshot import Snapshot, SnapshotWriter
from auditor.tables import Frames, build_frames, without_spelling
from tests.support import (
    ACCOUNT,
    AS_OF,
    COLUMNS,
    ORGANIZATION,
    Row,
    ago,
    automated,
    key,
    only,
    password,
    report,
    root,
    stored,
    user,
)

INFO = "additional_credentials_info"
WIDE = (*COLUMNS, INFO)
CALL = "iam:ListAccessKeys"
ROTATED, UNUSED_45, UNUSED_90 = "access-key-rotated-90d", "credentials-unused-45d", "credentials-unused-90d"
SINGLE, SETUP = "single-active-access-key", "no-access-key-at-user-setup"
ALL = (ROTATED, UNUSED_45, UNUSED_90, SINGLE, SETUP)
DENIED = EvidenceGap(ACCESS_KEYS, "fetch", "AccessDenied", "not allowed")
Listed = dict[str, list[dict[str, str]]]


def more(name: str = "ann", info: str = "1", account_id: str = ACCOUNT, **cells: str) -> Row:
    return user(name, account_id, **cells) | {INFO: info}


def listed_key(made: str, status: str = "Active", key_id: str = "AKIA0") -> dict[str, str]:
    return {"UserName": "ann", "AccessKeyId": key_id, "Status": status, "CreateDate": made}


def lists(keys: Listed) -> bytes:
    answers = [
        Answer(CALL, {"AccessKeyMetadata": found, "IsTruncated": False}, parameters={"UserName": name})
        for name, found in keys.items()
    ]
    return evidence.write(Document(ACCESS_KEYS, tuple(answers), "" if keys else "nobody has more"))


def held(folder: Path, content: bytes, keys: bytes | None = None, gap: EvidenceGap | None = None) -> Snapshot:
    """A snapshot of one account: its credential report, and lists of keys or the reason why there are none."""
    plain = stored(folder, {ACCOUNT: content})
    record = plain.manifest.accounts[0]
    if keys is not None:
        writer = SnapshotWriter(plain.folder, AS_OF)
        file = writer.store(ACCOUNT, Evidence(ACCESS_KEYS, keys, "json", "r", AS_OF))
        writer.journal.close()
        record = replace(record, evidence=(*record.evidence, file))
    record = replace(record, gaps=(gap,) if gap else ())
    return Snapshot(plain.folder, replace(plain.manifest, accounts=(record,)))


@pytest.fixture
def frames(tmp_path: Path) -> Any:
    numbers = count(1)

    def made(rows: list[Row], keys: Listed | None = None, gap: EvidenceGap | None = None) -> Frames:
        content = report([root() | {INFO: "N/A"}, *rows], WIDE)
        folder = tmp_path / str(next(numbers))
        return build_frames(held(folder, content, None if keys is None else lists(keys), gap), AS_OF)

    return made


def findings(frames: Frames, control: str = "") -> pd.DataFrame:
    selection = only(control) if control else automated()
    return evaluate(frames, selection, ORGANIZATION, "o-test-20261124T101500Z", AS_OF).findings


def statuses(frames: Frames, control: str) -> list[tuple[str, str, str]]:
    rows = findings(frames, control)
    names = ("resource_name", "credential", "status")
    return list(zip(*(rows[name].astype("str").fillna("") for name in names), strict=True))


def further(frames: Frames) -> pd.DataFrame:
    return frames.credentials[frames.credentials["credential"].isin(FURTHER_KEYS)].reset_index(drop=True)


# --- Who has more ---


@pytest.mark.parametrize(
    ("info", "told"),
    [("1", True), ("3", True), (" 1 ", True), ("Additional access keys: 1", True), ("TRUE", True), ("N/A", False)]
    + [(text, False) for text in ("", " ", "n/a", "0", " 0 ", "false", "FALSE", "no_information", "not_supported")],
)
def test_what_tells_of_more(frames: Any, info: str, told: bool) -> None:
    content = report([root() | {INFO: "7"}, more("ann", info), more("bob", "N/A")], WIDE)
    assert users_with_more(content, ACCOUNT) == (["ann"] if told else [])
    assert further(frames([more("ann", info), more("bob", "N/A")]))["user"].to_list() == (["ann"] if told else [])


def test_a_report_without_the_column_tells_of_nobody() -> None:
    assert users_with_more(report([root(), user("additional_credentials_info")]), ACCOUNT) == []


def test_root_has_no_further_keys(tmp_path: Path) -> None:
    made = build_frames(held(tmp_path, report([root() | {INFO: "3"}], WIDE), None, None), AS_OF)
    assert further(made).empty


# --- Which keys they are ---

SLOTS = {**key(1, ago(100), ago(1)), **key(2, ago(50), active="false")}


def test_keys_that_are_in_no_slot_are_named_by_age(frames: Any) -> None:
    keys = [
        listed_key(ago(3), key_id="AKIA5"),
        listed_key(ago(100), key_id="AKIA1"),
        listed_key(ago(91), "Inactive", "AKIA3"),
        listed_key(ago(50), "Inactive", "AKIA2"),
        listed_key(ago(3), "Expired", "AKIA4"),
    ]
    made = frames([more("ann", **SLOTS), more("bob", "N/A", **key(1, ago(5)))], {"ann": keys})
    found = further(made)
    assert found["credential"].to_list() == ["access_key_3", "access_key_4", "access_key_5"]
    assert found["active"].to_list() == [False, False, True]
    assert found["age_days"].to_list() == [91, 3, 3]
    assert found["last_rotated"].to_list() == [pd.Timestamp(ago(91)), pd.Timestamp(ago(3)), pd.Timestamp(ago(3))]
    assert found["last_used"].isna().all()
    assert found["unused_days"].isna().all()
    assert set(found["last_used_note"]) == {"(not listed)"}
    assert found["last_rotated_note"].isna().all()
    assert set(found["evidence_file"]) == {f"evidence/{ACCOUNT}/access-keys.json"}
    lines = lists({"ann": keys}).decode().splitlines()
    ids = [lines[line - 1].split("AKIA")[1][0] for line in found["evidence_line"]]
    assert ids == ["3", "4", "5"]
    assert list(without_spelling(made.credentials).columns) == list(schema.CREDENTIALS)
    assert made.credentials.loc[~made.credentials["is_root"], "credential"].to_list() == [
        *("access_key_1", "access_key_2", "access_key_3", "access_key_4", "access_key_5", "access_key_1")
    ]


def test_each_slot_is_one_key(frames: Any) -> None:
    """Three keys of the same second: two are the report's, one is not."""
    twins = [listed_key(ago(9), "Inactive", f"AKIA{n}") for n in range(3)]
    slots = {**key(1, ago(9), active="false"), **key(2, ago(9), active="false")}
    found = further(frames([more(**slots)], {"ann": twins}))
    assert found["credential"].to_list() == ["access_key_3"]


def test_a_list_without_a_further_key_adds_and_leaves_open_nothing(frames: Any) -> None:
    """What is beyond the report may be a certificate."""
    rows = [more("ann", **SLOTS), more("bob")]
    slots = [listed_key(ago(100)), listed_key(ago(50), "Inactive")]
    made = frames(rows, {"ann": slots, "bob": []})
    without = frames([row | {INFO: "N/A"} for row in rows])
    pd.testing.assert_frame_equal(made.credentials, without.credentials)
    for control in ALL:
        pd.testing.assert_frame_equal(findings(made, control), findings(without, control))


@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_as_many_keys_as_there_are_names_are_all_judged(frames: Any, number: int) -> None:
    keys = [listed_key(ago(100 - n), key_id=f"AKIA{n}") for n in range(number)]
    found = statuses(frames([more()], {"ann": keys}), ROTATED)
    assert found == [("ann", name, "FAIL") for name in FURTHER_KEYS[:number]]


def test_the_last_name_stands_for_all_that_are_left(frames: Any) -> None:
    keys = [listed_key(ago(100 - n), "Inactive" if n < 4 else "Active", f"AKIA{n}") for n in range(6)]
    made = frames([more(), more("bob", "N/A", **key(1, ago(5)))], {"ann": keys})
    assert further(made)["credential"].to_list() == list(FURTHER_KEYS)
    assert further(made)["last_rotated_note"].to_list()[3] == "(too many)"
    rows = findings(made, ROTATED)
    assert rows["status"].to_list() == ["PASS", "NO_EVIDENCE"]
    assert "access_key_6 stands for the remaining keys" in rows["reason"].iloc[1]
    assert statuses(made, SINGLE)[0] == ("ann", "", "FAIL"), "those without a name are counted all the same"


# --- What is judged ---


@pytest.mark.parametrize(("days", "seconds", "status"), [(90, 0, "PASS"), (91, -1, "PASS"), (91, 0, "FAIL")])
def test_the_age_of_a_further_key_decides(frames: Any, days: int, seconds: int, status: str) -> None:
    made = frames([more()], {"ann": [listed_key(ago(days, seconds))]})
    rows = findings(made, ROTATED)
    assert statuses(made, ROTATED) == [("ann", "access_key_3", status)]
    assert rows["evidence_file"].iloc[0] == f"evidence/{ACCOUNT}/access-keys.json"
    assert rows["evidence_line"].iloc[0] == 4
    assert rows["resource_arn"].iloc[0] == f"arn:aws:iam::{ACCOUNT}:user/ann"


@pytest.mark.parametrize(("control", "limit"), [(UNUSED_45, 45), (UNUSED_90, 90)])
@pytest.mark.parametrize("earlier", [timedelta(seconds=1), timedelta(days=1)])
def test_a_further_key_that_is_younger_than_the_limit_cannot_have_been_unused_for_so_long(
    frames: Any, control: str, limit: int, earlier: timedelta
) -> None:
    """At the limit it could have been, and nobody tells."""
    young, old = ago(limit, -earlier.total_seconds()), ago(limit)
    passing = frames([more()], {"ann": [listed_key(young)]})
    row = findings(passing, control).iloc[0]
    assert (row["resource_name"], row["credential"], row["status"]) == ("ann", "access_key_3", "PASS")
    assert row["observed"] == f"CreateDate {young}"
    assert row["also_seen_in"] == f"evidence/{ACCOUNT}/credential-report.csv:3"
    assert row["reason"] == (f"created {limit - 1} days before the as-of time, so it cannot be unused for {limit} days")
    assert statuses(frames([more()], {"ann": [listed_key(old)]}), control) == [("", "", "NO_EVIDENCE")]
    for made, status in ((passing, Status.PASS), (frames([more()], {"ann": [listed_key(old)]}), Status.NO_EVIDENCE)):
        told = RULES["unused"](facts_of(further(made)), {"max_unused_days": limit}, AS_OF)
        assert told.status == status, told.steps


def test_a_password_or_listed_key_of_which_the_use_is_not_told_stays_open_however_new(frames: Any) -> None:
    rows = [more("ann", "N/A", **key(1, ago(1), "not_supported"), **password("not_supported", ago(1)))]
    assert statuses(frames(rows), UNUSED_45) == [("", "", "NO_EVIDENCE")]


@pytest.mark.parametrize("control", [UNUSED_45, UNUSED_90])
def test_nobody_tells_whether_a_further_key_is_in_use(frames: Any, control: str) -> None:
    rows = [more("ann", **key(1, ago(9), ago(1))), more("bob", "N/A", **password(ago(200), ago(300)))]
    made = frames(rows, {"ann": [listed_key(ago(9), "Inactive"), listed_key(ago(200))]})
    found = findings(made, control)
    assert statuses(made, control) == [
        ("ann", "access_key_1", "PASS"),
        ("bob", "password", "FAIL"),
        ("", "", "NO_EVIDENCE"),
    ]
    open_row = found[found["status"] == "NO_EVIDENCE"].iloc[0]
    assert open_row["reason"] == (
        "1 unit undecided; line 5: access_key_3 is active, but the list of access keys does not show when it was last "
        "used"
    )
    assert (open_row["evidence_file"], open_row["evidence_line"]) == (f"evidence/{ACCOUNT}/access-keys.json", 5)
    idle = frames([more("ann")], {"ann": [listed_key(ago(200), "Inactive")]})
    assert statuses(idle, control) == []


def test_a_status_that_nobody_knows_is_left_open(frames: Any) -> None:
    made = frames([more()], {"ann": [listed_key(ago(200), "Dormant")]})
    assert statuses(made, ROTATED) == statuses(made, SINGLE) == [("", "", "NO_EVIDENCE")]
    assert "does not show whether access_key_3 is active" in findings(made, ROTATED)["reason"].iloc[0]


@pytest.mark.parametrize("made", [None, "yesterday"])
def test_a_key_without_a_date_is_left_open(frames: Any, made: str | None) -> None:
    undated = {**listed_key(ago(1)), "CreateDate": made}
    found = frames([more()], {"ann": [undated, listed_key(ago(1), "Inactive")]})
    assert further(found)["active"].to_list() == [False, True], "those with a date come first"
    assert statuses(found, ROTATED) == [("", "", "NO_EVIDENCE")]
    assert "does not show when it was created" in findings(found, ROTATED)["reason"].iloc[0]


@pytest.mark.parametrize(
    ("slots", "statuses_of_more", "status"),
    [
        ({}, ["Active"], "PASS"),
        ({}, ["Active", "Active"], "FAIL"),
        ({}, ["Inactive"], None),
        (key(1, ago(5)), ["Inactive"], "PASS"),
        (key(2, ago(5)), ["Active"], "FAIL"),
        (key(1, ago(5), active="false"), ["Active"], "PASS"),
        (key(1, ago(5), active="N/A"), ["Active", "Active"], "NO_EVIDENCE"),
    ],
)
def test_active_further_keys_count(frames: Any, slots: Row, statuses_of_more: list[str], status: str | None) -> None:
    keys = [listed_key(ago(9 + n), word, f"AKIA{n}") for n, word in enumerate(statuses_of_more)]
    found = statuses(frames([more(**slots)], {"ann": keys}), SINGLE)
    assert [row[2] for row in found] == ([status] if status else [])


def test_a_count_says_what_was_counted(frames: Any) -> None:
    row = findings(frames([more(**key(1, ago(5)))], {"ann": [listed_key(ago(9))]}), SINGLE).iloc[0]
    assert row["observed"] == "access_key_1_active true, access_key_2_active false"
    assert row["reason"] == "2 active access keys, 1 of them in the list of access keys only; the limit is 1"
    assert row["also_seen_in"] == f"evidence/{ACCOUNT}/access-keys.json:4"
    assert (row["evidence_file"], row["evidence_line"]) == (f"evidence/{ACCOUNT}/credential-report.csv", 3)


@pytest.mark.parametrize(("seconds", "status"), [(-11, ""), (-10, "FAIL"), (0, "FAIL"), (10, "FAIL"), (11, "")])
def test_a_further_key_made_with_a_console_user(frames: Any, seconds: int, status: str) -> None:
    keys = {"ann": [listed_key(ago(400, -seconds))]}
    console = frames([more(**password(ago(1), ago(9)))], keys)
    expected = [("ann", "access_key_3", "FAIL")] if status else [("", "", "NO_EVIDENCE")]
    assert statuses(console, SETUP) == expected
    assert statuses(frames([more()], keys), SETUP) == []


# --- What is missing ---


def gone(**lists_of: list[dict[str, str]]) -> bytes:
    """Lists of keys, and beside them a user of whom AWS says in the middle of the pages that there is none."""
    found = [
        Answer(CALL, {"AccessKeyMetadata": keys, "IsTruncated": False}, parameters={"UserName": name})
        for name, keys in lists_of.items()
    ]
    first = Answer(CALL, {"AccessKeyMetadata": [listed_key(ago(300))], "Marker": "m"}, parameters={"UserName": "ann"})
    last = Answer(CALL, error="NoSuchEntity", message="none", parameters={"UserName": "ann", "Marker": "m"})
    return evidence.write(Document(ACCESS_KEYS, (*found, first, last)))


@pytest.mark.parametrize("control", ALL)
def test_a_user_who_is_gone_leaves_open_that_user_only(tmp_path: Path, control: str) -> None:
    """What was listed before the user was deleted is not known to be all of it."""
    rows = [root() | {INFO: "N/A"}, more("ann", **password(ago(1), ago(9))), more("bob", **password(ago(1), ago(9)))]
    content = gone(bob=[listed_key(ago(91))])
    made = build_frames(held(tmp_path, report(rows, WIDE), content), AS_OF)
    assert made.gaps.empty
    open_rows = findings(made, control).query("status == 'NO_EVIDENCE'")
    expected = 2 if control in (UNUSED_45, UNUSED_90, SETUP) else 1  # of bob's key the use is not told either
    assert open_rows["reason"].iloc[0].startswith(f"{expected} unit")
    assert "access-keys:" not in open_rows["reason"].iloc[0], "nothing is missing of this kind of evidence"
    if control == ROTATED:
        assert statuses(made, control) == [("bob", "access_key_3", "FAIL"), ("", "", "NO_EVIDENCE")]
        line = open_rows["evidence_line"].iloc[0]
        assert "NoSuchEntity" in content.decode().splitlines()[line - 1]
        reason = open_rows["reason"].iloc[0]
        assert reason.endswith("than the report shows, and was deleted before they could be listed")
    if control == SINGLE:
        assert statuses(made, control) == [("", "", "NO_EVIDENCE"), ("bob", "", "PASS")]


ROWS = [
    more("ann", **key(1, ago(5), ago(1)), **password(ago(1), ago(9)), mfa_active="true"),
    more("bob", "N/A", **key(1, ago(200), ago(1))),
    more("two", **key(1, ago(5), ago(1)), **key(2, ago(5), ago(1))),
]


@pytest.mark.parametrize("control", ALL)
@pytest.mark.parametrize(
    ("gap", "why"),
    [
        (DENIED, "; access-keys: fetch: AccessDenied: not allowed"),
        (None, "; access-keys: not collected in this snapshot"),
    ],
)
def test_without_a_list_only_the_further_keys_are_open(
    frames: Any, control: str, gap: EvidenceGap | None, why: str
) -> None:
    found = findings(frames(ROWS, None, gap), control)
    without = findings(frames([row | {INFO: "N/A"} for row in ROWS]), control)
    decided = found[found["status"] != "NO_EVIDENCE"].reset_index(drop=True)
    names = ["resource_name", "credential", "status", "evidence_line"]
    left = without if control != SINGLE else without[without["resource_name"] != "ann"].reset_index(drop=True)
    assert decided[names].astype("str").to_dict() == left[names].astype("str").to_dict()
    row = found[found["status"] == "NO_EVIDENCE"]
    assert len(row) == 1
    assert row["reason"].iloc[0].endswith(f"are among them{why}")
    assert "the user has more credentials than the report shows" in row["reason"].iloc[0]
    assert (row["evidence_file"].iloc[0], row["evidence_line"].iloc[0]) == (
        f"evidence/{ACCOUNT}/credential-report.csv",
        3,
    )


def test_two_active_keys_are_too_many_whatever_else_there_is(frames: Any) -> None:
    row = findings(frames(ROWS), SINGLE)
    two = row[row["resource_name"] == "two"].iloc[0]
    assert two["status"] == "FAIL"
    assert two["observed"] == "access_key_1_active true, access_key_2_active true"
    assert two["reason"] == "at least 2 active access keys; the limit is 1"


def test_a_user_whose_keys_were_not_asked_for_is_unknown_beside_one_whose_were(frames: Any) -> None:
    made = frames([more("ann"), more("bob")], {"bob": [listed_key(ago(91))]})
    assert statuses(made, ROTATED) == [("", "", "NO_EVIDENCE"), ("bob", "access_key_3", "FAIL")]


@pytest.mark.parametrize("control", ALL)
def test_reports_that_tell_of_no_more_need_no_list(frames: Any, control: str) -> None:
    rows = [row | {INFO: "N/A"} for row in ROWS]
    plain = findings(frames(rows), control)
    assert "NO_EVIDENCE" not in set(plain["status"])
    for keys, gap in (({}, None), (None, DENIED)):
        pd.testing.assert_frame_equal(findings(frames(rows, keys, gap), control), plain)


@pytest.mark.parametrize("control", [c.id for c in automated().controls if c.id.startswith("access-key-1-")])
def test_controls_of_one_slot_know_nothing_of_further_keys(frames: Any, control: str) -> None:
    rows = [more(**key(1, ago(5), ago(1)))]
    for keys in (None, {"ann": [listed_key(ago(5)), listed_key(ago(300))]}):
        assert statuses(frames(rows, keys), control) == [("ann", "access_key_1", "PASS")]


def test_a_malformed_list_is_a_gap_and_leaves_the_keys_unknown(tmp_path: Path) -> None:
    content = report([root() | {INFO: "N/A"}, more(**key(1, ago(5)))], WIDE)
    made = build_frames(held(tmp_path, content, b"{", None), AS_OF)
    assert made.accounts["gap_code"].to_list() == ["MalformedEvidence"]
    assert statuses(made, ROTATED) == [("", "", "NO_EVIDENCE"), ("ann", "access_key_1", "PASS")]
