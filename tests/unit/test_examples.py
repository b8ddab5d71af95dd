"""The examples of the catalogue: every engine that can judge a control comes to the verdict that stands there."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from auditor.catalog import Control
from auditor.catalog.examples import Example, in_words
from auditor.judge.examples import verdict_of
from auditor.model import Status
from auditor.reperform.examples import second_verdicts
from tests.support import catalog

CONTROLS = [control for control in catalog().controls.values() if control.examples]
BOTH_SIDES = {"PASS", "FAIL"}
# The status that no evidence leads to, as a person answers in its place.
LEFT_TO_A_PERSON = {"cloudshell-full-access-restricted": "FAIL", "resource-policy-no-open-principal": "PASS"}


def test_every_control_that_looks_at_evidence_has_examples() -> None:
    assert {control.id for control in CONTROLS} == {c.id for c in catalog().controls.values() if c.test}
    assert len(CONTROLS) > 50


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_every_engine_comes_to_the_verdict(control: Control) -> None:
    for example in control.examples:
        found = {"first engine": verdict_of(control, example).value, **second_verdicts(control, example)}
        assert set(found.values()) == {example.verdict.value}, (example.about, found)
        assert len(found) == (3 if control.table and control.rule else 2)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_examples_show_both_sides(control: Control) -> None:
    verdicts = {example.verdict.value for example in control.examples}
    if control.by_hand:
        assert verdicts == {"MANUAL"}
    elif missing := LEFT_TO_A_PERSON.get(control.id):
        assert verdicts & {*BOTH_SIDES, "MANUAL"} == {*BOTH_SIDES, "MANUAL"} - {missing}
    else:
        assert verdicts >= BOTH_SIDES
    assert len({in_words(example) for example in control.examples}) == len(control.examples)


def test_an_example_in_words() -> None:
    first = catalog().control("password-policy-min-length-14").examples[0]
    assert in_words(first) == "PASS: exactly the limit passes (policy_exists true, minimum_length 14)"
    policy = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    first = catalog().control("no-full-admin-policy").examples[0]
    assert in_words(first) == f"FAIL: every action on every resource ({policy})"


@pytest.mark.parametrize("given", [{}, {"row": {}, "policy": {}}, {"policy": None}])
def test_an_example_has_a_row_or_a_policy(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="a row, or a policy in place of one"):
        Example.model_validate({"verdict": "PASS", "about": "x", **given})


@pytest.mark.parametrize("control", ["root-mfa", "password-policy-symbol", "org-root-access-centralized"])
def test_a_policy_is_no_example_of_a_control_that_judges_none(control: str) -> None:
    example = Example(policy={}, verdict=Status.FAIL, about="x")
    for judge in (verdict_of, second_verdicts):
        with pytest.raises(ValueError, match="this control judges no policies"):
            judge(catalog().control(control), example)
