"""DuckDB and SQLite on random rows: every word that a control's SQL may say means the same to both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given, settings

from auditor.catalog import Control
from auditor.catalog.sql import TABLES, Sort, compiled
from auditor.judge.explanation.judging import status_of
from auditor.judge.sql import sql_verdict
from auditor.reperform.plain.rules.telling import Rule
from auditor.reperform.sql_rules import engine_rule
from tests.sql_controls import own_control
from tests.support import AS_OF, catalog

TIME = pd.DatetimeTZDtype("us", "UTC")
DTYPES: dict[Sort, Any] = {Sort.TEXT: "str", Sort.BOOLEAN: "boolean", Sort.NUMBER: "Int64", Sort.TIME: TIME}
WORDS = ("", "a", "A", "ab", "access_key_1", "ü", "Ü", "🚀", "%", "_", "a%b", "a\\b", "'", '"', " a", "10", "9", "true")
TEXTS = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6)
NUMBERS = st.sampled_from((0, 1, -1, 89, 90, 91, 2**31, 2**62, 2**63 - 1, -(2**63) + 1)) | st.integers(-100, 100)
TIMES = st.sampled_from([AS_OF + sign * (timedelta(days=90) + timedelta(microseconds=n)) for sign in (-1, 1)
                         for n in (-1, 0, 1)]) | st.datetimes(
    datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)
)  # fmt: skip
VALUES = {Sort.TEXT: TEXTS, Sort.BOOLEAN: st.booleans(), Sort.NUMBER: NUMBERS, Sort.TIME: TIMES}
# A boolean each; together they say every word that is allowed.
EXPRESSIONS = (
    "active and mfa_active or not password_enabled",
    "(active or mfa_active) and (is_root or null)",
    "active = mfa_active",
    "age_days = unused_days or age_days <> $limit",
    "age_days < unused_days or age_days <= $limit and unused_days > -1 or unused_days >= 2",
    "age_days between 1 and unused_days",
    "age_days in (1, 2, unused_days) or age_days not in (90, $limit)",
    "age_days + unused_days - 3 > $limit",
    "age_days * unused_days > $limit * 2",
    "-age_days > unused_days",
    "age_days is null or unused_days is not null",
    "user = last_used_note or user <> ''",
    "user < last_used_note",
    "user between 'A' and 'b'",
    "user in ('a', last_used_note) or user in $names",
    "user not in $names",
    "user like 'a%' or user like '_'",
    "user not like $pattern",
    "user || age_days || active || last_rotated || null is null or user || '' = last_used_note || ''",
    "cast(age_days as text) < cast(unused_days as text) or cast(active as text) = user",
    "cast(last_rotated as text) < cast(last_used as text)",
    "case when active then user when mfa_active then 'x' else last_used_note end = 'a'",
    "case user when 'a' then 1 when last_used_note then age_days end > 0",
    "coalesce(user, last_used_note, 'none') = 'none' or coalesce(age_days, 0) > unused_days",
    "nullif(user, '') is null or nullif(age_days, 90) > unused_days",
    "last_rotated < last_used or last_rotated >= $as_of",
    "days_between(last_rotated, last_used) > age_days or days_between(last_used, $as_of) = 90",
    "days_after(last_rotated, age_days) > last_used",
    "days_after(last_rotated, 90) = $as_of",
    "not (active is null) and $flag = active",
)  # fmt: skip
PARAMETERS = {"limit": 90, "names": ["a", "ü", "'"], "pattern": "%a_", "flag": True}


def own(passes: str) -> Control:
    used = {name: value for name, value in PARAMETERS.items() if f"${name}" in passes}
    observed = "coalesce(user, '?') || ' ' || coalesce(cast(age_days as text), '?') || ' ' || last_rotated"
    reason = {"pass": "a", "fail": "b", "no_evidence": "c"}
    return own_control(where="active or age_days > 0", passes=passes, observed=observed, reason=reason,
                       parameters=used, stricter=None)  # fmt: skip


@cache
def rule(control_id: str) -> tuple[Control, Rule]:
    control = own(EXPRESSIONS[int(control_id)]) if control_id.isdigit() else catalog().control(control_id)
    return control, engine_rule(control)


SHIPPED = [control.id for control in catalog().controls.values() if control.table]


def judged_alike(control: Control, second: Rule, rows: list[dict[str, Any]]) -> None:
    columns = compiled(control).columns
    frame = pd.DataFrame({n: pd.Series([row[n] for row in rows], dtype=DTYPES[s]) for n, s in columns.items()})
    frame = frame.reindex(range(len(rows))).assign(evidence_file="f", evidence_line=1)
    if control.lines:
        frame[control.lines] = "3 4"
    verdict = sql_verdict(control, frame, control.parameters, AS_OF)
    for number, row in enumerate(rows):
        told = second(row, control.parameters, AS_OF)
        assert told.status == status_of(verdict, number).value, (control.passes, row, told)
        if told.status in ("PASS", "FAIL"):
            assert told.observed == (verdict.observed[number] if pd.notna(verdict.observed[number]) else ""), row


def rows_of(columns: Mapping[str, Sort]) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries({n: st.none() | VALUES[sort] for n, sort in columns.items()})
    return st.lists(one, min_size=1, max_size=8)


@pytest.mark.parametrize("name", [*map(str, range(len(EXPRESSIONS))), *SHIPPED])
def test_both_engines_come_to_the_same_end(name: str) -> None:
    control, second = rule(name)

    @settings(max_examples=10, deadline=None)
    @given(rows_of(compiled(control).columns))
    def compare(rows: list[dict[str, Any]]) -> None:
        judged_alike(control, second, rows)

    compare()


READ = {
    name: TABLES["credentials"].columns[name]
    for name in [
        "active",
        "mfa_active",
        "age_days",
        "unused_days",
        "user",
        "last_used_note",
        "last_rotated",
        "last_used",
    ]
}


def expressions(sort: Sort, depth: int) -> st.SearchStrategy[str]:
    """Expressions of this sort by chance, nested at most so deep."""
    plain = {
        Sort.BOOLEAN: ("active", "mfa_active", "true", "null", "($flag = active)"),
        Sort.NUMBER: ("age_days", "unused_days", "0", "90", "$limit", "null"),
        Sort.TEXT: ("user", "last_used_note", "''", "'a'", "$pattern", "null"),
        Sort.TIME: ("last_rotated", "last_used", "$as_of", "null"),
    }
    leaves = st.sampled_from(plain[sort])
    if depth == 0:
        return leaves
    b, n, t, m = (expressions(s, depth - 1) for s in (Sort.BOOLEAN, Sort.NUMBER, Sort.TEXT, Sort.TIME))
    same = {Sort.BOOLEAN: b, Sort.NUMBER: n, Sort.TEXT: t, Sort.TIME: m}[sort]
    sign = st.sampled_from(("=", "<>", "<", "<=", ">", ">="))
    pairs = st.tuples(n, n) | st.tuples(t, t) | st.tuples(m, m) | st.tuples(b, b)
    shapes = [
        st.builds("coalesce({}, {})".format, same, same),
        st.builds("nullif({}, {})".format, same, same),
        st.builds("case when {} then {} else {} end".format, b, same, same),
    ]
    if sort is Sort.BOOLEAN:
        shapes += [
            st.builds("({} {} {})".format, b, st.sampled_from(("and", "or")), b),
            st.builds("(not {})".format, b),
            st.builds(lambda pair, sign: f"({pair[0]} {sign} {pair[1]})", pairs, sign),
            st.builds("({} is null)".format, n | t | m | b),
            st.builds("({} between {} and {})".format, n, n, n),
            st.builds("({} in ({}, {}))".format, t, t, t),
            st.builds("({} in $names)".format, t),
            st.builds("({} like $pattern)".format, t),
        ]
    elif sort is Sort.NUMBER:
        shapes += [
            st.builds("({} {} {})".format, n, st.sampled_from(("+", "-", "*")), n),
            st.builds("days_between({}, {})".format, m, m),
        ]
    elif sort is Sort.TEXT:
        shapes += [st.builds("({} || {})".format, t, n | t | m | b), st.builds("cast({} as text)".format, n | m | b)]
    else:
        shapes.append(st.builds("days_after({}, {})".format, m, n))
    return st.one_of(leaves, *shapes)


@settings(max_examples=int(os.environ.get("SQL_EXAMPLES", "60")), deadline=None)
@given(expressions(Sort.BOOLEAN, 2), rows_of(READ))
def test_expressions_made_by_chance_mean_the_same(passes: str, rows: list[dict[str, Any]]) -> None:
    control = own(passes)
    judged_alike(control, engine_rule(control), rows)


def test_every_word_is_tried() -> None:
    text = " ".join(EXPRESSIONS)
    words = ("and", "or", "not", "=", "<>", "<", "<=", ">", ">=", "between", "in (", "in $", "like", "is null", "||",
             "is not null", "case when", "case user", "cast(", "+", "-", "*", "coalesce", "nullif", "days_between",
             "days_after", "$as_of", "null", "not in", "not like")  # fmt: skip
    assert [word for word in words if word not in text] == []
