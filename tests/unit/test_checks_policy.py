"""The password policy, each rule at its boundary."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import PASSWORD_POLICY
from auditor.store.evidence import Answer, Document
from tests.checking import judge, table
from tests.documents import GONE, no_policy, policy
from tests.support import catalog, gap

PASS, FAIL, OPEN = "PASS", "FAIL", "NO_EVIDENCE"
CONTROLS = [c.id for c in catalog().controls.values() if c.evidence == (PASSWORD_POLICY,)]


def test_there_are_seven_of_them() -> None:
    assert len(CONTROLS) == 7


def test_a_good_policy_passes_and_none_fails() -> None:
    good, none = table(CONTROLS, [({}, {PASSWORD_POLICY: policy()}), ({}, {PASSWORD_POLICY: no_policy()})])
    assert {found for found, _, _ in good.values()} == {PASS}
    assert set(none.values()) == {(FAIL, "Code NoSuchEntity", "the account has no password policy")}


@pytest.mark.parametrize("control", CONTROLS[:2])
def test_without_evidence_there_is_no_verdict(control: str) -> None:
    assert judge(control) == [(OPEN, "", "password-policy: not collected in this snapshot")]
    told = judge(control, gaps=[gap(PASSWORD_POLICY, "Throttling", "slow down")])
    assert told == [(OPEN, "", "collect: Throttling: slow down")]


@pytest.mark.parametrize(
    ("control", "member", "value", "expected"),
    [
        ("min-length-14", "MinimumPasswordLength", 13, FAIL),
        ("min-length-14", "MinimumPasswordLength", 14, PASS),
        ("min-length-14", "MinimumPasswordLength", 15, PASS),
        ("min-length-14", "MinimumPasswordLength", 128, PASS),
        ("min-length-14", "MinimumPasswordLength", GONE, FAIL),
        ("reuse-24", "PasswordReusePrevention", 23, FAIL),
        ("reuse-24", "PasswordReusePrevention", 24, PASS),
        ("reuse-24", "PasswordReusePrevention", 0, FAIL),
        ("reuse-24", "PasswordReusePrevention", GONE, FAIL),
        ("expiry-90d", "MaxPasswordAge", 0, FAIL),
        ("expiry-90d", "MaxPasswordAge", 1, PASS),
        ("expiry-90d", "MaxPasswordAge", 89, PASS),
        ("expiry-90d", "MaxPasswordAge", 90, PASS),
        ("expiry-90d", "MaxPasswordAge", 91, FAIL),
        ("expiry-90d", "MaxPasswordAge", GONE, FAIL),
        ("expiry-90d", "ExpirePasswords", False, FAIL),
        ("expiry-90d", "ExpirePasswords", GONE, FAIL),
        ("uppercase", "RequireUppercaseCharacters", False, FAIL),
        ("uppercase", "RequireUppercaseCharacters", GONE, FAIL),
        ("lowercase", "RequireLowercaseCharacters", False, FAIL),
        ("symbol", "RequireSymbols", False, FAIL),
        ("number", "RequireNumbers", False, FAIL),
    ],
)
def test_each_rule_at_its_boundary(control: str, member: str, value: Any, expected: str) -> None:
    documents = {PASSWORD_POLICY: policy(**{member: value})}
    verdicts = {c: found for c, (found, _, _) in table(CONTROLS, [({}, documents)])[0].items()}
    name = f"password-policy-{control}"
    assert verdicts.pop(name) == expected
    assert set(verdicts.values()) == {PASS}, "a setting decides its own control and no other"


@pytest.mark.parametrize(
    ("control", "changes", "observed"),
    [
        ("min-length-14", {"MinimumPasswordLength": 8}, "MinimumPasswordLength 8"),
        ("reuse-24", {"PasswordReusePrevention": GONE}, "PasswordReusePrevention not set"),
        ("expiry-90d", {"MaxPasswordAge": 91}, "ExpirePasswords true, MaxPasswordAge 91"),
        ("symbol", {"RequireSymbols": False}, "RequireSymbols false"),
        ("symbol", {"RequireSymbols": GONE}, "RequireSymbols not set"),
    ],
)
def test_what_is_set_is_quoted(control: str, changes: dict[str, Any], observed: str) -> None:
    assert judge(f"password-policy-{control}", {PASSWORD_POLICY: policy(**changes)})[0][1] == observed


GET = "iam:GetAccountPasswordPolicy"


MALFORMED: list[bytes | Document] = [
    b"",
    b"{",
    b"[]",
    b'{"kind": "password-policy"}',
    Document(PASSWORD_POLICY),
    Document("contacts", (Answer(GET, {"PasswordPolicy": {}}),)),
    Document(PASSWORD_POLICY, (Answer(GET, {"PasswordPolicy": "good"}),)),
    Document(PASSWORD_POLICY, (Answer(GET, {"PasswordPolicy": []}),)),
    Document(PASSWORD_POLICY, (Answer(GET, {"PasswordPolicy": {"MinimumPasswordLength": "99"}}),)),
    Document(PASSWORD_POLICY, (Answer(GET, {"PasswordPolicy": {"MinimumPasswordLength": True}}),)),
    Document(PASSWORD_POLICY, (Answer(GET, {"PasswordPolicy": {"MinimumPasswordLength": 14.5}}),)),
    Document(PASSWORD_POLICY, (Answer(GET, {"PasswordPolicy": {"RequireSymbols": "false"}}),)),
    Document(PASSWORD_POLICY, (Answer(GET, {"PasswordPolicy": {"MinimumPasswordLength": {"a": 1}}}),)),
]


def test_malformed_evidence_is_a_gap_with_its_reason() -> None:
    for told in table(CONTROLS, [({}, {PASSWORD_POLICY: content}) for content in MALFORMED]):
        for found, observed, reason in told.values():
            assert (found, observed) == (OPEN, "")
            assert reason.startswith("validate: MalformedEvidence: ")
