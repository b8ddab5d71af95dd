"""Near-administrators: what counts, what does not, and that both implementations say the same."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from auditor.model import DEFAULT_BENCHMARKS
from auditor.policy import PolicyError, allows_nearly_everything
from auditor.reperform.plain.policies import PolicyError as PlainError
from auditor.reperform.plain.policies import near_administrators
from tests.checking import findings
from tests.documents import details, holder, managed
from tests.random_policies import policy
from tests.support import ACCOUNT, catalog

DETAILS = "authorization-details"
SEVEN = [
    *(f"iam:Attach{to}Policy" for to in ("User", "Group", "Role")),
    *(f"iam:Put{to}Policy" for to in ("User", "Group", "Role")),
    "iam:CreatePolicyVersion",
]
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def statement(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Resource": "*"} | elements


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


NEAR = {
    "all but one service": statement(NotAction="aws-portal:*"),
    "all but one action": statement(NotAction=["s3:DeleteBucket"]),
    "all but nearly all of IAM": statement(NotAction=SEVEN[:-1]),
    "all but another of the seven": statement(NotAction=SEVEN[1:]),
    "all but hundreds of services": statement(NotAction=[f"service{n}:*" for n in range(300)]),
    "all but on every ARN": statement(NotAction="s3:*", Resource="arn:*"),
    "all but where no resource is left out": statement(NotAction="s3:*") | {"NotResource": []},
    "all of IAM": statement(Action="iam:*"),
    "all of IAM in another letter case": statement(Action="IAM:*"),
    "all of IAM by a wider pattern": statement(Action=["s3:*", "i*"]),
    "the seven by name": statement(Action=SEVEN),
    "the seven by patterns": statement(Action=["iam:attach*policy", "iam:Put*", "iam:?reatePolicyV*"]),
    "with a condition": statement(NotAction="s3:*", Condition=MFA),
}
NEAR["all but where no resource is left out"].pop("Resource")
NOT_NEAR = {
    "all but IAM": statement(NotAction="iam:*"),
    "all but IAM in another letter case": statement(NotAction="Iam:*"),
    "all but the seven": statement(NotAction=SEVEN),
    "all but what PowerUserAccess leaves out": statement(NotAction=["iam:*", "organizations:*", "account:*"]),
    "all but everything": statement(NotAction="*"),
    "six of the seven": statement(Action=SEVEN[:-1]),
    "six others of the seven": statement(Action=SEVEN[1:]),
    "reading IAM": statement(Action=["iam:Get*", "iam:List*"]),
    "all of IAM on some resources": statement(Action="iam:*", Resource="arn:aws:iam::*:role/app-*"),
    "all but one service on some resources": statement(NotAction="s3:*", Resource="arn:aws:s3:::x/*"),
    "all of IAM but on some": statement(Action="iam:*") | {"NotResource": "arn:aws:iam::*:role/x"},
    "a denial": statement(NotAction="s3:*") | {"Effect": "Deny"},
    "full administration": statement(Action="*"),
    "full administration by NotAction": statement(NotAction=[]),
    "nothing": statement(Action=[]),
}
NOT_NEAR["all of IAM but on some"].pop("Resource")


@pytest.mark.parametrize("case", NEAR)
def test_what_makes_a_near_administrator(case: str) -> None:
    found = allows_nearly_everything(document(NEAR[case]))
    assert [grant.number for grant in found] == near_administrators(document(NEAR[case])) == [1]


@pytest.mark.parametrize("case", NOT_NEAR)
def test_what_makes_none(case: str) -> None:
    assert allows_nearly_everything(document(NOT_NEAR[case])) == []
    assert near_administrators(document(NOT_NEAR[case])) == []


def test_neither_a_denial_nor_a_condition_excuses_and_the_condition_is_named() -> None:
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    (grant,) = allows_nearly_everything(document(deny, NEAR["with a condition"]))
    assert str(grant) == (
        "statement 2 allows everything but s3:*, iam:AttachGroupPolicy among it, on Resource *, on condition of Bool "
        "aws:MultiFactorAuthPresent true"
    )


def test_statements_are_looked_at_one_by_one() -> None:
    halves = document(statement(Action=SEVEN[:3]), statement(Action=SEVEN[3:]))
    assert allows_nearly_everything(halves) == []
    assert near_administrators(halves) == []


def test_both_implementations_agree_on_policies_made_by_chance() -> None:
    dice, near = Random(19), 0
    for _ in range(4000):
        made = policy(dice)
        try:
            first: list[int] | None = [grant.number for grant in allows_nearly_everything(made)]
        except PolicyError:
            first = None
        try:
            second: list[int] | None = near_administrators(made)
        except PlainError:
            second = None
        assert first == second, made
        near += bool(first)
    assert near > 100


def test_a_pattern_of_many_stars_takes_no_longer() -> None:
    assert allows_nearly_everything(document(statement(Action="*a" * 5000 + "b"))) == []


def test_attached_policies_are_judged_and_full_administration_is_left_to_its_own_control() -> None:
    own = f"arn:aws:iam::{ACCOUNT}:policy/"
    documents = (
        document(NEAR["all but one service"]),
        document(statement(Action="*")),
        document(statement(Action="s3:*")),
        "{",
    )
    policies = [managed(f"{own}{n}", text) for n, text in enumerate(documents)]
    found = findings("no-near-admin-policy", {DETAILS: details(policies=policies)})
    assert found["status"].to_list() == ["FAIL", "PASS", "NO_EVIDENCE"]
    assert found["observed"].to_list()[0] == "VersionId v1, AttachmentCount 1, statement 1"
    assert found["resource_name"].to_list()[:2] == ["0", "2"]


def inline(kind: str, *documents: Any) -> dict[str, Any]:
    listed = [{"PolicyName": f"p{n}", "PolicyDocument": text} for n, text in enumerate(documents)]
    return holder(kind, f"{kind.lower()}-with", **{f"{kind}PolicyList": listed})


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
@pytest.mark.parametrize(
    ("documents", "full", "near"),
    [
        ((document(statement(Action="s3:*")),), "PASS", "PASS"),
        ((document(statement(Action="*")),), "FAIL", "PASS"),
        ((document(NEAR["all but one service"]),), "PASS", "FAIL"),
        (("{", document(statement(Action="*:*"))), "FAIL", "NO_EVIDENCE"),
        (("{", document(statement(Action="s3:*"))), "NO_EVIDENCE", "NO_EVIDENCE"),
        ((document(statement(Action="s3:*")), document(statement(Action="iam:*"))), "PASS", "FAIL"),
    ],
)
def test_inline_policies_of_users_groups_and_roles_are_judged(
    kind: str, documents: tuple[Any, ...], full: str, near: str
) -> None:
    others = [holder("User", "ann"), holder("Role", "app")]
    listed: dict[str, list[Any]] = {"users": [others[0]], "roles": [others[1]], "groups": []}
    listed[f"{kind.lower()}s"].append(inline(kind, *documents))
    evidence = {DETAILS: details(**listed)}
    for control, expected in (("no-inline-full-admin", full), ("no-inline-near-admin", near)):
        found = findings(control, evidence)
        assert found["status"].to_list() == [expected]
        if expected == "FAIL":
            assert found["resource_name"].to_list() == [f"{kind.lower()}-with"]
            assert found["observed"][0].startswith(f"{kind}PolicyList p")
            assert found["observed"][0].endswith(" statement 1")


def test_they_are_off_by_default_and_named_in_the_notes_of_the_cis_control() -> None:
    requirements = catalog().benchmarks["aws-iam-hygiene"].requirements
    ids = [r.control for r in requirements if r.section == "Administrators"]
    assert ids == ["no-inline-full-admin", "no-inline-near-admin", "no-near-admin-policy"]
    assert {c.id for c in catalog().select(DEFAULT_BENCHMARKS).controls}.isdisjoint(ids)
    notes = " ".join(catalog().control("no-full-admin-policy").notes)
    assert all(name in notes for name in ("no-inline-full-admin", "no-near-admin-policy", "aws-iam-hygiene"))
