"""Every predicate at its boundary, to the second, and on every kind of thing a report can say instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from auditor.judge.checks import CHECKS, Verdict
from auditor.judge.evaluator.units import units_of
from auditor.model import ACCOUNT_SUMMARY, CREDENTIAL_REPORT
from tests.documents import summary
from tests.support import (
    ACCOUNT,
    AS_OF,
    COLUMNS,
    Row,
    ago,
    catalog,
    frames_of,
    key,
    password,
    report,
    root,
    user,
    without,
)

UNITS = {
    "key_age": "credential",
    "key_at_setup": "credential",
    "unused": "credential",
    "active_key_count": "user",
    "console_mfa": "user",
    "root_mfa": "root",
    "root_unused": "root",
}
"""Those that credential reports can decide alone; the files beside this one try the others."""
PASS, FAIL, NOT, OPEN, GONE = "PASS", "FAIL", "NOT_APPLICABLE", "UNDECIDED", "no such credential"


def unit_of(check: str, row: Row, slot: str, columns: tuple[str, ...], as_of: datetime) -> pd.DataFrame:
    frames = frames_of({ACCOUNT: report([row], columns)}, as_of=as_of, kinds=[CREDENTIAL_REPORT])
    if UNITS[check] == "credential":
        return frames.credentials[frames.credentials["credential"] == slot].reset_index(drop=True)
    return frames.root if UNITS[check] == "root" else frames.users


def word(verdict: Verdict) -> str:
    assert len(verdict.applies) == len(verdict.passed) == len(verdict.observed) == len(verdict.reason) <= 1
    assert (str(verdict.applies.dtype), str(verdict.passed.dtype)) == ("boolean", "boolean")
    assert isinstance(verdict.reason.dtype, pd.CategoricalDtype)
    if verdict.applies.empty:
        return GONE
    applies, passed = verdict.applies[0], verdict.passed[0]
    if applies is pd.NA or (applies and passed is pd.NA):
        return OPEN
    return NOT if not applies else PASS if passed else FAIL


def judge(
    check: str,
    parameters: Mapping[str, Any],
    row: Row,
    slot: str = "",
    columns: tuple[str, ...] = COLUMNS,
    as_of: datetime = AS_OF,
) -> tuple[str, str, str]:
    """Status, observed and reason of the one unit."""
    verdict = CHECKS[check](unit_of(check, row, slot, columns, as_of), parameters, as_of)
    status = word(verdict)
    return (status, "", "") if status == GONE else (status, str(verdict.observed[0]), str(verdict.reason[0]))


def status(check: str, parameters: Mapping[str, Any], row: Row, slot: str = "", **other: Any) -> str:
    return judge(check, parameters, row, slot, **other)[0]


def test_every_check_is_used_by_a_control_of_its_unit() -> None:
    assert {c.check for c in catalog().controls.values() if c.check} == set(CHECKS)
    for control in catalog().controls.values():
        if control.check in UNITS:
            assert control.unit.value == UNITS[control.check]
            assert control.evidence[0] == CREDENTIAL_REPORT


# Days and seconds since a time, and the limit of 45 or 90 days that it is around.
EDGES = [
    (days, seconds, limit)
    for limit in (45, 90)
    for days in (limit - 1, limit, limit + 1)
    for seconds in (-1, 0, 1)
]  # fmt: skip


def judge_edges(check: str, parameter: str, rows: list[Row], slot: str = "") -> list[tuple[str, str, str]]:
    """Status, observed and reason of each of EDGES' rows, by the edge's own limit; one row an account."""
    reports = {
        f"{n:012d}": report([row | {"arn": row["arn"].replace(ACCOUNT, f"{n:012d}")}]) for n, row in enumerate(rows)
    }
    frames = frames_of(reports, kinds=[CREDENTIAL_REPORT])
    units = frames.users
    if slot:
        units = frames.credentials[frames.credentials["credential"] == slot].reset_index(drop=True)
    assert len(units) == len(rows) == len(EDGES)
    found = {limit: CHECKS[check](units, {parameter: limit}, AS_OF) for limit in (45, 90)}
    verdicts = [(found[limit], n) for n, (*_, limit) in enumerate(EDGES)]
    assert all(v.applies.fillna(False).all() and v.passed.notna().all() for v in found.values())
    return [(PASS if v.passed[n] else FAIL, str(v.observed[n]), str(v.reason[n])) for v, n in verdicts]


def whole(days: int, seconds: int) -> int:
    """Days that have wholly passed: a second less than a day is none."""
    return days - 1 if seconds < 0 else days


@pytest.mark.parametrize("slot", [1, 2])
def test_a_key_fails_when_it_is_older_than_the_limit(slot: int) -> None:
    rows = [user(**key(slot, ago(days, seconds), ago(1))) for days, seconds, _ in EDGES]
    assert judge_edges("key_age", "max_age_days", rows, f"access_key_{slot}") == [
        (
            FAIL if whole(days, seconds) > limit else PASS,
            f"access_key_{slot}_last_rotated {ago(days, seconds)}",
            f"rotated {whole(days, seconds)} days before the as-of time; the limit is {limit}",
        )
        for days, seconds, limit in EDGES
    ]


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ("password", "last used"),
        ("access_key_1", "last used"),
        ("access_key_2", "last used"),
        ("password", "never used; rotated or changed"),
        ("access_key_1", "never used; rotated or changed"),
        ("access_key_2", "never used; rotated or changed"),
        ("password", "never used; user created"),
    ],
)
def test_a_credential_fails_when_it_is_unused_for_the_limit(slot: str, said: str) -> None:
    rows = [last_sign_of_life(slot, said, ago(days, seconds)) for days, seconds, _ in EDGES]
    assert judge_edges("unused", "max_unused_days", rows, slot) == [
        (
            FAIL if whole(days, seconds) >= limit else PASS,
            quoted_sign_of_life(slot, said, ago(days, seconds)),
            f"{said} {whole(days, seconds)} days before the as-of time; must be less than {limit} days",
        )
        for days, seconds, limit in EDGES
    ]


def quoted_sign_of_life(slot: str, said: str, moment: str) -> str:
    """The cells that are looked at until one is a time, each after its column."""
    used, rotated = ("last_used", "last_changed") if slot == "password" else ("last_used_date", "last_rotated")
    if said == "last used":
        return f"{slot}_{used} {moment}"
    if said == "never used; user created":
        return f"{slot}_{used} no_information, {slot}_{rotated} N/A, user_creation_time {moment}"
    return f"{slot}_{used} no_information, {slot}_{rotated} {moment}"


def last_sign_of_life(slot: str, said: str, moment: str) -> Row:
    """A user whose credential in ``slot`` gave that sign at ``moment``, and any other at a misleading time."""
    if said == "never used; user created":
        return user(user_creation_time=moment, **password())
    used, rotated = (moment, ago(300)) if said == "last used" else ("no_information", moment)
    return user(**(password(used, rotated) if slot == "password" else key(int(slot[-1]), rotated, used)))


@pytest.mark.parametrize("column", ["password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"])
@pytest.mark.parametrize("active", ["true", "false"])
def test_root_fails_when_it_was_used_within_the_window(column: str, active: str) -> None:
    flags = {"access_key_1_active": active, "access_key_2_active": active, "password_enabled": active}
    rows = [root(**flags | {column: ago(days, seconds)}) for days, seconds, _ in EDGES]
    found = judge_edges("root_unused", "lookback_days", rows)
    for (status_, observed, reason), (days, seconds, limit) in zip(found, EDGES, strict=True):
        recent = whole(days, seconds) < limit
        assert status_ == (FAIL if recent else PASS)
        assert ago(days, seconds) in observed
        assert reason == f"{'root was used' if recent else 'no use of root'} in the last {limit} days"


@pytest.mark.parametrize("check", ["key_age", "unused", "root_unused"])
@pytest.mark.parametrize("clock", [timedelta(), timedelta(hours=23, minutes=59, seconds=59), timedelta(hours=12)])
def test_the_time_of_day_does_not_matter(check: str, clock: timedelta) -> None:
    as_of = datetime(2026, 3, 1, tzinfo=UTC) + clock
    parameters = {"max_age_days": 45, "max_unused_days": 45, "lookback_days": 45}
    at_limit, later = (ago(days, as_of=as_of) for days in (45, 46))
    old = [judge_at(check, parameters, moment, as_of) for moment in (at_limit, later)]
    young = judge_at(check, parameters, ago(45, -1, as_of=as_of), as_of)
    assert (young, *old) == {
        "key_age": (PASS, PASS, FAIL),
        "unused": (PASS, FAIL, FAIL),
        "root_unused": (FAIL, PASS, PASS),
    }[check]


def judge_at(check: str, parameters: Mapping[str, Any], moment: str, as_of: datetime) -> str:
    row = root(password_last_used=moment) if check == "root_unused" else user(**key(1, moment, moment))
    return status(check, parameters, row, "access_key_1", as_of=as_of)


def test_an_offset_is_the_same_moment() -> None:
    same = (AS_OF - timedelta(days=46) + timedelta(hours=5)).isoformat().replace("+00:00", "+05:00")
    assert status("key_age", {"max_age_days": 45}, user(**key(1, same)), "access_key_1") == FAIL
    younger = (AS_OF - timedelta(days=46) + timedelta(hours=5, seconds=1)).isoformat().replace("+00:00", "+05:00")
    assert status("key_age", {"max_age_days": 45}, user(**key(1, younger)), "access_key_1") == PASS


def test_a_time_after_the_as_of_time_is_no_age_at_all() -> None:
    row = user(**key(1, ago(-3), ago(-3)))
    assert status("key_age", {"max_age_days": 45}, row, "access_key_1") == PASS
    assert status("unused", {"max_unused_days": 45}, row, "access_key_1") == PASS
    assert status("root_unused", {"lookback_days": 90}, root(password_last_used=ago(-3))) == FAIL


TOKENS = ("N/A", "n/a", "no_information", "No_Information", "not_supported", "", "absent column")


def spoilt(row: Row, column: str, token: str) -> tuple[Row, tuple[str, ...]]:
    return (row, without(column)) if token == "absent column" else (row | {column: token}, COLUMNS)


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("days", [1, 400])
def test_key_age_decides_only_on_what_is_there(token: str, days: int) -> None:
    good, old = user(**key(1, ago(days))), {"max_age_days": 90}
    for column in ("access_key_1_active", "access_key_1_last_rotated"):
        row, columns = spoilt(good, column, token)
        assert status("key_age", old, row, "access_key_1", columns=columns) == OPEN
    assert status("key_age", old, good | key(1, ago(days), active="FALSE"), "access_key_1") == NOT
    assert status("key_age", old, user(**key(1, active="false")), "access_key_1") == GONE
    row, columns = spoilt(good, "access_key_1_last_used_date", token)
    assert status("key_age", old, row, "access_key_1", columns=columns) == (PASS if days == 1 else FAIL)


# What stands in place of a last use -> the verdict on a credential that was made 3 and 300 days ago.
NO_USE = {
    "N/A": (PASS, FAIL),
    "n/a": (PASS, FAIL),
    "no_information": (PASS, FAIL),
    "NO_INFORMATION": (PASS, FAIL),
    "not_supported": (OPEN, OPEN),
    "": (OPEN, OPEN),
    "absent column": (OPEN, OPEN),
}


@pytest.mark.parametrize("token", NO_USE)
@pytest.mark.parametrize(("days", "which"), [(3, 0), (300, 1)])
def test_unused_takes_only_never_for_never(token: str, days: int, which: int) -> None:
    limit, expected = {"max_unused_days": 45}, NO_USE[token][which]
    for slot, cells, column in (
        ("password", password(changed=ago(days)), "password_last_used"),
        ("access_key_1", key(1, ago(days)), "access_key_1_last_used_date"),
        ("access_key_2", key(2, ago(days)), "access_key_2_last_used_date"),
    ):
        row, columns = spoilt(user(**cells), column, token)
        assert status("unused", limit, row, slot, columns=columns) == expected


@pytest.mark.parametrize("token", TOKENS)
def test_unused_of_what_may_not_be_active(token: str) -> None:
    limit = {"max_unused_days": 45}
    for slot, cells, column in (
        ("password", password(ago(1), ago(2)), "password_enabled"),
        ("access_key_1", key(1, ago(2), ago(1)), "access_key_1_active"),
    ):
        row, columns = spoilt(user(**cells), column, token)
        assert status("unused", limit, row, slot, columns=columns) == OPEN
    off = user(**password(ago(300), ago(300), "false"), **key(1, ago(300), ago(300), "FALSE"))
    assert [status("unused", limit, off, slot) for slot in ("password", "access_key_1")] == [NOT, NOT]


@pytest.mark.parametrize("token", TOKENS)
def test_a_never_used_key_without_rotation_is_not_judged_by_its_user(token: str) -> None:
    row, columns = spoilt(user(**key(1, ago(3))), "access_key_1_last_rotated", token)
    assert status("unused", {"max_unused_days": 45}, row, "access_key_1", columns=columns) == OPEN


@pytest.mark.parametrize("token", TOKENS)
def test_a_never_used_password_without_change_is_judged_by_its_user_if_at_all(token: str) -> None:
    new, old = (user(user_creation_time=ago(days), **password()) for days in (44, 45))
    limit = {"max_unused_days": 45}
    assert [status("unused", limit, row, "password") for row in (new, old)] == [PASS, FAIL]
    row, columns = spoilt(old, "user_creation_time", token)
    assert status("unused", limit, row, "password", columns=columns) == OPEN


@pytest.mark.parametrize("token", ["not_supported", "", "absent column"])
def test_a_never_used_password_whose_change_is_unknown_stays_open(token: str) -> None:
    row, columns = spoilt(user(**password(changed=ago(3))), "password_last_changed", token)
    assert status("unused", {"max_unused_days": 45}, row, "password", columns=columns) == OPEN


def test_use_counts_more_than_rotation() -> None:
    limit = {"max_unused_days": 45}
    assert status("unused", limit, user(**password(ago(45), ago(1))), "password") == FAIL
    assert status("unused", limit, user(**password(ago(44), ago(300))), "password") == PASS
    assert status("unused", limit, user(**key(1, ago(1), ago(45))), "access_key_1") == FAIL
    assert status("unused", limit, user(**key(1, ago(300), ago(44))), "access_key_1") == PASS


@pytest.mark.parametrize(
    ("one", "two", "allowed", "expected"),
    [
        ("false", "false", 1, NOT),
        ("true", "false", 1, PASS),
        ("FALSE", "TRUE", 1, PASS),
        ("true", "TRUE", 1, FAIL),
        ("true", "true", 2, PASS),
        ("true", "false", 0, FAIL),
        ("true", "N/A", 1, OPEN),
        ("N/A", "true", 1, OPEN),
        ("false", "N/A", 1, OPEN),
        ("not_supported", "no_information", 1, OPEN),
        ("", "", 1, OPEN),
    ],
)
def test_active_keys_are_counted(one: str, two: str, allowed: int, expected: str) -> None:
    row = user(access_key_1_active=one, access_key_2_active=two)
    found = judge("active_key_count", {"max_active_keys": allowed}, row)
    assert found[0] == expected
    if expected == FAIL:
        assert f"the limit is {allowed}" in found[2]
        assert found[1] == f"access_key_1_active {one}, access_key_2_active {two}"


def test_a_missing_key_column_leaves_the_count_open() -> None:
    for column in ("access_key_1_active", "access_key_2_active"):
        row = user(access_key_1_active="true", access_key_2_active="true")
        assert status("active_key_count", {"max_active_keys": 1}, row, columns=without(column)) == OPEN


def test_inactive_keys_are_not_counted() -> None:
    row = user(**key(1, ago(3)), **key(2, ago(3), ago(2), active="false"))
    assert status("active_key_count", {"max_active_keys": 1}, row) == PASS


MADE = 30


@pytest.mark.parametrize(
    ("after", "tolerance", "expected"),
    [
        (-12, 10, PASS),
        (-11, 10, PASS),
        (-10, 10, FAIL),
        (0, 10, FAIL),
        (10, 10, FAIL),
        (11, 10, PASS),
        (0, 0, FAIL),
        (1, 0, PASS),
        (60, 60, FAIL),
        (61, 60, PASS),
    ],
)
@pytest.mark.parametrize("slot", [1, 2])
def test_a_key_made_with_its_console_user_fails(after: int, tolerance: int, expected: str, slot: int) -> None:
    cells = key(slot, ago(MADE, -after), ago(1))
    row = user(user_creation_time=ago(MADE), **password(ago(1)), **cells)
    limit = {"same_time_tolerance_seconds": tolerance}
    found = judge("key_at_setup", limit, row, f"access_key_{slot}")
    assert found[0] == expected
    assert found[1] == (
        f"user_creation_time {ago(MADE)}, access_key_{slot}_last_rotated {ago(MADE, -after)}, "
        f"access_key_{slot}_last_used_date {ago(1)}"
    )
    assert (found[2] == "the console user's key was created together with the user") == (expected == FAIL)
    assert status("key_at_setup", limit, row | password(enabled="false"), f"access_key_{slot}") == NOT
    assert status("key_at_setup", limit, row | key(slot, ago(MADE), active="false"), f"access_key_{slot}") == NOT


@pytest.mark.parametrize(
    ("token", "expected"),
    [("N/A", FAIL), ("no_information", FAIL), ("not_supported", OPEN), ("", OPEN), ("absent column", OPEN)],
)
def test_a_console_users_key_that_was_never_used_fails(token: str, expected: str) -> None:
    limit, good = {"same_time_tolerance_seconds": 10}, user(**password(ago(1)), **key(1, ago(MADE), ago(1)))
    row, columns = spoilt(good, "access_key_1_last_used_date", token)
    assert status("key_at_setup", limit, row, "access_key_1", columns=columns) == expected
    together = row | {"user_creation_time": ago(MADE)}
    assert status("key_at_setup", limit, together, "access_key_1", columns=columns) == FAIL


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("column", ["user_creation_time", "access_key_1_last_rotated"])
def test_a_key_at_setup_needs_both_times(column: str, token: str) -> None:
    limit, good = {"same_time_tolerance_seconds": 10}, user(**password(ago(1)), **key(1, ago(MADE), ago(1)))
    row, columns = spoilt(good, column, token)
    assert status("key_at_setup", limit, row, "access_key_1", columns=columns) == OPEN
    row, columns = spoilt(good | {"access_key_1_last_used_date": "N/A"}, column, token)
    assert status("key_at_setup", limit, row, "access_key_1", columns=columns) == FAIL


@pytest.mark.parametrize(
    ("enabled", "active", "expected"),
    [("N/A", "true", OPEN), ("true", "N/A", OPEN), ("false", "N/A", NOT), ("N/A", "false", NOT), ("", "", OPEN)],
)
def test_a_key_at_setup_applies_to_active_keys_of_console_users(enabled: str, active: str, expected: str) -> None:
    row = user(**password(ago(1), enabled=enabled), **key(1, ago(MADE), ago(1), active))
    assert status("key_at_setup", {"same_time_tolerance_seconds": 10}, row, "access_key_1") == expected


def test_observed_does_not_claim_what_the_report_does_not_tell() -> None:
    row = user(user_creation_time=ago(MADE), **password(ago(1)), **key(1, ago(MADE), ago(1)))
    columns = without("access_key_1_last_used_date")
    found = judge("key_at_setup", {"same_time_tolerance_seconds": 10}, row, "access_key_1", columns)
    assert found[0] == FAIL
    assert "never" not in found[1]


@pytest.mark.parametrize(
    ("enabled", "mfa", "expected"),
    [
        ("true", "true", PASS),
        ("TRUE", "False", FAIL),
        ("false", "false", NOT),
        ("FALSE", "TRUE", NOT),
        ("false", "N/A", NOT),
        ("true", "N/A", OPEN),
        ("true", "", OPEN),
        ("not_supported", "true", OPEN),
        ("N/A", "false", OPEN),
        ("", "true", OPEN),
    ],
)
def test_console_users_need_mfa(enabled: str, mfa: str, expected: str) -> None:
    assert status("console_mfa", {}, user(password_enabled=enabled, mfa_active=mfa)) == expected


@pytest.mark.parametrize("column", ["password_enabled", "mfa_active"])
@pytest.mark.parametrize("mfa", ["true", "false"])
def test_console_mfa_without_a_column_is_open(column: str, mfa: str) -> None:
    row = user(password_enabled="true", mfa_active=mfa)
    assert status("console_mfa", {}, row, columns=without(column)) == OPEN


@pytest.mark.parametrize(("other", "expected"), [("true", FAIL), ("false", OPEN)])
@pytest.mark.parametrize("slot", [1, 2])
@pytest.mark.parametrize("count", [0, None])
def test_root_keys_without_a_column(slot: int, other: str, expected: str, count: int | None) -> None:
    row = root(**{f"access_key_{3 - slot}_active": other})
    documents = {} if count is None else {ACCOUNT: {ACCOUNT_SUMMARY: summary(keys=count)}}
    frames = frames_of({ACCOUNT: report([row], without(f"access_key_{slot}_active"))}, documents=documents)
    assert word(CHECKS["root_no_key"](frames.root, {}, AS_OF)) == expected


# password_enabled and mfa_active -> the verdict where a missing password passes, and where it does not.
@pytest.mark.parametrize(
    ("enabled", "mfa", "lenient", "strict"),
    [
        ("true", "true", PASS, PASS),
        ("TRUE", "FALSE", FAIL, FAIL),
        ("false", "false", PASS, FAIL),
        ("FALSE", "TRUE", PASS, PASS),
        ("not_supported", "true", PASS, PASS),
        ("not_supported", "false", FAIL, FAIL),
        ("Not_Supported", "false", FAIL, FAIL),
        ("N/A", "true", PASS, PASS),
        ("N/A", "false", OPEN, FAIL),
        ("", "false", OPEN, FAIL),
        ("no_information", "false", OPEN, FAIL),
        ("true", "N/A", OPEN, OPEN),
        ("false", "", PASS, OPEN),
        ("absent column", "true", PASS, PASS),
        ("absent column", "false", OPEN, FAIL),
    ],
)
def test_root_mfa(enabled: str, mfa: str, lenient: str, strict: str) -> None:
    row, columns = spoilt(root(mfa_active=mfa), "password_enabled", enabled)
    for passes, expected in ((True, lenient), (False, strict)):
        assert status("root_mfa", {"pass_when_root_password_absent": passes}, row, columns=columns) == expected


@pytest.mark.parametrize(("enabled", "lenient"), [("true", OPEN), ("false", PASS), ("not_supported", OPEN)])
def test_root_mfa_without_its_column(enabled: str, lenient: str) -> None:
    for passes, expected in ((True, lenient), (False, OPEN)):
        parameters = {"pass_when_root_password_absent": passes}
        row = root(password_enabled=enabled)
        assert status("root_mfa", parameters, row, columns=without("mfa_active")) == expected


USES = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")


@pytest.mark.parametrize("column", USES)
@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("N/A", PASS),
        ("no_information", PASS),
        ("NO_INFORMATION", PASS),
        ("not_supported", PASS),
        ("", OPEN),
        ("absent column", OPEN),
    ],
)
def test_root_use_that_the_report_does_not_tell(column: str, token: str, expected: str) -> None:
    parameters = {"lookback_days": 90}
    row, columns = spoilt(root(), column, token)
    assert status("root_unused", parameters, row, columns=columns) == expected
    other = next(name for name in USES if name != column)
    assert status("root_unused", parameters, row | {other: ago(1)}, columns=columns) == FAIL
    assert status("root_unused", parameters, row | {other: ago(400)}, columns=columns) == expected


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_check_of_nothing_says_nothing(check: str) -> None:
    frames = frames_of({})
    for control in catalog().controls.values():
        if control.check == check:
            assert word(CHECKS[check](units_of(control, frames), control.parameters, AS_OF)) == GONE
