"""Laws of reading policies, on documents that nobody thought of."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.policy import PolicyError, allows_everything, open_principals, parse
from auditor.reperform.plain import policies as plain
from auditor.reperform.plain.policies import administrators, strangers
from tests.random_policies import policy

CALM = settings(deadline=None, derandomize=True)  # a busy machine is no failure, and a failure comes back
QUESTIONS: tuple[Callable[[object], object], ...] = (parse, allows_everything, open_principals)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
PATTERNS = st.text("*?:aA${}/", max_size=8) | st.sampled_from(["*", "*:*", "arn:*", "arn:aws:iam::*:root", "s3:Get*"])
NAMES = st.sampled_from(["Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"])
OPERATORS = st.sampled_from(["StringLike", "IpAddress", "ForAllValues:StringEquals", "ArnLikeIfExists"])
KEYS = st.sampled_from(["aws:PrincipalArn", "aws:SourceIp", "aws:PrincipalOrgID", "aws:userid", "x:sub"])
CONDITIONS = st.dictionaries(OPERATORS, st.dictionaries(KEYS, PATTERNS | st.lists(PATTERNS)))
# Nearly policies: the right names, the right or wrong values behind them.
VALUES = PATTERNS | st.sampled_from(["Allow", "Deny"]) | st.lists(PATTERNS) | JSON
ALMOST = st.fixed_dictionaries(
    {"Statement": st.lists(st.dictionaries(NAMES | st.just("Condition"), VALUES | CONDITIONS), max_size=3)}
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """A statement that is right in every way but for the sense it makes."""
    some = st.lists(PATTERNS, min_size=1, max_size=3)
    kinds = st.dictionaries(st.sampled_from(["AWS", "Service", "Federated"]), some, min_size=1)
    return {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Action", "NotAction"])): draw(some),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(some),
        draw(st.sampled_from(["Principal", "NotPrincipal"])): draw(kinds),
        "Condition": draw(CONDITIONS),
    }


def answers(document: object) -> list[object]:
    """What each question is answered, in words where the document is refused."""
    found: list[object] = []
    for question in QUESTIONS:
        try:
            found.append(question(document))
        except PolicyError as error:
            found.append(str(error))
    return found


@CALM
@given(JSON | st.text() | st.binary() | ALMOST)
def test_whatever_comes_is_answered_or_refused(document: object) -> None:
    for question in QUESTIONS:
        with suppress(PolicyError):
            question(document)


@CALM
@given(JSON | ALMOST)
def test_an_object_and_its_text_are_answered_alike(document: object) -> None:
    text = json.dumps(document)
    reread = json.loads(text) if "NaN" not in text and "Infinity" not in text else None
    if isinstance(reread, dict):
        assert answers(text) == answers(quote(text)) == answers(reread)


@CALM
@given(st.lists(statements(), min_size=1, max_size=3))
def test_lists_of_one_say_what_the_one_says(several: list[dict[str, Any]]) -> None:
    listed = {"Statement": several}
    unlisted = {"Statement": [_unlisted(s) for s in several]}
    assert answers(listed) == answers(unlisted)
    assert answers({"Statement": several[:1]}) == answers({"Statement": several[0]})


@CALM
@given(st.lists(statements(), min_size=1, max_size=3))
def test_letter_case_of_names_and_actions_changes_nothing(several: list[dict[str, Any]]) -> None:
    shouted = [{name.upper(): value for name, value in s.items()} for s in several]
    assert answers({"STATEMENT": shouted}) == answers({"Statement": several})


@CALM
@given(st.lists(statements(), min_size=1, max_size=3))
def test_more_statements_take_nothing_back(several: list[dict[str, Any]]) -> None:
    for question in (allows_everything, open_principals):
        assert len(question({"Statement": several})) == sum(len(question({"Statement": s})) for s in several)


@CALM
@given(statements())
def test_a_deny_gives_nothing(statement: dict[str, Any]) -> None:
    denied = {"Statement": statement | {"Effect": "Deny"}}
    assert allows_everything(denied) == open_principals(denied) == []


@CALM
@given(statements())
def test_a_condition_never_opens_what_is_shut_and_never_shuts_off_an_administrator(statement: dict[str, Any]) -> None:
    bare = {"Statement": statement | {"Condition": {}}}
    assert len(allows_everything({"Statement": statement})) == len(allows_everything(bare))
    assert len(open_principals({"Statement": statement})) <= len(open_principals(bare))


def _unlisted(statement: dict[str, Any]) -> dict[str, Any]:
    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: bare(inner) for name, inner in value.items()}
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    return {name: bare(value) for name, value in statement.items()}


def agree_on(document: object) -> None:
    for question, again in ((allows_everything, administrators), (open_principals, strangers)):
        try:
            first = [grant.statement.split(" (")[0].removeprefix("statement ") for grant in question(document)]
        except PolicyError:
            with pytest.raises(plain.PolicyError):
                again(document)
        else:
            assert [str(number) for number in again(document)] == first


@CALM
@given(JSON | ALMOST | st.lists(statements(), max_size=3).map(lambda several: {"Statement": several}))
def test_both_implementations_find_the_same_statements(document: object) -> None:
    agree_on(document)


@CALM
@given(st.randoms(use_true_random=False))
def test_both_implementations_agree_on_policies_by_chance(dice: random.Random) -> None:
    for _ in range(10):
        agree_on(policy(dice, principals=True))
