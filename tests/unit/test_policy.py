"""Policy documents as AWS stores them, in every spelling, and what is no policy at all."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from auditor.policy import Condition, PolicyError, Statement, parse

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def one(**elements: Any) -> Statement:
    """The statement of a policy of one: Allow s3:GetObject, and ``elements``."""
    (statement,) = parse(policy({"Effect": "Allow", "Action": "s3:GetObject"} | elements))
    return statement


def problem(document: object) -> str:
    with pytest.raises(PolicyError) as raised:
        parse(document)
    return str(raised.value)


def test_a_statement_keeps_every_element() -> None:
    first, second = parse(
        policy(
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"], "Service": "ec2.amazonaws.com"},
                "Action": ["s3:Get*", "s3:List*"],
                "Resource": "arn:aws:s3:::a/*",
                "Condition": {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:max-keys": [10, "20"]}},
            },
            {"Effect": "Deny", "NotPrincipal": "*", "NotAction": "iam:*", "NotResource": ["a", "b"]},
        )
    )
    assert first == Statement(
        number=1,
        sid="Read",
        effect="Allow",
        actions=("s3:Get*", "s3:List*"),
        not_actions=None,
        resources=("arn:aws:s3:::a/*",),
        not_resources=None,
        principals=(("AWS", "arn:aws:iam::111122223333:root"), ("AWS", "*"), ("Service", "ec2.amazonaws.com")),
        not_principals=None,
        conditions=(
            Condition("Bool", "aws:SecureTransport", ("true",)),
            Condition("NumericLessThan", "s3:max-keys", ("10", "20")),
        ),
    )
    assert (first.allows, first.name) == (True, "statement 1 (sid Read)")
    assert (second.allows, second.name) == (False, "statement 2")
    assert (second.not_principals, second.not_actions) == ((("", "*"),), ("iam:*",))
    assert second.not_resources == ("a", "b")
    assert (second.actions, second.resources, second.principals) == (None, None, None)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(policy(ALLOW)),
        json.dumps(policy(ALLOW), indent=4),
        f"\n\t {json.dumps(policy(ALLOW))} \n",
        quote(json.dumps(policy(ALLOW))),
        quote(json.dumps(policy(ALLOW)), safe=""),
        json.dumps({"Version": "2012-10-17", "Statement": ALLOW}),
    ],
    ids=["plain", "indented", "blanks around", "URL-encoded", "all URL-encoded", "one statement without a list"],
)
def test_texts_are_read_as_the_objects_they_stand_for(text: str) -> None:
    assert parse(text) == parse(policy(ALLOW))


def test_a_percent_sign_in_plain_json_is_no_url_encoding() -> None:
    (statement,) = parse(json.dumps(policy(ALLOW | {"Resource": "arn:aws:s3:::a/%2A"})))
    assert statement.resources == ("arn:aws:s3:::a/%2A",)


@pytest.mark.parametrize("name", ["Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"])
def test_a_text_is_the_same_as_a_list_of_it(name: str) -> None:
    rest = {"Effect": "Allow"} | ({} if name.endswith("Action") else {"Action": "sts:AssumeRole"})
    assert parse(policy(rest | {name: "*"})) == parse(policy(rest | {name: ["*"]}))


def test_elements_may_have_any_letter_case_but_effects_may_not() -> None:
    shouted = {"VERSION": "2012-10-17", "STATEMENT": [{k.upper(): v for k, v in ALLOW.items()}]}
    whispered = {"statement": {k.lower(): v for k, v in ALLOW.items()}}
    assert parse(shouted) == parse(whispered) == parse(policy(ALLOW))
    refused: tuple[Any, ...] = ("allow", "ALLOW", "Allow ", "", None, ["Allow"], {}, True)
    for effect in refused:
        assert problem(policy(ALLOW | {"Effect": effect})) == "has no Effect of Allow or Deny in statement 1"


def test_what_is_missing_is_not_what_is_empty() -> None:
    assert one(Resource=[]).resources == ()
    assert one().resources is None
    assert one(Principal={}).principals == ()
    assert one(Principal={"AWS": []}).principals == ()
    assert one(Condition={"StringEquals": {"aws:PrincipalOrgID": []}}).conditions[0].values == ()
    assert one(Condition={}).conditions == one().conditions == ()


def test_a_condition_without_quotes_around_its_values_is_text_too() -> None:
    values = [True, False, 10, 1.5, "x"]
    (condition,) = one(Condition={"StringLike": {"a:b": values}}).conditions
    assert condition.values == ("true", "false", "10", "1.5", "x")
    assert str(condition) == "StringLike a:b true or false or 10 or 1.5 or x"


def test_a_sid_that_is_no_text_is_no_name() -> None:
    assert one(Sid=7).name == "statement 1"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (None, "is nothing where an object is needed"),
        (7, "is a number where an object is needed"),
        (True, "is a boolean where an object is needed"),
        ([policy(ALLOW)], "is a list where an object is needed"),
        (b"{}", "is a bytes where an object is needed"),
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("not a policy", "is not JSON"),
        ("%7B%22Statement", "is not JSON"),
        ("\x00", "is not JSON"),
        ("\ud800%7B", "is not JSON"),
        (json.dumps(policy(ALLOW)) + "x", "is not JSON"),
        ("{'Statement': []}", "is not JSON"),
        ('"a text"', "is a text where an object is needed"),
        ("[]", "is a list where an object is needed"),
        ("null", "is nothing where an object is needed"),
        ('{"Statement": NaN}', "is not JSON: it holds NaN"),
        ('{"Statement": 1' + "0" * 5000 + "}", "is not JSON"),
        ({}, "has no Statement"),
        ({"Statement": None}, "has no Statement"),
        ({"Statement": []}, "has no Statement"),
        ({"Statement": "Allow"}, "has no Statement"),
        (policy("Allow"), "has a text where statement 1 should be"),
        (policy(ALLOW, [ALLOW]), "has a list where statement 2 should be"),
        (policy(ALLOW, {"Action": "*"}), "has no Effect of Allow or Deny in statement 2"),
        (policy({"Effect": "Deny"}), "has neither Action nor NotAction in statement 1"),
        (policy({"Effect": "Deny", "Actions": "*"}), "has neither Action nor NotAction in statement 1"),
        (policy(ALLOW | {"NotAction": "*"}), "has both Action and NotAction in statement 1"),
        (policy(ALLOW | {"NotResource": "*"}), "has both Resource and NotResource in statement 1"),
        (policy(ALLOW | {"Principal": "*", "NotPrincipal": "*"}), "has both Principal and NotPrincipal in statement 1"),
        (policy(ALLOW | {"Action": None}), "has nothing as Action of statement 1"),
        (policy(ALLOW | {"Action": {"a": "b"}}), "has an object as Action of statement 1"),
        (policy(ALLOW | {"Resource": ["*", 7]}), "has a number in Resource of statement 1"),
        (policy(ALLOW | {"Resource": [["*"]]}), "has a list in Resource of statement 1"),
        (policy(ALLOW | {"Principal": 7}), "has a number as Principal of statement 1"),
        (policy(ALLOW | {"Principal": {"AWS": None}}), "has nothing as Principal of statement 1"),
        (policy(ALLOW | {"Principal": {7: "*"}}), "has a number for a name in Principal of statement 1"),
        (policy(ALLOW | {"Condition": []}), "has a list as Condition of statement 1"),
        (policy(ALLOW | {"Condition": None}), "has nothing as Condition of statement 1"),
        (policy(ALLOW | {"Condition": {"Bool": "x"}}), "has a text as Bool in Condition of statement 1"),
        (policy(ALLOW | {"Condition": {"Bool": {"a": {}}}}), "has an object as a value in Condition of statement 1"),
        (policy(ALLOW | {"Condition": {"Bool": {"a": [None]}}}), "has nothing as a value in Condition of statement 1"),
        (policy(ALLOW | {"effect": "Deny"}), "has an element of statement 1 twice, in different letter case"),
        ({"Statement": [ALLOW], "statement": []}, "has an element of the policy twice, in different letter case"),
    ],
)
def test_what_is_no_policy_is_refused_in_words(document: object, why: str) -> None:
    assert problem(document) == why


def test_a_number_too_long_to_write_is_refused() -> None:
    endless = policy(ALLOW | {"Condition": {"NumericEquals": {"a": 10**5000}}})
    assert problem(endless) == "has a number as a value in Condition of statement 1"


def test_a_name_twice_in_one_object_is_refused_wherever_it_stands() -> None:
    twice = '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Effect": "Allow"}}'
    assert problem(twice) == "has 'Effect' twice in one object"
    nested = '{"Statement": {"Effect": "Deny", "Action": "*", "Condition": {"Bool": {"a": 1, "a": 2}}}}'
    assert problem(nested) == "has 'a' twice in one object"


@pytest.mark.parametrize("bracket", ["[", '{"a":', '{"Statement": ['])
def test_nesting_blows_no_stack(bracket: str) -> None:
    assert problem(bracket * 50_000) == "is nested too deeply"


def test_a_nested_object_blows_no_stack_either() -> None:
    deep: Any = "*"
    for _ in range(100_000):
        deep = [deep]
    assert problem(policy(ALLOW | {"Action": deep})) == "has a list in Action of statement 1"
    assert problem(deep) == "is a list where an object is needed"
    while isinstance(deep, list):  # taken apart by hand: freeing it would recurse
        deep = deep[0]


def test_size_has_a_limit_that_no_policy_of_aws_reaches() -> None:
    text = json.dumps(policy(ALLOW))
    assert parse(text.ljust(1_000_000)) == parse(text)
    assert problem(text.ljust(1_000_001)) == "has 1,000,001 characters; AWS takes at most 1,000,000"
