"""``auditor controls check DIR``: what is in order gets a line, what is not a sentence and exit code 2."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from auditor.cli.controls_check import check
from auditor.errors import CatalogError
from tests.sql_controls import entry, own_folder

WITHOUT_SQL: dict[str, Any] = dict.fromkeys(("table", "where", "passes", "observed", "reason"))
WITHOUT_SQL |= {"unit": "credential", "credentials": ["access_key_1"], "evidence": ["credential-report"]}
GOOD = {"about": "at the limit", "row": {"active": True, "age_days": 90}, "verdict": "PASS"}


def checked(folder: Path) -> str:
    result = CliRunner().invoke(check, [str(folder)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def refusal(folder: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        checked(folder)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_line_for_each_control_and_query(tmp_path: Path) -> None:
    folder = own_folder(tmp_path, entry(examples=[GOOD]), entry(id="other"))
    (folder / "queries").mkdir()
    (folder / "queries" / "mine.sql").write_text("select user from users", encoding="utf-8")
    assert checked(folder).splitlines() == [
        "mine: a query",
        "own-keys-young: SQL over credentials, 1 example as expected",
        "other: SQL over credentials, no examples",
        f"{folder}: no errors",
    ]


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (GOOD | {"verdict": "FAIL"}, "the example 'at the limit' must be FAIL, but the first engine says PASS"),
        (GOOD | {"row": {"activ": True}}, "the example 'at the limit' names the column 'activ'"),
        (GOOD | {"row": {"last_used": "yesterday"}}, "the example 'at the limit' cannot be judged"),
    ],
)
def test_an_example_that_does_not_hold(tmp_path: Path, example: dict[str, Any], message: str) -> None:
    said = refusal(own_folder(tmp_path, entry(examples=[example])))
    assert message in said
    assert said.startswith(f"{tmp_path / 'controls' / 'own.yaml'}:")


def test_a_predicate_of_ones_own_is_tried_too(tmp_path: Path) -> None:
    mine = entry(
        id="mine", table=None, where=None, passes=None, observed=None, reason=None, unit="credential",
        credentials=["access_key_1"], evidence=["credential-report"], check="key_age",
        examples=[{"about": "old", "row": {"active": True, "last_rotated": "91 days ago"}, "verdict": "FAIL"}],
    )  # fmt: skip
    assert "mine: predicate key_age, 1 example as expected" in checked(own_folder(tmp_path, mine))


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"row": {"full_admin": False}}, "must be FAIL, but the first engine says PASS"),
        ({"policy": {"Statement": []}}, "must be FAIL, but the first engine says NO_EVIDENCE"),
        ({"policy": []}, "examples.0.policy"),
        ({"policy": {"Version": date(2012, 10, 17)}}, "Object of type date is not JSON serializable: put it in quotes"),
        ({}, "has a row, or a policy in place of one"),
    ],
)
def test_an_example_of_a_predicate_over_policies(tmp_path: Path, example: dict[str, Any], message: str) -> None:
    mine = entry(
        id="mine", table=None, where=None, passes=None, observed=None, reason=None, unit="policy",
        evidence=["authorization-details"], check="full_admin_policy", parameters={}, stricter={},
        examples=[{"about": "mine", "verdict": "FAIL", **example}],
    )  # fmt: skip
    assert message in refusal(own_folder(tmp_path, mine))


def test_an_example_that_lacks_what_its_predicate_reads(tmp_path: Path) -> None:
    mine = entry(
        id="mine", table=None, where=None, passes=None, observed=None, reason=None, unit="account",
        evidence=["access-analyzers"], check="analyzer_everywhere",
        parameters={"analyzer_types": ["ACCOUNT"]}, stricter={},
        examples=[{"about": "mine", "row": {"regions": "eu-west-1"}, "verdict": "FAIL"}],
    )  # fmt: skip
    assert "the example 'mine' cannot be judged" in refusal(own_folder(tmp_path, mine))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rule": "password_lenth"}, r"there is no rule 'password_lenth' (did you mean 'password_length'?)"),
        ({"check": "key_ages"} | WITHOUT_SQL, r"there is no check 'key_ages' (did you mean 'key_age'?)"),
    ],
)
def test_a_rule_or_check_that_nobody_wrote(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    said = refusal(own_folder(tmp_path, entry(**changes)))
    assert said == f"{tmp_path / 'controls' / 'own.yaml'}:2: control 'own-keys-young': {message}"


@pytest.mark.parametrize("sql", ["selec 1", "select 1; select 2", "drop table users", ""])
def test_a_query_that_is_none(tmp_path: Path, sql: str) -> None:
    folder = own_folder(tmp_path, entry())
    (folder / "queries").mkdir()
    (folder / "queries" / "mine.sql").write_text(sql, encoding="utf-8")
    assert "mine.sql" in refusal(folder)


def test_no_such_folder(tmp_path: Path) -> None:
    assert "there is no such folder" in refusal(tmp_path / "none")


def test_the_control_that_readme_shows_is_in_order(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n(controls:\n.*?)```", page, re.DOTALL)
    assert shown
    (tmp_path / "controls").mkdir()
    (tmp_path / "controls" / "own.yaml").write_text(shown[1], encoding="utf-8")
    assert "2 examples as expected" in checked(tmp_path)
