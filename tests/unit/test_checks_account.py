"""Contacts, certificates, analyzers, identity providers and instances at their boundaries."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from auditor.model import (
    ACCESS_ANALYZERS,
    AUTHORIZATION_DETAILS,
    CONTACTS,
    DELEGATED_ADMINISTRATORS,
    EC2_INSTANCES,
    IDENTITY_CENTER,
    IDENTITY_PROVIDERS,
    SERVER_CERTIFICATES,
)
from auditor.store.evidence import Answer, Document
from tests.checking import findings, judge, status
from tests.documents import (
    Item,
    administrators,
    analyzers,
    certificates,
    contacts,
    details,
    holder,
    identity_center,
    instance,
    instances,
    providers,
)
from tests.support import ACCOUNT, OTHER, ago, frames_of, gap, only, report, root, verdicts_of

PASS, FAIL, OPEN, HAND = "PASS", "FAIL", "NO_EVIDENCE", "MANUAL"
SILENT = Document(
    IDENTITY_CENTER,
    (
        Answer("sso:ListInstances", {"Instances": []}, region="a"),
        Answer("sso:ListInstances", error="AccessDeniedException", message="no", region="b"),
    ),
)
Regions = dict[str, Sequence[str] | str]
NO_DELEGATES = {DELEGATED_ADMINISTRATORS: administrators()}


@pytest.mark.parametrize(("seconds", "expected"), [(1, FAIL), (0, FAIL), (-1, PASS)])
def test_a_certificate_has_expired_at_the_very_instant(seconds: int, expected: str) -> None:
    at = ago(seconds=seconds)
    ((found, observed, _),) = judge("expired-server-certs-removed", {SERVER_CERTIFICATES: certificates(www=at)})
    assert (found, observed) == (expected, f"Expiration {at}")


@pytest.mark.parametrize("at", ["", "soon"])
def test_a_certificate_without_a_date_is_open_and_hides_no_other(at: str) -> None:
    found = findings("expired-server-certs-removed", {SERVER_CERTIFICATES: certificates(a=at, b=ago(1), c=ago(-1))})
    assert found["status"].to_list() == [OPEN, FAIL, PASS]
    assert found["resource_name"].to_list()[1:] == ["b", "c"]
    assert found["reason"][0] == "1 unit undecided; line 4: AWS does not show when the certificate expires"
    assert found["evidence_file"][0] == f"evidence/{ACCOUNT}/server-certificates.json"


def test_no_certificates_are_no_rows_whether_asked_or_not() -> None:
    omitted = Document(SERVER_CERTIFICATES, (), "the account summary counts none")
    for document in (omitted, certificates()):
        assert judge("expired-server-certs-removed", {SERVER_CERTIFICATES: document}) == []
    assert status("expired-server-certs-removed") == OPEN


@pytest.mark.parametrize(
    ("regions", "expected", "observed"),
    [
        ({"a": ["ACCOUNT"], "b": ["ACCOUNT"]}, PASS, "2 regions, without an analyzer: none"),
        ({"a": ["ACCOUNT"], "b": []}, FAIL, "2 regions, without an analyzer: b"),
        ({"a": [], "b": []}, FAIL, "2 regions, without an analyzer: a, b"),
        ({"a": ["ORGANIZATION"]}, PASS, "1 regions, without an analyzer: none"),
        ({"a": ["ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS"]}, FAIL, "1 regions, without an analyzer: a"),
        ({"a": ["ACCOUNT DISABLED"]}, FAIL, "1 regions, without an analyzer: a"),
        ({"a": ["ACCOUNT CREATING", "ACCOUNT FAILED", "ACCOUNT"]}, PASS, "1 regions, without an analyzer: none"),
        ({"a": ["ACCOUNT"], "b": "Denied"}, OPEN, ""),
        ({"a": "Denied", "b": "Denied"}, OPEN, ""),
        ({"a": [], "b": "Denied"}, FAIL, "2 regions, without an analyzer: a, unanswered: b"),
        ({}, OPEN, ""),
    ],
)
def test_every_region_needs_an_analyzer(regions: Regions, expected: str, observed: str) -> None:
    found = judge("access-analyzer-all-regions", {ACCESS_ANALYZERS: analyzers(regions)}, common=NO_DELEGATES)
    assert [f[:2] for f in found] == [(expected, observed)]


def test_regions_that_did_not_answer_are_named_with_why() -> None:
    documents = {ACCESS_ANALYZERS: analyzers({"a": ["ACCOUNT"], "b": "Denied"})}
    told = gap(ACCESS_ANALYZERS, "Denied", "access-analyzer:ListAnalyzers in b: no")
    ((found, _, reason),) = judge("access-analyzer-all-regions", documents, gaps=[told], common=NO_DELEGATES)
    assert found == OPEN
    assert reason.endswith("; access-analyzers: collect: Denied: access-analyzer:ListAnalyzers in b: no")


@pytest.mark.parametrize(
    ("elsewhere", "expected"),
    [
        ("ORGANIZATION", PASS),
        ("ORGANIZATION DISABLED", FAIL),
        ("ORGANIZATION_UNUSED_ACCESS", FAIL),
        ("ACCOUNT", FAIL),
    ],
)
def test_an_analyzer_of_the_organization_covers_its_region_for_all(elsewhere: str, expected: str) -> None:
    documents = {
        ACCOUNT: {ACCESS_ANALYZERS: analyzers({"a": ["ACCOUNT"], "b": []})},
        OTHER: {ACCESS_ANALYZERS: analyzers({"b": [elsewhere]})},
    }
    frames = frames_of({i: report([root(i)]) for i in documents}, documents=documents | {"organization": NO_DELEGATES})
    found = verdicts_of(frames, only("access-analyzer-all-regions")).findings
    assert found["status"].to_list()[0] == expected
    alone = only("access-analyzer-all-regions", parameters={"analyzer_types": ["ACCOUNT"]})
    assert verdicts_of(frames, alone).findings["status"].to_list()[0] == FAIL


def test_an_unanswered_region_is_covered_by_the_organization() -> None:
    documents = {
        ACCOUNT: {ACCESS_ANALYZERS: analyzers({"a": "Denied"})},
        OTHER: {ACCESS_ANALYZERS: analyzers({"a": ["ORGANIZATION"]})},
    }
    frames = frames_of({i: report([root(i)]) for i in documents}, documents=documents)
    assert set(verdicts_of(frames, only("access-analyzer-all-regions")).findings["status"]) == {PASS}


def test_the_security_contact() -> None:
    known = {"Name": "Sue", "Title": "CISO", "EmailAddress": "s@example.com", "PhoneNumber": "1"}
    ((found, observed, _),) = judge("security-contact-registered", {CONTACTS: contacts(known)})
    assert (found, observed) == (PASS, "Sue, CISO, s@example.com, 1")
    ((found, observed, reason),) = judge("security-contact-registered", {CONTACTS: contacts()})
    assert (found, observed, reason) == (FAIL, "none", "no security contact is on file")
    assert status("security-contact-registered") == OPEN


def test_the_primary_contact_is_shown_to_a_person() -> None:
    document = contacts(primary={"FullName": "Ann", "City": "Berlin"})
    ((found, observed, _),) = judge("account-contact-current", {CONTACTS: document})
    assert (found, observed) == (HAND, "on file: Ann, Berlin")
    told = judge("account-contact-current", gaps=[gap(CONTACTS, "AccessDenied", "no")])
    assert told == [(HAND, "", "collect: AccessDenied: no")]


SUE, ANN = {"Name": "Sue"}, {"FullName": "Ann"}
SECURITY, PRIMARY = "security-contact-registered", "account-contact-current"


@pytest.mark.parametrize(
    ("security", "primary", "judged", "shown"),
    [
        (SUE, "AccessDeniedException", PASS, "on file: unknown (AccessDeniedException)"),
        (None, "AccessDeniedException", FAIL, "on file: unknown (AccessDeniedException)"),
        ("AccessDeniedException", ANN, OPEN, "on file: Ann"),
        ("AccessDeniedException", None, OPEN, "on file: none"),
        ("AccessDeniedException", "ResourceNotFoundException", OPEN, "on file: none"),
        ("AccessDeniedException", "AccessDeniedException", OPEN, "on file: unknown (AccessDeniedException)"),
    ],
)
def test_a_refused_contact_costs_its_own_control_only(
    security: dict[str, str] | str | None, primary: dict[str, str] | str | None, judged: str, shown: str
) -> None:
    documents, refused = {CONTACTS: contacts(security, primary)}, gap(CONTACTS, "AccessDeniedException", "no", "fetch")
    ((found, _, reason),) = judge(SECURITY, documents, gaps=[refused])
    assert found == judged
    if judged == OPEN:
        assert reason == (
            "1 unit undecided; line 2: AWS did not say whether a security contact is on file"
            "; contacts: fetch: AccessDeniedException: no"
        )
    ((by_hand, observed, _),) = judge(PRIMARY, documents, gaps=[refused])
    assert (by_hand, observed) == (HAND, shown)


def test_a_call_for_the_security_contact_that_was_never_made_decides_nothing() -> None:
    whole = contacts(SUE, ANN)
    assert status(SECURITY, {CONTACTS: Document(CONTACTS, whole.answers[1:])}) == OPEN
    assert status(SECURITY, {CONTACTS: Document(CONTACTS, (), "nobody asked")}) == OPEN


@pytest.mark.parametrize(
    ("common", "center"),
    [
        ({}, "unknown"),
        ({IDENTITY_CENTER: identity_center()}, "none"),
        ({IDENTITY_CENTER: identity_center(eu_west_1="arn:x")}, "arn:x in eu-west-1"),
        ({IDENTITY_CENTER: SILENT}, "not known in b"),
    ],
)
def test_where_people_could_sign_in_is_shown(common: dict[str, Document], center: str) -> None:
    document = providers(["arn:aws:iam::1:saml-provider/corp"], ["arn:aws:iam::1:oidc-provider/gitlab.com"])
    ((found, observed, _),) = judge("identity-managed-centrally", {IDENTITY_PROVIDERS: document}, common=common)
    assert found == HAND
    assert observed == (
        f"IAM Identity Center: {center}; identity providers of the account: corp, gitlab.com; "
        "identity providers that its roles trust: unknown"
    )


def trusting(*providers: str, effect: str = "Allow", account: str = ACCOUNT) -> Item:
    """A role that names identity providers of an account in its trust policy."""
    named = [f"arn:aws:iam::{account}:{name}" for name in providers]
    federated = {"Effect": effect, "Action": "sts:AssumeRoleWithSAML", "Principal": {"Federated": named}}
    return holder("Role", "-".join(providers), AssumeRolePolicyDocument={"Statement": [federated]})


@pytest.mark.parametrize(
    ("roles", "trusted"),
    [
        ([], "none"),
        (
            [trusting("saml-provider/corp", "oidc-provider/gitlab.com/group"), trusting("oidc-provider/gitlab.com")],
            "corp, gitlab.com, gitlab.com/group",
        ),
        ([trusting("saml-provider/corp", effect="Deny")], "none"),
        ([trusting("saml-provider/corp", account=OTHER)], "none"),
        ([holder("Role", "odd", AssumeRolePolicyDocument="{"), trusting("saml-provider/corp")], "corp"),
        ([trusting("role/x")], "none"),
    ],
)
def test_whom_roles_trust_is_shown_beside_what_is_listed(roles: list[Item], trusted: str) -> None:
    evidence = {IDENTITY_PROVIDERS: providers(), AUTHORIZATION_DETAILS: details(roles=roles)}
    ((found, observed, _),) = judge("identity-managed-centrally", evidence)
    assert found == HAND
    assert observed.endswith(f"of the account: none; identity providers that its roles trust: {trusted}")


def test_running_instances_need_a_profile() -> None:
    listed = [instance("i-1", "arn:p"), instance("i-2"), instance("i-3", state="stopped"), instance("i-4")]
    found = findings("ec2-instance-role-used", {EC2_INSTANCES: instances({"eu-west-1": listed[:3], "b": listed[3:]})})
    assert found["resource_name"].to_list() == ["i-1", "i-2", "i-4"]
    assert found["status"].to_list() == [PASS, FAIL, FAIL]
    assert found["observed"].to_list() == [f"IamInstanceProfile {word}" for word in ("arn:p", "none", "none")]
    assert found["resource_arn"][0] == f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"


def test_instances_that_were_not_wanted_are_for_a_person() -> None:
    assert judge("ec2-instance-role-used") == [(HAND, "", "ec2-instances: not collected in this snapshot")]
    told = gap(EC2_INSTANCES, "AccessDenied", "no")
    assert judge("ec2-instance-role-used", gaps=[told]) == [(OPEN, "", "collect: AccessDenied: no")]


def test_a_region_without_an_answer_is_told_beside_the_instances_of_the_others() -> None:
    document = instances({"a": [instance("i-1", "arn:p")], "b": "Denied"})
    told = gap(EC2_INSTANCES, "Denied", "ec2:DescribeInstances in b: no")
    found = judge("ec2-instance-role-used", {EC2_INSTANCES: document}, gaps=[told])
    assert [f[0] for f in found] == [PASS, OPEN]
    assert found[1][2] == "some units may be missing; collect: Denied: ec2:DescribeInstances in b: no"


@pytest.mark.parametrize(
    ("control", "kind"),
    [
        ("expired-server-certs-removed", SERVER_CERTIFICATES),
        ("access-analyzer-all-regions", ACCESS_ANALYZERS),
        ("security-contact-registered", CONTACTS),
        ("ec2-instance-role-used", EC2_INSTANCES),
        ("user-permissions-via-groups", "authorization-details"),
    ],
)
def test_malformed_evidence_is_a_gap_with_its_reason(control: str, kind: str) -> None:
    for content in (b"{}", b"\xff", Document(kind), Document("other", (), "nothing")):
        ((found, observed, reason),) = judge(control, {kind: content})
        assert (found, observed) == (OPEN, "")
        assert reason.startswith("validate: MalformedEvidence: ")
