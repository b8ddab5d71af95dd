"""Permissions of users and roles, and the organization as a whole: what passes, what fails, what a person answers."""

from __future__ import annotations

import json

import pytest

from auditor.errors import CatalogError
from auditor.judge.evaluator import evaluate
from auditor.model import (
    AUTHORIZATION_DETAILS,
    DELEGATED_ADMINISTRATORS,
    ORGANIZATION_FEATURES,
    ORGANIZATION_POLICIES,
    OU_TREE,
    RESOURCE_POLICY,
    TRUSTED_SERVICES,
    Organization,
    Unit,
)
from auditor.store import evidence
from auditor.store.evidence import Document
from tests.checking import findings, judge
from tests.documents import (
    administrators,
    details,
    features,
    holder,
    managed,
    no_resource_policy,
    organization_policies,
    ou_tree,
    refused,
    resource_policy,
    trusted,
)
from tests.support import ACCOUNT, AS_OF, OTHER, automated, catalog, frames_of, gap, only, report, root, verdicts_of

PASS, FAIL, OPEN, HAND = "PASS", "FAIL", "NO_EVIDENCE", "MANUAL"
SUPPORT, SHELL = "arn:aws:iam::aws:policy/AWSSupportAccess", "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
OPEN_TRUST = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}}
ORGANIZATIONAL = [c.id for c in catalog().controls.values() if c.unit is Unit.ORGANIZATION]


@pytest.mark.parametrize(
    ("kind", "support", "shell"), [("User", FAIL, HAND), ("Group", FAIL, HAND), ("Role", PASS, HAND)]
)
def test_what_holds_one_of_aws_own_policies(kind: str, support: str, shell: str) -> None:
    named = {f"{kind.lower()}s": [holder(kind, "it", SUPPORT, SHELL)]}
    documents = {AUTHORIZATION_DETAILS: details(**named)}
    assert judge("support-role-exists", documents)[0][0] == support
    ((found, observed, _),) = judge("cloudshell-full-access-restricted", documents)
    assert found == shell
    assert f"{kind.lower()}s: it" in observed


def test_policies_that_nobody_holds() -> None:
    own = f"arn:aws:iam::{ACCOUNT}:policy/AWSSupportAccess"
    documents = {AUTHORIZATION_DETAILS: details(roles=[holder("Role", "r", own)])}
    assert judge("support-role-exists", documents)[0][:2] == (FAIL, "roles with AWSSupportAccess: none")
    ((found, observed, reason),) = judge("cloudshell-full-access-restricted", documents)
    assert (found, observed) == (PASS, "users: none, groups: none, roles: none")
    assert reason == "no user, group or role has AWSCloudShellFullAccess"


@pytest.mark.parametrize("control", ["cloudshell-full-access-restricted"])
def test_a_policy_that_is_not_looked_up_is_refused_with_the_nearest(control: str) -> None:
    with pytest.raises(CatalogError) as caught:
        judge(control, {AUTHORIZATION_DETAILS: details()}, policy="AWSSupportAcess")
    assert "'AWSSupportAcess' is not looked up (did you mean 'AWSSupportAccess'?)" in str(caught.value)


@pytest.mark.parametrize(
    ("trusts", "expected"),
    [
        ([], [HAND]),
        ([OPEN_TRUST], [HAND, FAIL]),
        ([OPEN_TRUST, OPEN_TRUST], [HAND, FAIL, FAIL]),
        (["{"], [OPEN]),
        ([OPEN_TRUST, "{"], [FAIL, OPEN]),
        (["{", OPEN_TRUST], [OPEN, FAIL]),
    ],
)
def test_each_role_that_everybody_may_assume_fails_and_all_other_resources_are_one_row(
    trusts: list[object], expected: list[str]
) -> None:
    roles = [holder("Role", f"r{n}", AssumeRolePolicyDocument=trust) for n, trust in enumerate(trusts)]
    documents = {AUTHORIZATION_DETAILS: details(roles=[holder("Role", "good"), *roles])}
    found = findings("resource-policy-no-open-principal", documents)
    assert found["status"].to_list() == expected
    opened = found[found["status"] == FAIL]
    names = [f"r{n}" for n, trust in enumerate(trusts) if trust == OPEN_TRUST]
    assert opened["resource_name"].to_list() == names
    assert opened["resource_arn"].to_list() == [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in names]
    lines = evidence.write(documents[AUTHORIZATION_DETAILS]).decode().splitlines()
    for name, line in zip(names, opened["evidence_line"], strict=True):
        assert f'"RoleName": "{name}"' in lines[line - 1]
    assert found.loc[found["status"] != FAIL, "resource_arn"].isna().all()


def test_users_are_judged_by_what_they_hold_themselves() -> None:
    inline = {"UserPolicyList": [{"PolicyName": "mine"}]}
    users = [holder("User", "a"), holder("User", "b", SUPPORT), holder("User", "c", **inline)]
    found = findings("user-permissions-via-groups", {AUTHORIZATION_DETAILS: details(users=users)})
    assert found["status"].to_list() == [PASS, FAIL, FAIL]
    assert found["observed"].to_list()[1:] == [
        "inline: none, attached: AWSSupportAccess",
        "inline: mine, attached: none",
    ]


def test_policies_that_make_administrators() -> None:
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    reader = {"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
    own = f"arn:aws:iam::{ACCOUNT}:policy/"
    policies = [managed(own + "a", everything), managed(own + "b", reader), managed(own + "c", "{")]
    policies.append(managed(own + "unattached", everything, 0))
    found = findings("no-full-admin-policy", {AUTHORIZATION_DETAILS: details(policies=policies)})
    assert found["status"].to_list() == [FAIL, PASS, OPEN]
    assert found["resource_name"].to_list()[:2] == ["a", "b"]


def named_in_policy(*accounts: str) -> str:
    statement = {"Effect": "Allow", "Action": "organizations:*", "Resource": "*", "Principal": {"AWS": list(accounts)}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("document", "expected", "observed"),
    [
        (no_resource_policy(), FAIL, "delegated to none"),
        (resource_policy(named_in_policy(OTHER)), PASS, f"delegated to {OTHER}"),
        (resource_policy(named_in_policy(ACCOUNT)), FAIL, "delegated to none"),
        (resource_policy(named_in_policy(ACCOUNT, f"arn:aws:iam::{OTHER}:root")), PASS, f"delegated to {OTHER}"),
        (resource_policy("{"), OPEN, ""),
    ],
)
def test_policies_are_run_from_a_member_account(document: Document, expected: str, observed: str) -> None:
    found = judge("org-policies-delegated-admin", common={RESOURCE_POLICY: document})
    assert [f[:2] for f in found] == [(expected, observed)]


@pytest.mark.parametrize(
    ("document", "expected", "observed"),
    [
        (features("RootCredentialsManagement", "RootSessions"), PASS,
         "enabled features: RootCredentialsManagement, RootSessions"),
        (features("RootSessions"), FAIL, "enabled features: RootSessions"),
        (features(), FAIL, "enabled features: none"),
        (refused(ORGANIZATION_FEATURES, "iam:ListOrganizationsFeatures", "ServiceAccessNotEnabledException"), FAIL,
         "ServiceAccessNotEnabledException"),
    ],
)  # fmt: skip
def test_root_access_is_managed_centrally(document: Document, expected: str, observed: str) -> None:
    found = findings("org-root-access-centralized", common={ORGANIZATION_FEATURES: document})
    assert found[["status", "observed"]].values.tolist() == [[expected, observed]]
    assert found["account_id"].to_list() == [ACCOUNT]
    assert found["evidence_file"].to_list() == ["evidence/organization/organization-features.json"]
    assert found["evidence_line"].to_list() == [2]


@pytest.mark.parametrize(
    ("control", "common", "part"),
    [
        ("org-guardrail-policies", {ORGANIZATION_POLICIES: organization_policies([], {})}, "0 SCPs, 0 RCPs"),
        ("org-ou-structured", {OU_TREE: ou_tree({}, {"r-test": 1})}, "Root: 1 account"),
        ("org-management-account-no-workloads", {OU_TREE: ou_tree({}, {})}, f"management account {ACCOUNT} ("),
        ("org-services-delegated-admins", {DELEGATED_ADMINISTRATORS: administrators()}, "trusted access: unknown"),
        ("org-services-delegated-admins",
         {DELEGATED_ADMINISTRATORS: administrators(sec=["x"]), TRUSTED_SERVICES: trusted("y")},
         "000000000100 (sec): x; services with trusted access: y"),
    ],
)  # fmt: skip
def test_what_a_person_answers_is_shown(control: str, common: dict[str, Document], part: str) -> None:
    ((found, observed, _),) = judge(control, common=common)
    assert found == HAND
    assert part in observed


@pytest.mark.parametrize("control", ORGANIZATIONAL)
def test_without_its_evidence_the_organization_has_one_row_with_why(control: str) -> None:
    kind = catalog().control(control).evidence[0]
    frames = frames_of(
        {i: report([root(i)]) for i in (ACCOUNT, OTHER)}, gaps={"organization": [gap(kind, "AccessDenied", "no")]}
    )
    found = verdicts_of(frames, only(control)).findings
    assert found["account_id"].to_list() == [ACCOUNT]
    assert found["status"].to_list() == [HAND if catalog().control(control).by_hand else OPEN]
    assert found["reason"].to_list() == ["collect: AccessDenied: no"]
    assert frames.gaps[["account_id", "evidence"]].values.tolist() == [["", kind]]


def test_outside_any_organization_its_controls_do_not_apply() -> None:
    frames = frames_of({ACCOUNT: report([root()])})
    found = evaluate(frames, automated(), Organization(ACCOUNT, ACCOUNT), "s", AS_OF)
    assert not set(found.findings["control_id"]) & set(ORGANIZATIONAL)
    counts = found.controls[found.controls["control_id"].isin(ORGANIZATIONAL)]
    assert counts["not_applicable"].to_list() == [1] * len(ORGANIZATIONAL)
    assert counts[["population", "no_evidence", "manual"]].to_numpy().sum() == 0


def test_an_unreadable_policy_of_an_organization_whose_management_account_is_not_listed_is_told() -> None:
    frames = frames_of(
        {OTHER: report([root(OTHER)])}, documents={"organization": {RESOURCE_POLICY: resource_policy("{")}}
    )
    found = verdicts_of(frames, only("org-policies-delegated-admin")).findings
    assert found["status"].to_list() == [OPEN]
    assert found["account_id"].isna().all()
    assert found["reason"][0].startswith("1 unit undecided; line 2: ")


def test_malformed_evidence_of_the_organization_is_a_gap_of_its_own() -> None:
    frames = frames_of({ACCOUNT: report([root()])}, documents={"organization": {RESOURCE_POLICY: b"{}"}})
    found = verdicts_of(frames, only("org-policies-delegated-admin")).findings
    assert found["status"].to_list() == [OPEN]
    assert found["reason"][0].startswith("validate: MalformedEvidence: ")
    assert frames.gaps[["account_name", "evidence", "code"]].values.tolist() == [
        ["(the organization)", RESOURCE_POLICY, "MalformedEvidence"]
    ]
