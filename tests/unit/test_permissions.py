"""The predicates over permissions, on frames made of evidence as AWS answers it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from auditor.judge.checks.permissions import no_full_admin
from auditor.judge.checks.verdict import Verdict
from auditor.judge.evaluator.units import check_of
from auditor.store.evidence import Answer, Document
from tests.authorization import Authorization, authorization_frames, authorization_rows
from tests.support import ACCOUNT, AS_OF, catalog

P, Q = (f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in ("p", "q"))
INLINE, ATTACHED = {"UserPolicyList": [{"PolicyName": "i"}]}, {"AttachedManagedPolicies": [{"PolicyArn": P}]}
NAMED = {"AttachedManagedPolicies": [{"PolicyArn": P, "PolicyName": "p"}, {"PolicyArn": Q, "PolicyName": "q"}]}
VIA_GROUPS = check_of(catalog().control("user-permissions-via-groups"))
FILE = f"evidence/{ACCOUNT}/authorization-details.json"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def frames(users: list[Any], policies: list[Any]) -> Authorization:
    response = {"UserDetailList": users, "Policies": policies, "IsTruncated": False}
    document = Document("authorization-details", (Answer("iam:GetAccountAuthorizationDetails", response=response),))
    made = authorization_frames([authorization_rows(ACCOUNT, document)])
    return replace(made, policies=made.policies.assign(evidence_file=FILE))


def user(**lists: Any) -> dict[str, Any]:
    return {"UserName": "ann", "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann"} | lists


def policy(document: Any) -> dict[str, Any]:
    versions = [{"VersionId": "v3", "Document": document}]
    return {"Arn": P, "AttachmentCount": 1, "DefaultVersionId": "v3", "PolicyVersionList": versions}


def statement(action: str, **other: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"} | other}


def told(verdict: Verdict) -> tuple[object, str, str]:
    """Passed, observed and reason of the one unit, to which every such check applies."""
    assert (str(verdict.applies.dtype), str(verdict.passed.dtype)) == ("boolean", "boolean")
    assert isinstance(verdict.reason.dtype, pd.CategoricalDtype)
    assert list(verdict.applies) == [True]
    (passed,) = verdict.passed
    return passed if passed is pd.NA else bool(passed), str(verdict.observed[0]), str(verdict.reason[0])


@pytest.mark.parametrize(
    ("lists", "passed", "observed", "reason"),
    [
        ({}, True, "inline: none, attached: none", "the user has only policies of groups"),
        ({"GroupList": ["g"]}, True, "inline: none, attached: none", "the user has only policies of groups"),
        (INLINE, False, "inline: i, attached: none", "the user has inline policies"),
        (NAMED, False, "inline: none, attached: p; q", "the user has directly attached policies"),
        (ATTACHED, False, "inline: none, attached: ?", "the user has directly attached policies"),
        (INLINE | NAMED, False, "inline: i, attached: p; q", "the user has inline and directly attached policies"),
    ],
)
def test_users_get_permissions_through_groups(lists: Any, passed: bool, observed: str, reason: str) -> None:
    principals = frames([user(**lists)], []).principals
    assert told(VIA_GROUPS(principals, {}, AS_OF)) == (passed, observed, reason)


@pytest.mark.parametrize(
    ("document", "passed", "reason"),
    [
        (statement("s3:*"), True, "no statement allows every action on every resource"),
        (statement("*"), False, "statement 1 allows Action * on Resource *"),
        (
            statement("*:*", Condition=MFA),
            False,
            "statement 1 allows Action *:* on Resource *, on condition of Bool aws:MultiFactorAuthPresent true",
        ),
        ("{", pd.NA, "the document of its default version v3 is not JSON"),
    ],
)
def test_no_policy_makes_an_administrator(document: Any, passed: Any, reason: str) -> None:
    policies = frames([user(**ATTACHED)], [policy(document)]).policies
    observed = "VersionId v3, AttachmentCount 1" + (", statement 1" if passed is False else "")
    assert told(no_full_admin(policies, {}, AS_OF)) == (passed, observed, f"{reason}; attached to 1 user")


def test_an_attached_policy_that_was_not_answered_is_not_decided() -> None:
    policies = frames([user(**NAMED)], [policy(statement("s3:*"))]).policies
    verdict = no_full_admin(policies, {}, AS_OF)
    assert list(verdict.passed) == [True, pd.NA]
    assert verdict.observed[1] == "VersionId unknown, AttachmentCount unknown"
    assert verdict.reason[1] == "it is attached, but AWS did not return it; attached to 1 user"


def test_nothing_to_judge_gives_no_rows() -> None:
    empty = frames([], [])
    for verdict in (VIA_GROUPS(empty.principals, {}, AS_OF), no_full_admin(empty.policies, {}, AS_OF)):
        assert len(verdict.applies) == len(verdict.passed) == len(verdict.observed) == len(verdict.reason) == 0
        assert str(verdict.passed.dtype) == "boolean"
