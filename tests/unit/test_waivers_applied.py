"""Waivers on findings: what they cover, on which days, which one counts, and that nothing else changes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import schema
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.waivers import Waived, apply_waivers, no_waivers
from auditor.judge.waivers.names import Names, glob_matches
from auditor.model import ACCOUNT_TAGS, Account, Severity
from auditor.store.evidence import Answer, Document
from tests.support import (
    AS_OF,
    OTHER,
    ago,
    catalog,
    judged,
    key,
    report,
    root,
    stored,
    unreachable,
    user,
    waiver,
    waivers_of,
)

KEYS, MFA = "access-key-rotated-90d", "console-user-mfa"
PROD, TEST = "000000000007", "000000000020"
ACCOUNTS = (
    Account(PROD, ou_path="Root/Prod/Payments", ou_ids=("r-abcd", "ou-abcd-prod0000", "ou-abcd-payments")),
    Account(TEST, ou_path="Root/Production", ou_ids=("r-abcd", "ou-abcd-production")),
)
# Account, user, path, control, status; the last one is about a whole account.
ROWS = (
    (PROD, "ann", "/", KEYS, "FAIL"),
    (PROD, "svc-1", "/ci/", KEYS, "FAIL"),
    (PROD, "svc-1", "/ci/", MFA, "FAIL"),
    (TEST, "ann", "/", KEYS, "FAIL"),
    (TEST, "SVC-1", "/ci/", KEYS, "FAIL"),
    (TEST, "bob", "/", KEYS, "PASS"),
    (TEST, None, None, KEYS, "NO_EVIDENCE"),
    (PROD, None, None, MFA, "FAIL"),
)


def findings(rows: tuple[tuple[str | None, ...], ...] = ROWS) -> pd.DataFrame:
    arns = [f"arn:aws:iam::{a}:user{path}{name}" if name else None for a, name, path, *_ in rows]
    frame = pd.DataFrame(rows, columns=["account_id", "resource_name", "path", "control_id", "status"])
    columns = {n: kind for n, kind in schema.FINDINGS.items() if n in (*frame.columns, "resource_arn", "waiver_id")}
    frame = frame.assign(resource_arn=pd.Series(arns, dtype="str"), waiver_id="")[list(columns)]
    return frame.astype(dict.fromkeys(columns, "category"))


def controls() -> pd.DataFrame:
    frame = pd.DataFrame({"control_id": [KEYS, MFA], "population": 9, "failed": 4, "waived": 0})
    return schema.typed(frame.reindex(columns=list(schema.CONTROLS)), schema.CONTROLS)


def applied(
    folder: Path,
    *entries: str,
    as_of: datetime = AS_OF,
    tags: Mapping[str, Mapping[str, str]] | None = None,
) -> Waived:
    return apply_waivers(findings(), controls(), waivers_of(folder, *entries), ACCOUNTS, as_of, tags)


def ids(waived: Waived) -> list[str]:
    return waived.findings["waiver_id"].astype("str").to_list()


def covered(folder: Path, scope: str, control: str = KEYS) -> set[int]:
    """Numbers of the rows that a waiver of this scope is on."""
    tags = {PROD: {"env": "prod", "team": "pay"}, TEST: {"env": "test"}}
    found = ids(applied(folder, waiver(control=control, scope=scope), tags=tags))
    return {number for number, name in enumerate(found) if name}


@pytest.mark.parametrize(
    ("scope", "rows"),
    [
        (f"{{account: '{PROD}'}}", {0, 1}),
        (f"{{account: ['{PROD}', '{TEST}', '999999999999']}}", {0, 1, 3, 4}),
        ("{account: '999999999999'}", set()),
        ("{ou: Root}", {0, 1, 3, 4}),
        ("{ou: Root/Prod}", {0, 1}),
        ("{ou: Root/Prod/Payments}", {0, 1}),
        ("{ou: Root/Prod/Pay}", set()),
        ("{ou: root/prod}", set()),
        ("{ou: Prod}", set()),
        ("{ou: r-abcd}", {0, 1, 3, 4}),
        ("{ou: ou-abcd-prod0000}", {0, 1}),
        ("{ou: [ou-abcd-payments, Root/Production]}", {0, 1, 3, 4}),
        ("{tag: {env: prod}}", {0, 1}),
        ("{tag: {env: prod, team: pay}}", {0, 1}),
        ("{tag: {env: test, team: pay}}", set()),
        ("{tag: {env: Prod}}", set()),
        ("{user: ann}", {0, 3}),
        ("{user: an}", set()),
        ("{user: svc-1}", {1}),
        ("{user: 'svc-*'}", {1}),
        ("{user: '*-1'}", {1, 4}),
        ("{user: '???'}", {0, 3}),
        ("{user: '*'}", {0, 1, 3, 4}),
        ("{user: [ann, 'a*', '*n']}", {0, 3}),
        (f"{{arn: 'arn:aws:iam::{TEST}:user/*'}}", {3, 4}),
        ("{arn: '*:user/ci/*'}", {1, 4}),
        ("{arn: 'arn:aws:iam::*:user/???'}", {0, 3}),
        (f"{{account: '{TEST}', user: ann}}", {3}),
        ("{ou: Root/Prod, tag: {env: test}}", set()),
        (f"{{account: '{TEST}', ou: Root/Prod}}", set()),
        ("{user: 'a*', arn: '*:user/ci/*'}", set()),
        ("{ou: Root/Prod, user: ['svc-*', ann], arn: '*/ci/*'}", {1}),
    ],
)
def test_what_a_scope_covers(tmp_path: Path, scope: str, rows: set[int]) -> None:
    assert covered(tmp_path, scope) == rows


def test_names_do_not_cover_findings_about_a_whole_account(tmp_path: Path) -> None:
    assert covered(tmp_path, "{user: '*'}", MFA) == {2}
    assert covered(tmp_path, "{arn: '*'}", MFA) == {2}
    assert covered(tmp_path, f"{{account: '{PROD}'}}", MFA) == {2, 7}


def test_only_the_waiver_id_and_the_count_change(tmp_path: Path) -> None:
    before = findings()
    waived = applied(tmp_path, waiver(scope="{user: ann}"))
    pd.testing.assert_frame_equal(waived.findings.drop(columns="waiver_id"), before.drop(columns="waiver_id"))
    assert ids(waived) == ["W-1", "", "", "W-1", "", "", "", ""]
    assert waived.controls["waived"].to_list() == [2, 0]
    pd.testing.assert_frame_equal(waived.controls.drop(columns="waived"), controls().drop(columns="waived"))


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2026-10-31T23:59:59.999999+00:00", "not yet valid"),
        ("2026-11-01T00:00:00+00:00", "active"),
        ("2026-12-31T23:59:59.999999+00:00", "active"),
        ("2027-01-01T00:00:00+00:00", "expired"),
        ("2027-01-01T00:30:00+01:00", "active"),
        ("2026-12-31T23:30:00-01:00", "expired"),
    ],
)
def test_days_are_whole_and_utc_and_the_last_one_counts(tmp_path: Path, moment: str, state: str) -> None:
    waived = applied(tmp_path, waiver(), as_of=datetime.fromisoformat(moment))
    (row,) = waived.waivers.to_dict("records")
    assert (row["state"], row["matched"], row["waived"]) == (state, 2, 2 if state == "active" else 0)
    assert ("W-1" in ids(waived)) == (state == "active")


def test_what_does_not_work_or_covers_nothing_is_told(tmp_path: Path) -> None:
    waived = applied(
        tmp_path,
        waiver("old", created="2025-11-01", expires="2026-10-31", scope="{user: 'svc-*'}"),
        waiver("early", created="2026-12-01", scope="{user: ann}"),
        waiver("idle", scope="{user: nobody}"),
        waiver("passes", scope="{user: bob}"),
        waiver("untested", control="root-mfa"),
        waiver("good", scope="{ou: Root/Prod}"),
    )
    found = {w.waiver_id: (w.state, w.matched, w.waived) for w in waived.waivers.itertuples()}
    assert found == {
        "old": ("expired", 1, 0),
        "early": ("not yet valid", 2, 0),
        "idle": ("unmatched", 0, 0),
        "passes": ("unmatched", 0, 0),
        "untested": ("not tested", 0, 0),
        "good": ("active", 2, 2),
    }
    assert waived.waivers["waiver_id"].is_monotonic_increasing
    assert list(waived.waivers.columns) == list(schema.WAIVERS)


def test_of_several_the_one_that_expires_last_counts_then_the_first_id(tmp_path: Path) -> None:
    entries = (
        waiver("W-3", scope="{ou: Root}", expires="2026-12-30"),
        waiver("W-2", scope="{user: ann}"),
        waiver("W-1", scope=f"{{account: '{PROD}'}}"),
        waiver("W-0", scope="{user: '*'}", created="2026-12-01", expires="2027-11-01"),
    )
    for order in (entries, entries[::-1]):
        waived = applied(tmp_path, *order)
        assert ids(waived) == ["W-1", "W-1", "", "W-2", "W-3", "", "", ""]
        counts = {w.waiver_id: (w.state, w.matched, w.waived) for w in waived.waivers.itertuples()}
        assert counts["W-2"] == ("active", 2, 1)
        assert counts["W-3"] == ("active", 4, 1)
        assert counts["W-0"] == ("not yet valid", 4, 0)


def test_no_findings_and_no_waivers(tmp_path: Path) -> None:
    nothing = schema.typed(pd.DataFrame(columns=list(schema.FINDINGS)), schema.FINDINGS)
    waived = apply_waivers(nothing, controls(), waivers_of(tmp_path, waiver()), ACCOUNTS, AS_OF)
    assert (len(waived.findings), list(waived.waivers["state"])) == (0, ["unmatched"])
    none = apply_waivers(findings(), controls(), waivers_of(tmp_path), ACCOUNTS, AS_OF)
    assert set(ids(none)) == {""}
    pd.testing.assert_frame_equal(none.waivers, no_waivers())


_NAME = st.text(alphabet="ab%_\\é.", max_size=6)
_PATTERN = st.text(alphabet="ab%_\\é.*?", min_size=1, max_size=6)


@given(names=st.lists(_NAME, min_size=1, max_size=80), patterns=st.lists(_PATTERN, min_size=1, max_size=3))
@settings(deadline=None, max_examples=300)
def test_patterns_match_as_the_shell_would(names: list[str], patterns: list[str]) -> None:
    expected = [any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) for name in names]
    assert [any(glob_matches(pattern, name) for pattern in patterns) for name in names] == expected
    column = pd.Series(names, dtype="str").astype("category")
    index = Names(column, pd.RangeIndex(len(names)).to_numpy())
    assert index.matching(index.ranks, patterns).tolist() == expected
    for order in (index, Names(column, pd.RangeIndex(len(names)).to_numpy(), backwards=True)):
        for pattern in patterns:
            span = order.span(pattern)
            inside = {n for n, rank in zip(names, order.ranks, strict=True) if span.low <= rank < span.high}
            assert {n for n in names if fnmatch.fnmatchcase(n, pattern)} <= inside


@pytest.mark.parametrize("count", [33, 5000])
def test_many_names_that_hold_the_same_text_are_told_apart(count: int) -> None:
    names = [f"x-{number}-{'ci' if number % 3 else 'ce'}" for number in range(count)]
    column = pd.Series(names, dtype="str").astype("category")
    index = Names(column, pd.RangeIndex(count).to_numpy())
    expected = [bool(re.fullmatch("x-.*1.*-c.", name)) for name in names]
    assert index.matching(index.ranks, ["*x-*1*-c?"]).tolist() == expected


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not glob_matches("*a" * 40 + "b", "a" * 2000)


# Through the whole of judging.


def judged_with(folder: Path, *entries: str, as_of: datetime | None = None) -> Assessment:
    reports = {
        "000000000007": report([root(), user("ann", **key(1, ago(91))), user("bob", **key(1, ago(91)))]),
        OTHER: report([root(OTHER), user("ann", OTHER, **key(1, ago(10)))]),
    }
    (folder / "snapshot").mkdir(exist_ok=True)
    waivers = waivers_of(folder, *entries)
    return judged(folder / "snapshot", reports, unreachable("444455556666"), waivers=waivers, as_of=as_of)


def test_a_waived_failure_stays_a_failure_in_the_population(tmp_path: Path) -> None:
    with_waivers, without = judged_with(tmp_path, waiver()), judged_with(tmp_path)
    (row,) = with_waivers.controls[with_waivers.controls["control_id"] == KEYS].to_dict("records")
    assert (row["population"], row["passed"], row["failed"], row["waived"]) == (3, 1, 2, 1)
    left = with_waivers.findings[with_waivers.findings["waiver_id"] != ""]
    assert left[["status", "resource_name", "waiver_id"]].to_numpy().tolist() == [["FAIL", "ann", "W-1"]]
    assert (with_waivers.findings["status"] == without.findings["status"]).all()
    assert with_waivers.waivers_sha256
    assert list(without.waivers["waiver_id"]) == []


def test_fail_on_passes_over_what_is_waived(tmp_path: Path) -> None:
    everyone = [waiver(str(n), control=c, scope="{ou: Root}") for n, c in enumerate(judged_controls(tmp_path))]
    assert judged_with(tmp_path).fails_at(Severity.LOW)
    assert judged_with(tmp_path, *everyone[1:]).fails_at(Severity.LOW)
    assert not judged_with(tmp_path, *everyone).fails_at(Severity.LOW)
    gone = datetime(2027, 1, 1, tzinfo=UTC)
    assert judged_with(tmp_path, *everyone, as_of=gone).fails_at(Severity.LOW)


def judged_controls(folder: Path) -> list[str]:
    failing = judged_with(folder).findings.query("status == 'FAIL'")["control_id"].astype("str")
    return sorted(set(failing))


def test_expiry_is_judged_at_the_as_of_time_of_the_evaluation(tmp_path: Path) -> None:
    ending = waiver(expires="2026-11-24")
    assert list(judged_with(tmp_path, ending).waivers["state"]) == ["active"]
    later = judged_with(tmp_path, ending, as_of=AS_OF + timedelta(days=1))
    assert list(later.waivers["state"]) == ["expired"]
    assert set(later.findings["waiver_id"]) == {""}


def test_the_tags_of_the_accounts_count(tmp_path: Path) -> None:
    reports = {a: report([root(a), user("ann", a, **key(1, ago(91)))]) for a in (PROD, OTHER)}
    answers = tuple(
        Answer(
            "organizations:ListTagsForResource",
            {"Tags": [{"Key": "env", "Value": a[:1]}]},
            parameters={"ResourceId": a},
        )
        for a in reports
    )
    documents = {"organization": {ACCOUNT_TAGS: Document(ACCOUNT_TAGS, answers)}}
    tagged = stored(tmp_path, reports, documents=documents)
    waivers = waivers_of(tmp_path, waiver(scope="{tag: {env: 1}}"))
    found = assess(tagged, catalog=catalog(), waivers=waivers).findings
    assert set(found.loc[found["waiver_id"] == "W-1", "account_id"]) == {OTHER}
