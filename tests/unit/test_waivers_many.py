"""Many waivers on many findings: the short ways to the rows lead to the same as looking at every pair."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from auditor.judge.waivers import Waived, Waiver, Waivers, apply_waivers, load_waivers
from auditor.model import Account
from tests.benchmarks.waived import failing, waivers_file
from tests.growth import grows_no_faster_than_its_input
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


def test_many_waivers_cover_what_they_name(tmp_path: Path) -> None:
    findings, controls, accounts = failing(20_000)
    waivers = loaded(tmp_path, 1000, 20_000)
    found = apply_waivers(findings, controls, waivers, accounts, AS_OF, {a.id: {"stage": a.name} for a in accounts})
    assert (found.waivers["state"] == "active").all()
    assert int(found.controls["waived"].sum()) >= 1000


def test_the_work_does_not_grow_with_waivers_times_findings(tmp_path: Path) -> None:
    def work(number: int) -> Callable[[], object]:
        findings, controls, accounts = failing(20 * number)
        waivers, tags = loaded(tmp_path, number, 20 * number), {a.id: {"stage": a.name} for a in accounts}
        return lambda: apply_waivers(findings, controls, waivers, accounts, AS_OF, tags)

    assert grows_no_faster_than_its_input(work, 100)


def test_patterns_whose_end_alone_tells_are_found_by_their_end(tmp_path: Path) -> None:
    def work(number: int) -> Callable[[], object]:
        findings, controls, accounts = failing(4 * number)
        scopes = [f"{{arn: 'arn:*:iam::*/user-{n:07d}'}}" for n in range(number)]
        scopes[1::2] = [f"{{user: '*-{n:07d}'}}" for n in range(1, number, 2)]
        file = entries_file(tmp_path, *(waiver(f"W-{n}", scope=scope) for n, scope in enumerate(scopes)))
        waivers = load_waivers(file, catalog(), 366)
        return lambda: found.append((number, apply_waivers(findings, controls, waivers, accounts, AS_OF)))

    found: list[tuple[int, Waived]] = []
    assert grows_no_faster_than_its_input(work, 250)
    for number, waived in found:
        assert waived.findings["waiver_id"].to_list()[:number] == [f"W-{n}" for n in range(number)]
        assert (waived.waivers["matched"] == 1).all()


def test_one_pattern_over_everything_is_exact(tmp_path: Path) -> None:
    findings, controls, accounts = failing(40_000)
    file = entries_file(tmp_path, waiver(scope="{user: '*99*'}"), waiver("W-2", scope="{arn: '*team-?/*88*'}"))
    found = apply_waivers(findings, controls, load_waivers(file, catalog(), 366), accounts, AS_OF)
    rows = findings.astype("str").head(10_000)
    assert found.waivers["matched"].to_list() == [
        sum(fnmatchcase(name, "*99*") for name in rows["resource_name"]),
        sum(fnmatchcase(arn, "*team-?/*88*") for arn in rows["resource_arn"]),
    ]


def test_waivers_that_follow_each_other_are_compared_without_every_pair(tmp_path: Path) -> None:
    def work(number: int) -> Callable[[], object]:
        days = pd.date_range("2000-01-01", periods=number).strftime("%Y-%m-%d")
        entries = (waiver(f"W-{n}", created=day, expires=day) for n, day in enumerate(days))
        file = entries_file(tmp_path, *entries)
        return lambda: load_waivers(file, catalog(), 366)

    assert grows_no_faster_than_its_input(work, 100)
