"""Evidence as typed frames: nothing lost, nothing mixed up, and gaps where evidence cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor import schema
from auditor.store.snapshot import Snapshot
from auditor.tables import Frames, build_frames, without_spelling
from tests.support import (
    ACCOUNT,
    AS_OF,
    COLUMNS,
    OTHER,
    ago,
    excluded,
    frames_of,
    key,
    password,
    report,
    root,
    stored,
    unreachable,
    user,
    without,
)

THIRD = "222233334444"
DTYPES = {
    "text": "str",
    "category": "category",
    "time": "datetime64[us, UTC]",
    "bool": "boolean",
    "int": "Int64",
}


def assert_typed(frame: pd.DataFrame, columns: dict[str, str]) -> None:
    assert list(frame.columns[: len(columns)]) == list(columns)
    assert {name: str(frame[name].dtype) for name in columns} == {name: DTYPES[kind] for name, kind in columns.items()}
    for name, kind in columns.items():
        if kind == "category":
            assert str(frame[name].cat.categories.dtype) == "str", name


def slots(frames: Frames, name: str) -> list[str]:
    return frames.credentials.loc[frames.credentials["user"] == name, "credential"].to_list()


def account(frames: Frames, account_id: str) -> dict[str, Any]:
    rows = frames.accounts[frames.accounts["account_id"] == account_id]
    assert len(rows) == 1
    return {str(name): value for name, value in rows.iloc[0].to_dict().items()}


EVERYTHING = {
    ACCOUNT: report([root(), user("ann", **password(ago(1), ago(2)), **key(1, ago(3), ago(4)))]),
    OTHER: report([root(OTHER), user("bob", OTHER, **key(2, ago(5)))]),
}


@pytest.mark.parametrize(
    ("reports", "others"),
    [
        (EVERYTHING, ()),
        (EVERYTHING, (excluded("333344445555"), unreachable("444455556666"))),
        ({ACCOUNT: report([root()])}, ()),
        ({ACCOUNT: report([user()], ("user", "arn"))}, ()),
        ({}, (excluded("333344445555"), unreachable("444455556666"))),
        ({}, ()),
        ({ACCOUNT: b"<html>"}, ()),
    ],
    ids=["two", "with-others", "root-only", "two-columns", "no-reports", "nothing", "unusable"],
)
def test_columns_and_dtypes_are_those_of_the_schema(reports: dict[str, bytes], others: tuple[Any, ...]) -> None:
    frames = frames_of(reports, *others)
    for frame, columns in (
        (frames.accounts, schema.ACCOUNTS),
        (without_spelling(frames.users), schema.USERS),
        (without_spelling(frames.credentials), schema.CREDENTIALS),
    ):
        assert_typed(frame, columns)
        assert frame.index.to_list() == list(range(len(frame)))
        assert list(frame.columns) == list(columns)
    assert len(frames.accounts) == len(reports) + len(others)


def test_an_empty_organization_has_empty_frames() -> None:
    frames = frames_of({})
    assert (len(frames.accounts), len(frames.users), len(frames.credentials)) == (0, 0, 0)


def test_account_ids_keep_their_zeros_and_their_order() -> None:
    ids = ["999999999999", "000000000010", "000000000009", "012345678901"]
    frames = frames_of({i: report([root(i), user("ann", i, **key(1, ago(3)))]) for i in ids})
    assert frames.accounts["account_id"].to_list() == sorted(ids)
    assert frames.users["account_id"].to_list() == [i for i in sorted(ids) for _ in range(2)]
    assert frames.credentials["account_id"].drop_duplicates().to_list() == sorted(ids)


def test_line_numbers_begin_anew_with_each_account() -> None:
    frames = frames_of(
        {
            ACCOUNT: report([root(), user("ann"), user("bob")]),
            OTHER: report([root(OTHER)]),
            THIRD: report([root(THIRD), user("zoe", THIRD, **key(1, ago(1)))]),
        }
    )
    assert frames.users["evidence_line"].to_list() == [2, 3, 4, 2, 2, 3]
    files = [f"evidence/{i}/credential-report.csv" for i in (ACCOUNT, ACCOUNT, ACCOUNT, OTHER, THIRD, THIRD)]
    assert frames.users["evidence_file"].to_list() == files
    key_row = frames.credentials[frames.credentials["user"] == "zoe"].iloc[0]
    assert (key_row["evidence_file"], key_row["evidence_line"]) == (files[-1], 3)


def test_values_are_typed_and_tokens_kept_as_notes() -> None:
    ann = user(
        "ann", **password("no_information", "2026-01-02T03:04:05+00:00"), **key(1, "2026-01-02T03:04:05Z", "n/a")
    )
    rows = [root(password_enabled="Not_Supported"), ann | {"mfa_active": "TRUE"}]
    users = frames_of({ACCOUNT: report(rows, without("access_key_2_last_used_date"))}).users
    assert users["is_root"].to_list() == [True, False]
    assert users["password_enabled"].to_list() == [pd.NA, True]
    assert users["password_enabled_note"].isna().to_list() == [False, True]
    assert users["password_enabled_note"][0] == "not_supported"
    assert users["mfa_active"].to_list() == [True, True]
    assert users["password_last_used_note"].to_list() == ["no_information", "no_information"]
    moment = pd.Timestamp("2026-01-02T03:04:05Z")
    assert users["password_last_changed"][1] == users["access_key_1_last_rotated"][1] == moment
    assert users["access_key_1_last_used_date_note"][1] == "n/a"
    assert users["access_key_2_last_used_date_note"].to_list() == ["(no column)", "(no column)"]
    assert users["additional_credentials_info"].isna().all()


@pytest.mark.parametrize("name", ["NA", "null", "None", "nan", "007", "1e5", "TRUE", "=1+1", "a,b", "N/A"])
def test_odd_names_reach_every_frame(name: str) -> None:
    frames = frames_of({ACCOUNT: report([root(), user(name, **key(1, ago(3)))])})
    assert frames.users["user"].to_list() == ["<root_account>", name]
    assert slots(frames, name) == ["access_key_1"]
    assert frames.users["user"].notna().all()


def test_extra_columns_are_texts_behind_the_schema_and_missing_elsewhere() -> None:
    extra = report([root() | {"passkey_count": "007"}], (*COLUMNS, "passkey_count"))
    users = without_spelling(frames_of({ACCOUNT: extra, OTHER: report([root(OTHER)])}).users)
    assert list(users.columns) == [*schema.USERS, "x_passkey_count"]
    assert str(users["x_passkey_count"].dtype) == "str"
    assert users["x_passkey_count"].isna().to_list() == [False, True]
    assert users["x_passkey_count"][0] == "007"


# What a user's row says of one slot, and whether a credential is there.
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, []),
        (key(1, ago(3)), ["access_key_1"]),
        (key(2, ago(3)), ["access_key_2"]),
        (key(1, ago(3), active="false"), ["access_key_1"]),
        (key(1, "N/A", active="false"), []),
        (key(1, "", active="FALSE"), []),
        (key(1, "N/A", active="true"), ["access_key_1"]),
        (key(1, "N/A", active="N/A"), ["access_key_1"]),
        (key(1, "N/A", active="not_supported"), ["access_key_1"]),
        (key(1, ago(3), active=""), ["access_key_1"]),
        (password(), ["password"]),
        (password(enabled="false"), []),
        (password(changed=ago(9), enabled="false"), ["password"]),
        (password(used=ago(9), enabled="false"), []),
        (password(enabled="not_supported"), ["password"]),
        ({"cert_1_active": "true", "cert_1_last_rotated": ago(9)}, ["cert_1"]),
        ({"cert_2_active": "false", "cert_2_last_rotated": ago(9)}, ["cert_2"]),
        ({**key(2, ago(1)), **key(1, ago(2)), **password(), "cert_1_active": "true"},
         ["password", "access_key_1", "access_key_2", "cert_1"]),
    ],
)  # fmt: skip
def test_a_credential_is_there_unless_it_is_inactive_and_undated(cells: dict[str, str], expected: list[str]) -> None:
    assert slots(frames_of({ACCOUNT: report([root(), user("ann", **cells)])}), "ann") == expected


@pytest.mark.parametrize(
    ("column", "kept"),
    [
        ("access_key_1_active", ["access_key_1"]),
        ("access_key_1_last_rotated", ["access_key_1"]),
        ("access_key_1_last_used_date", ["access_key_1"]),
        ("access_key_2_active", ["access_key_1", "access_key_2"]),
        ("password_enabled", ["password", "access_key_1"]),
    ],
)
def test_a_missing_column_never_takes_a_credential_away(column: str, kept: list[str]) -> None:
    frames = frames_of({ACCOUNT: report([user("ann", **key(1, ago(3)))], without(column))})
    assert slots(frames, "ann") == kept


def test_credentials_say_where_they_are_from_and_how_old_they_are() -> None:
    rows = [root(), user("ann", **password(ago(7), ago(45)), **key(2, ago(45, -1), ago(3)), mfa_active="true")]
    frame = frames_of({ACCOUNT: report(rows)}).credentials
    ann = frame[frame["user"] == "ann"]
    assert ann["credential"].to_list() == ["password", "access_key_2"]
    assert ann["age_days"].to_list() == [45, 44]
    assert ann["unused_days"].to_list() == [7, 3]
    assert ann["last_used_region"].isna().to_list() == [True, False]
    assert ann["last_used_service"].to_list()[1] == "s3"
    assert ann["mfa_active"].all()
    assert ann["password_enabled"].all()


def test_ages_follow_the_as_of_time_and_may_be_negative() -> None:
    reports = {ACCOUNT: report([user("ann", **key(1, ago(3, -1)))])}
    for later, age in ((0, 2), (1, 3), (-3, -1), (-4, -2)):
        frame = frames_of(reports, as_of=AS_OF + pd.Timedelta(days=later)).credentials
        assert frame["age_days"].to_list() == [age]
        assert frame["unused_days"].isna().all()


def test_every_account_is_in_the_accounts_frame() -> None:
    frames = frames_of({ACCOUNT: EVERYTHING[ACCOUNT]}, excluded(OTHER), unreachable(THIRD))
    assert frames.accounts["outcome"].to_list() == ["assessed", "excluded", "not_assessed"]
    here, old, shut = (account(frames, i) for i in (ACCOUNT, OTHER, THIRD))
    assert (here["users"], here["request_id"], here["is_management"], here["gap_code"]) == (1, "request-1", True, "")
    assert (here["report_generated_at"], here["collected_at"]) == (AS_OF, AS_OF)
    assert here["evidence_file"] == f"evidence/{ACCOUNT}/credential-report.csv"
    assert len(here["evidence_sha256"]) == 64
    assert (old["state"], old["reason"]) == ("SUSPENDED", "the account's state is SUSPENDED")
    assert (shut["reason"], shut["gap_stage"], shut["gap_code"]) == ("assume: AccessDenied", "assume", "AccessDenied")
    assert shut["gap_message"] == "not allowed to assume the role"
    for missing in (old, shut):
        assert pd.isna(missing["users"])
        assert missing["evidence_file"] == ""
        assert pd.isna(missing["collected_at"])


def test_the_root_row_is_no_user_of_the_account() -> None:
    frames = frames_of({ACCOUNT: report([root()]), OTHER: report([user("a", OTHER), user("b", OTHER)])})
    assert frames.accounts["users"].to_list() == [0, 2]


BAD = report([root(), user("bad", **key(1, "2026-13-45T00:00:00Z"))])


@pytest.mark.parametrize(
    ("content", "code"),
    [(BAD, "MalformedValue"), (b"<html>", "NotAReport"), (b"", "EmptyReport"), (BAD[:-200], "TruncatedReport")],
)
@pytest.mark.parametrize("columns", [COLUMNS, without("mfa_active"), (*COLUMNS, "passkey_count")])
def test_one_accounts_unusable_report_is_its_own_gap_and_nobody_elses(
    content: bytes, code: str, columns: tuple[str, ...]
) -> None:
    row = user("bob", OTHER, passkey_count="1", **key(1, ago(3)))
    good = {OTHER: report([root(OTHER, passkey_count="0"), row], columns)}
    alone, beside = frames_of(good), frames_of({ACCOUNT: content} | good)
    gap = account(beside, ACCOUNT)
    assert (gap["outcome"], gap["gap_stage"], gap["gap_code"]) == ("not_assessed", "validate", code)
    assert gap["reason"] == f"validate: {code}"
    assert gap["gap_evidence"] == "credential-report"
    assert pd.isna(gap["users"])
    assert gap["evidence_file"] == f"evidence/{ACCOUNT}/credential-report.csv"
    assert account(beside, OTHER)["outcome"] == "assessed"
    pd.testing.assert_frame_equal(alone.users.astype("object"), beside.users.astype("object"))
    pd.testing.assert_frame_equal(alone.credentials.astype("object"), beside.credentials.astype("object"))


def test_two_malformed_accounts_each_name_their_own_line() -> None:
    worse = report([root(OTHER), user("a", OTHER), user("b", OTHER, mfa_active="maybe")])
    frames = frames_of({ACCOUNT: BAD, OTHER: worse, THIRD: report([root(THIRD)])})
    assert account(frames, ACCOUNT)["gap_message"] == "line 3: access_key_1_last_rotated is '2026-13-45T00:00:00Z'"
    assert account(frames, OTHER)["gap_message"] == "line 4: mfa_active is 'maybe'"
    assert frames.users["account_id"].to_list() == [THIRD]


def test_evidence_that_was_changed_or_lost_on_disk_becomes_a_gap(tmp_path: Path) -> None:
    snapshot = stored(tmp_path, EVERYTHING | {THIRD: report([root(THIRD)])})
    evidence = snapshot.folder / "evidence"
    changed = evidence / OTHER / "credential-report.csv"
    changed.write_bytes(changed.read_bytes().replace(b"bob", b"bab"))
    (evidence / THIRD / "credential-report.csv").unlink()
    frames = build_frames(Snapshot.open(snapshot.folder), AS_OF)
    assert frames.accounts["outcome"].to_list() == ["assessed", "not_assessed", "not_assessed"]
    assert frames.accounts["gap_code"].to_list() == ["", "EvidenceChanged", "EvidenceMissing"]
    assert frames.accounts["gap_stage"].to_list() == ["", "read", "read"]
    assert all(OTHER in m or THIRD in m for m in frames.accounts["gap_message"][1:])
    assert set(frames.users["account_id"]) == set(frames.credentials["account_id"]) == {ACCOUNT}


def test_frames_from_disk_and_from_memory_are_the_same(tmp_path: Path) -> None:
    disk = build_frames(Snapshot.open(stored(tmp_path, EVERYTHING).folder), AS_OF)
    for name in ("accounts", "users", "credentials"):
        pd.testing.assert_frame_equal(getattr(disk, name), getattr(frames_of(EVERYTHING), name))
