"""Parameters that differ by account: each account is judged by its own, and the rows stay in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor.catalog import Catalog, Selection
from auditor.catalog.entries import Override
from auditor.model import ACCESS_ANALYZERS, AUTHORIZATION_DETAILS
from tests.documents import analyzers, details, holder
from tests.support import ago, catalog, frames_of, key, only, report, root, user, verdicts_of

IDS = [f"{number:012d}" for number in (1, 2, 3, 4)]
KEYS = "access-key-rotated-90d"


def overridden(control: str, *overrides: dict[str, Any]) -> Selection:
    entries = [Override.model_validate({"control": control, "reason": "because"} | entry) for entry in overrides]
    shipped = catalog()
    own = Catalog.of(
        shipped.controls.values(), shipped.benchmarks.values(), shipped.crosswalks.values(), overrides=entries
    )
    return replace(only(control), overrides=tuple(entries), looser={control: own.looser(control)})


def aged(*days: int) -> dict[str, bytes]:
    """In each account two users with keys of so many days."""
    return {i: report([root(i), *(user(f"u{age}", i, **key(1, ago(age), ago(1))) for age in days)]) for i in IDS}


def test_each_account_is_judged_by_its_own_limit_in_order() -> None:
    selection = overridden(
        KEYS,
        {"account": IDS[1], "parameters": {"max_age_days": 120}},
        {"account": IDS[2], "parameters": {"max_age_days": 30}},
    )
    found = verdicts_of(frames_of(aged(31, 91)), selection)
    rows = found.findings
    assert rows["account_id"].to_list() == [i for i in IDS for _ in range(2)]
    assert rows["resource_name"].to_list() == ["u31", "u91"] * 4
    expected = [("PASS", "FAIL"), ("PASS", "PASS"), ("FAIL", "FAIL"), ("PASS", "FAIL")]
    assert rows["status"].to_list() == [status for pair in expected for status in pair]
    limits = [90, 120, 30, 90]
    assert [f"; the limit is {limit}" in reason for limit, reason in zip(
        [limit for limit in limits for _ in range(2)], rows["reason"], strict=True
    )] == [True] * 8  # fmt: skip
    assert found.controls["looser_settings"].to_list() == [
        f"max_age_days 120 instead of 90 for account {IDS[1]}: looser than the benchmark allows"
    ]
    assert found.controls[["passed", "failed"]].values.tolist() == [[4, 4]]


def test_an_override_for_all_accounts_leaves_no_other_parameters() -> None:
    selection = overridden(KEYS, {"ou": "Root", "parameters": {"max_age_days": 30}})
    assert set(verdicts_of(frames_of(aged(31)), selection).findings["status"]) == {"FAIL"}


def test_an_override_for_an_account_without_units_changes_nothing() -> None:
    selection = overridden(KEYS, {"account": IDS[3], "parameters": {"max_age_days": 30}})
    reports = aged(31) | {IDS[3]: report([root(IDS[3])])}
    found = verdicts_of(frames_of(reports), selection).findings
    assert found["status"].to_list() == ["PASS"] * 3


def test_a_check_that_leaves_some_to_a_person_with_parameters_of_their_own() -> None:
    shell, support = ("arn:aws:iam::aws:policy/" + name for name in ("AWSCloudShellFullAccess", "AWSSupportAccess"))
    held = [[shell], [shell], [support], [support]]
    documents = {
        i: {AUTHORIZATION_DETAILS: details(roles=[holder("Role", "r", *arns)])}
        for i, arns in zip(IDS, held, strict=True)
    }
    control = "cloudshell-full-access-restricted"
    other = {"policy": "AWSSupportAccess"}
    selection = overridden(control, *({"account": i, "parameters": other} for i in (IDS[1], IDS[3])))
    found = verdicts_of(frames_of({}, documents=documents), selection).findings
    assert found["account_id"].to_list() == IDS
    assert found["status"].to_list() == ["MANUAL", "PASS", "PASS", "MANUAL"]


def test_analyzers_of_the_organization_cover_accounts_with_other_parameters() -> None:
    documents = {
        IDS[0]: {ACCESS_ANALYZERS: analyzers({"a": ["ORGANIZATION"]})},
        IDS[1]: {ACCESS_ANALYZERS: analyzers({"a": []})},
        IDS[2]: {ACCESS_ANALYZERS: analyzers({"a": []})},
    }
    selection = overridden(
        "access-analyzer-all-regions",
        {"account": IDS[1], "parameters": {"analyzer_types": ["ORGANIZATION"]}},
        {"account": IDS[2], "parameters": {"analyzer_types": ["ACCOUNT"]}},
    )
    found = verdicts_of(frames_of({}, documents=documents), selection).findings
    assert found["status"].to_list() == ["PASS", "PASS", "FAIL"]
