"""Many waivers on many findings: the short ways to the rows lead to the same as looking at every pair."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from auditor.model import Account
from auditor.waivers import Waiver, Waivers, apply_waivers, load_waivers
from tests.benchmarks.waived import failing, waivers_file
from tests.support import AS_OF, catalog, waiver
from tests.support import waivers_file as entries_file


def loaded(folder: Path, count: int, findings: int) -> Waivers:
    return load_waivers(waivers_file(folder / "many.yaml", count, findings), catalog(), 366)


def covers(waiver: Waiver, row: dict[str, str], account: Account) -> bool:
    """Word for word what the example file says of a scope."""
    scope = waiver.scope
    return (
        row["control_id"] == waiver.control_id
        and (not scope.account or account.id in scope.account)
        and (not scope.ou or any(f"{account.ou_path}/".startswith(f"{ou}/") for ou in scope.ou))
        and (not scope.tag or dict(scope.tag) == {"stage": account.name})
        and (not scope.user or any(fnmatchcase(row["resource_name"], p) for p in scope.user))
        and (not scope.arn or any(fnmatchcase(row["resource_arn"], p) for p in scope.arn))
    )


def test_every_pair_agrees(tmp_path: Path) -> None:
    findings, controls, accounts = failing(3200)
    waivers = loaded(tmp_path, 160, 3200)
    found = apply_waivers(findings, controls, waivers, accounts, AS_OF, {a.id: {"stage": a.name} for a in accounts})
    places = {account.id: account for account in accounts}
    rows: list[dict[str, str]] = findings.astype("str").to_dict("records")  # type: ignore[assignment]
    expected = [[w.id for w in waivers.entries if covers(w, row, places[row["account_id"]])] for row in rows]
    assert found.findings["waiver_id"].astype("str").to_list() == [ids[0] if ids else "" for ids in expected]
    matched = pd.Series([name for ids in expected for name in ids]).value_counts()
    assert dict(zip(found.waivers["waiver_id"], found.waivers["matched"], strict=True)) == {
        w.id: int(matched.get(w.id, 0)) for w in waivers.entries
    }
    assert (found.waivers["state"] == "active").all(), "scopes that cover nothing prove nothing"
    assert sum(bool(ids) for ids in expected) > 160


def test_ten_thousand_waivers_are_no_burden(tmp_path: Path) -> None:
    """The benchmark has the promise; this only keeps the time from growing with waivers x findings."""
    findings, controls, accounts = failing(200_000)
    before = time.process_time()
    waivers = loaded(tmp_path, 10_000, 200_000)
    found = apply_waivers(findings, controls, waivers, accounts, AS_OF, {a.id: {"stage": a.name} for a in accounts})
    assert time.process_time() - before < 20
    assert (found.waivers["state"] == "active").all()
    assert int(found.controls["waived"].sum()) >= 10_000


def test_patterns_whose_end_alone_tells_are_found_by_their_end(tmp_path: Path) -> None:
    """Three thousand patterns that begin alike, on as many findings: every pair would be nine million."""
    findings, controls, accounts = failing(12_000)
    scopes = [f"{{arn: 'arn:*:iam::*/user-{n:07d}'}}" for n in range(3000)]
    scopes[1::2] = [f"{{user: '*-{n:07d}'}}" for n in range(1, 3000, 2)]
    file = entries_file(tmp_path, *(waiver(f"W-{n}", scope=scope) for n, scope in enumerate(scopes)))
    before = time.process_time()
    found = apply_waivers(findings, controls, load_waivers(file, catalog(), 366), accounts, AS_OF)
    assert time.process_time() - before < 5
    assert found.findings["waiver_id"].to_list()[:3000] == [f"W-{n}" for n in range(3000)]
    assert (found.waivers["matched"] == 1).all()


def test_one_pattern_over_everything_is_exact(tmp_path: Path) -> None:
    findings, controls, accounts = failing(40_000)
    file = entries_file(tmp_path, waiver(scope="{user: '*99*'}"), waiver("W-2", scope="{arn: '*team-?/*88*'}"))
    found = apply_waivers(findings, controls, load_waivers(file, catalog(), 366), accounts, AS_OF)
    rows = findings.astype("str").head(10_000)
    assert found.waivers["matched"].to_list() == [
        sum(fnmatchcase(name, "*99*") for name in rows["resource_name"]),
        sum(fnmatchcase(arn, "*team-?/*88*") for arn in rows["resource_arn"]),
    ]


def test_ten_thousand_that_follow_each_other_are_compared_in_no_time(tmp_path: Path) -> None:
    days = pd.date_range("2000-01-01", periods=10_000).strftime("%Y-%m-%d")
    file = entries_file(tmp_path, *(waiver(f"W-{n}", created=day, expires=day) for n, day in enumerate(days)))
    before = time.process_time()
    assert len(load_waivers(file, catalog(), 366).entries) == 10_000
    assert time.process_time() - before < 10
