"""What SQL says of units: three values, bound parameters, no verdict from an error, other limits for some accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from auditor.catalog import Control, Selection
from auditor.catalog.entries import Override
from auditor.catalog.examples import Example
from auditor.judge.examples import example_units, verdict_of
from auditor.judge.sql import sql_verdict
from auditor.judge.sql.engine import EngineError, _database, evaluated
from auditor.reperform.examples import second_verdicts
from tests.sql_controls import own_control
from tests.support import AS_OF, ago, frames_of, key, report, root, user, verdicts_of

IDS = [f"{number:012d}" for number in (1, 2, 3)]
HOSTILE = "'; drop table units; select ' \" -- $max_age_days /* \\ % _ ü 🚀"


def said(control: Control, row: dict[str, Any], **parameters: Any) -> str:
    """The verdict, on which both engines agree."""
    example = Example.model_validate({"row": row, "verdict": "PASS", "about": "x", "parameters": parameters})
    verdict = verdict_of(control, example).value
    assert second_verdicts(control, example) == {"second engine": verdict}
    return verdict


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"active": True, "age_days": 90}, "PASS"),
        ({"active": True, "age_days": 91}, "FAIL"),
        ({"active": False, "age_days": 91}, "NOT_APPLICABLE"),
        ({"active": True, "age_days": None}, "NO_EVIDENCE"),
        ({"active": None, "age_days": 1}, "NO_EVIDENCE"),
        ({"active": None, "age_days": None}, "NO_EVIDENCE"),
        ({"credential": "password", "active": None}, "NOT_APPLICABLE"),
    ],
)
def test_what_is_unknown_is_never_a_pass(row: dict[str, Any], expected: str) -> None:
    assert said(own_control(), row) == expected


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        ("active or null", "PASS"),
        ("active and null", "NO_EVIDENCE"),
        ("not null", "NO_EVIDENCE"),
        ("null", "NO_EVIDENCE"),
        ("user = null", "NO_EVIDENCE"),
        ("user is null", "PASS"),
        ("credential in ('access_key_2', null)", "NO_EVIDENCE"),
        ("credential in ('access_key_1', null)", "PASS"),
        ("case when user = 'x' then true end", "NO_EVIDENCE"),
        ("9223372036854775 * 1000000 * age_days > 0", "NO_EVIDENCE"),
        ("999999999999999999 + 999999999999999999 > 0", "PASS"),
        ("not (999999999999999999 * 999999999999999999 > 0)", "NO_EVIDENCE"),
        ("days_after(last_rotated, 999999999999999999) is null", "PASS"),
        ("days_between(last_rotated, $as_of) = 90", "PASS"),
        ("days_between($as_of, last_rotated) = -90", "PASS"),
        ("days_after(last_rotated, 90) = $as_of", "PASS"),
        ("'' || last_rotated = '2025-10-03T00:00:00Z'", "PASS"),
        ("'' || active || age_days = 'true90'", "PASS"),
        ("credential like 'ACCESS%'", "FAIL"),
        ("credential between 'a' and 'b'", "PASS"),
    ],
)
def test_three_values_and_errors(passes: str, expected: str) -> None:
    control = own_control(passes=passes, parameters=None, stricter=None, where="active", reason=REASON)
    row = {"active": True, "last_rotated": "90 days ago"}
    assert said(control, row) == expected


REASON = {"pass": "a", "fail": "b", "no_evidence": "c"}


def test_a_hostile_parameter_is_a_value_and_nothing_else() -> None:
    control = own_control(
        passes="user = $name",
        parameters={"name": "x"},
        observed="'x'",
        stricter=None,
        where=None,
        reason=REASON | {"fail": "not $name"},
    )
    assert said(control, {"user": HOSTILE}, name=HOSTILE) == "PASS"
    assert said(control, {"user": "x"}, name=HOSTILE) == "FAIL"
    verdict = sql_verdict(control, pd.DataFrame({"user": ["x"]}), {"name": HOSTILE}, AS_OF)
    assert verdict.reason.tolist() == [f"not {HOSTILE}"]


@pytest.mark.parametrize(("names", "expected"), [([], "FAIL"), (["x"], "FAIL"), (["x", HOSTILE], "PASS")])
def test_a_list_of_texts_is_bound_one_by_one(names: list[str], expected: str) -> None:
    control = own_control(
        passes="user in $names", parameters={"names": ["a"]}, stricter=None, where=None, reason=REASON
    )
    assert said(control, {"user": HOSTILE}, names=names) == expected


def test_a_number_beyond_64_bits_decides_nothing() -> None:
    assert said(own_control(), {"active": True, "age_days": 1}, max_age_days=1 << 70) == "NO_EVIDENCE"


def test_an_error_of_the_engine_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> pa.Table:
        raise EngineError("OutOfMemoryException")

    monkeypatch.setattr("auditor.judge.sql.verdicts.evaluated", refuse)
    units = pd.DataFrame({"credential": ["access_key_1"], "active": [True], "age_days": [1]})
    verdict = sql_verdict(own_control(), units, {"max_age_days": 90}, AS_OF)
    assert verdict.applies.isna().all()
    assert verdict.reason.tolist() == ["the SQL cannot be evaluated: OutOfMemoryException"]


@pytest.mark.parametrize(
    "statement",
    ["select * from read_text('/etc/passwd')", "copy (select 1) to '/tmp/x'", "attach '/tmp/x.db'", "set threads = 4",
     "install httpfs", "select * from '/etc/passwd'", "set enable_external_access = true"],
)  # fmt: skip
def test_the_engine_reaches_nothing(statement: str) -> None:
    with pytest.raises(duckdb.Error):
        _database().execute(statement)


def test_a_query_that_is_wrong_is_the_engines_error() -> None:
    with pytest.raises(EngineError, match="BinderException"):
        evaluated(pa.table({"a": [1]}), ["b"], {})


def aged(*days: int) -> dict[str, bytes]:
    return {i: report([root(i), *(user(f"u{age}", i, **key(1, ago(age), ago(1))) for age in days)]) for i in IDS}


def test_accounts_have_limits_of_their_own_and_rows_stay_in_order() -> None:
    control = own_control()
    entries = tuple(
        Override.model_validate({"control": control.id, "reason": "because"} | entry)
        for entry in (
            {"ou": "Root", "parameters": {"max_age_days": 120}},
            {"account": IDS[2], "parameters": {"max_age_days": 30}},
        )
    )
    selection = replace(Selection((control,), {control.id: ("mine:1",)}), overrides=entries)
    found = verdicts_of(frames_of(aged(31, 91)), selection).findings
    assert found["account_id"].to_list() == [i for i in IDS for _ in range(2)]
    assert found["status"].to_list() == ["PASS", "PASS"] * 2 + ["FAIL", "FAIL"]
    assert found["reason"].to_list() == ["at most 120 days"] * 4 + ["more than 30 days"] * 2
    assert found["observed"].to_list() == ["age 31, active true", "age 91, active true"] * 3


def test_no_units_give_no_rows() -> None:
    units = pd.DataFrame({"credential": pd.Series([], dtype="str"), "active": pd.Series([], dtype="boolean")})
    verdict = sql_verdict(
        own_control(), units.assign(age_days=pd.Series([], dtype="Int64")), {"max_age_days": 1}, AS_OF
    )
    assert [len(part) for part in (verdict.applies, verdict.passed, verdict.observed, verdict.reason)] == [0] * 4


def test_where_it_is_not_known_whether_a_control_applies_no_reason_of_a_pass_is_given() -> None:
    control = own_control()
    assert control.reason is not None
    units = example_units(control, Example.model_validate({"row": {"age_days": 1}, "verdict": "PASS", "about": "x"}))
    verdict = sql_verdict(control, units, control.parameters, AS_OF)
    assert (verdict.applies.isna().to_list(), verdict.passed.to_list()) == ([True], [True])
    assert verdict.reason.to_list() == [control.reason.no_evidence]
