"""The box's own verdicts on evidence beside the credential report, against cases written out by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.evidence import PlantedEvidence, RootEvidence
from auditor.sandbox.facts import PlantedAccount, User
from auditor.sandbox.kinds.access_analyzers import Analyzer, planted_analyzers
from auditor.sandbox.kinds.contacts import has_security_contact
from auditor.sandbox.kinds.ec2_instances import Instance
from auditor.sandbox.kinds.identity_providers import PROVIDERS, planted_providers
from auditor.sandbox.kinds.password_policy import PasswordPolicy, planted_policy
from auditor.sandbox.kinds.server_certificates import Certificate, planted_certificates
from auditor.sandbox.permissions import BoxedGroup, BoxedRole, BoxedUser, Grants, Permissions
from auditor.sandbox.policies import CLOUD_SHELL, CUSTOMER, INLINE, PLAIN, READ_ONLY, SUPPORT
from auditor.sandbox.roots import roots
from tests.expected import Expected
from tests.expected.account import ALWAYS_MANUAL, PASSWORD_CONTROLS, instances_judged, judged, root_judged
from tests.expected.gaps import lists_of_providers
from tests.expected.kinds import ACCOUNT_KINDS, DEFAULT_KINDS
from tests.expected.permissions import (
    PERMISSION_CONTROLS,
    analyzers_judged,
    covered_regions,
    permissions_judged,
)
from tests.expected.reports import REPORT_CONTROLS

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(as_of=AS_OF)
ROOTS = roots(AS_OF)
NOBODY = Permissions((), (), (), ())
ACCOUNT = PlantedAccount("012345678901", "ACTIVE", True, "", ROOTS["never-used"], ())


def _evidence(root: RootEvidence) -> PlantedEvidence:
    """An account in which all is well but, maybe, its root."""
    plain = PlantedEvidence(
        options=OPTIONS,
        management_id="999999999999",
        account_id="012345678901",
        rank=1,
        root=root,
        users=(),
        regions=("us-east-1", "eu-west-1"),
        short_pages=False,
    )
    sound = plain.but(planted_policy, PasswordPolicy()).but(planted_certificates, ())
    return sound.but(has_security_contact, True)


EVIDENCE = _evidence(RootEvidence())


def _judged(
    evidence: PlantedEvidence, facts: PlantedAccount = ACCOUNT, without: Iterable[str] = (), status: str = "FAIL"
) -> set[str]:
    had = frozenset(ACCOUNT_KINDS) - frozenset(without)
    found = [*root_judged(facts, evidence, had), *judged(evidence, had, AS_OF)]
    return {f"{control} {name}".strip() for was, control, name in found if was == status}


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        (PasswordPolicy(), set()),
        (PasswordPolicy(length=13), {"min-length-14"}),
        (PasswordPolicy(length=15), set()),
        (PasswordPolicy(reuse=23), {"reuse-24"}),
        (PasswordPolicy(reuse=None), {"reuse-24"}),
        (PasswordPolicy(max_age=1), set()),
        (PasswordPolicy(max_age=89), set()),
        (PasswordPolicy(max_age=91), {"expiry-90d"}),
        (PasswordPolicy(max_age=0), {"expiry-90d"}),
        (PasswordPolicy(expires=False), {"expiry-90d"}),
        (PasswordPolicy(expires=True, max_age=None), {"expiry-90d"}),
        (PasswordPolicy(uppercase=False), {"uppercase"}),
        (PasswordPolicy(lowercase=False), {"lowercase"}),
        (PasswordPolicy(symbol=False), {"symbol"}),
        (PasswordPolicy(number=False), {"number"}),
    ],
)
def test_password_policies(policy: PasswordPolicy, verdicts: set[str]) -> None:
    assert _judged(EVIDENCE.but(planted_policy, policy)) == {f"password-policy-{word}" for word in verdicts}


def test_no_password_policy_fails_all_and_no_evidence_decides_none() -> None:
    none = EVIDENCE.but(planted_policy, None)
    assert _judged(none) == set(PASSWORD_CONTROLS)
    assert len(PASSWORD_CONTROLS) == 7
    assert _judged(none, without=["password-policy"]) == set()
    assert _judged(none, without=["password-policy"], status="NO_EVIDENCE") == set(PASSWORD_CONTROLS)


HARDWARE = {"root-hardware-mfa <root_account>", "root-hardware-mfa-always <root_account>"}
ALWAYS = {"root-hardware-mfa-always <root_account>"}


@pytest.mark.parametrize(
    ("root", "summary", "verdicts"),
    [
        ("never-used", RootEvidence(), set()),
        ("never-used", RootEvidence(virtual_mfa=True), HARDWARE),
        ("never-used", RootEvidence(mfa=False), HARDWARE),
        ("without-mfa", RootEvidence(mfa=False), HARDWARE),
        ("without-mfa", RootEvidence(mfa=True), HARDWARE),
        ("no-password", RootEvidence(password_present=False, virtual_mfa=True), ALWAYS),
        ("no-password-no-mfa", RootEvidence(mfa=False, password_present=False), ALWAYS),
        ("no-password-no-mfa", RootEvidence(mfa=False, password_present=True), HARDWARE),
        ("not-supported", RootEvidence(virtual_mfa=True), HARDWARE),
    ],
)
def test_hardware_mfa_of_root(root: str, summary: RootEvidence, verdicts: set[str]) -> None:
    assert _judged(_evidence(summary), replace(ACCOUNT, root=ROOTS[root])) == verdicts


def test_root_without_a_summary_or_a_list_of_devices() -> None:
    names = {"root-hardware-mfa", "root-hardware-mfa-always"}
    assert _judged(EVIDENCE, without=["virtual-mfa-devices"], status="NO_EVIDENCE") == names
    assert _judged(EVIDENCE, without=["account-summary"], status="NO_EVIDENCE") == {"root-no-access-key"}
    active = replace(ACCOUNT, root=ROOTS["active-key-1"])
    assert _judged(EVIDENCE, active, ["account-summary"], "NO_EVIDENCE") == set()
    without_mfa = replace(ACCOUNT, root=ROOTS["without-mfa"])
    assert _judged(EVIDENCE, without_mfa, ["virtual-mfa-devices"]) == HARDWARE


def test_certificates_expire_at_the_very_second() -> None:
    ends = {
        word: Certificate(word, AS_OF + timedelta(seconds=s)) for s, word in ((-1, "over"), (0, "now"), (1, "left"))
    }
    evidence = EVIDENCE.but(planted_certificates, tuple(ends.values()))
    assert _judged(evidence) == {f"expired-server-certs-removed {word}" for word in ("over", "now")}
    assert _judged(evidence, without=["server-certificates"]) == set()


def test_contacts() -> None:
    without = EVIDENCE.but(has_security_contact, False)
    assert _judged(without) == {"security-contact-registered"}
    assert _judged(without, without=["contacts"]) == set()
    assert _judged(without, without=["contacts"], status="NO_EVIDENCE") == {"security-contact-registered"}


def test_running_instances_need_a_profile() -> None:
    states = [("running", True), ("running", False), ("stopped", False), ("terminated", False), ("pending", False)]
    instances = tuple(Instance(f"i-{n}", "us-east-1", *state) for n, state in enumerate(states))
    instances += (Instance("i-far", "eu-west-1", "running", False),)
    fail, lost = (("FAIL", "ec2-instance-role-used", "i-1"), ("NO_EVIDENCE", "ec2-instance-role-used", ""))
    far = ("FAIL", "ec2-instance-role-used", "i-far")
    assert list(instances_judged(instances, frozenset())) == [fail, far]
    assert list(instances_judged(instances, frozenset({"eu-west-1"}))) == [lost, fail]
    assert list(instances_judged(instances, None)) == [lost]


# --- Permissions ---


HYGIENE = ("no-inline-full-admin", "no-inline-near-admin", "no-near-admin-policy")


def test_inline_policies_count_wherever_they_stand() -> None:
    for name, text, full, near in INLINE:
        grants = Grants(inline=((name, text),))
        for whole in (
            replace(NOBODY, users=(_user("x", inline=grants.inline),)),
            replace(NOBODY, groups=(BoxedGroup("x", grants),)),
            replace(NOBODY, roles=(replace(HELPER, name="x", grants=grants),)),
        ):
            failed = {f"{c} x" for c, truth in zip(HYGIENE, (full, near), strict=False) if truth}
            assert {f for f in _permissions(whole) if f.startswith("no-inline")} == failed
            left_open = _permissions(whole, "NO_EVIDENCE")
            assert left_open == ({"no-inline-full-admin", "no-inline-near-admin"} if full is None else set())


def _permissions(permissions: Permissions, status: str = "FAIL") -> set[str]:
    found = permissions_judged(permissions, had=True)
    return {f"{control} {name}".strip() for was, control, name in found if was == status}


def _user(name: str, **grants: object) -> BoxedUser:
    return BoxedUser(User(name, AS_OF), ("developers",), Grants(**grants))  # type: ignore[arg-type]


HELPER = BoxedRole("helper", "", grants=Grants((SUPPORT,)))


def test_permissions_of_users() -> None:
    users = (_user("group"), _user("inline", inline=(("a", "{}"),)), _user("attached", attached=(READ_ONLY,)))
    found = _permissions(replace(NOBODY, users=users, roles=(HELPER,), policies=(SUPPORT, READ_ONLY)))
    assert found == {"user-permissions-via-groups inline", "user-permissions-via-groups attached"}


def test_full_admin_policies_count_where_they_are_attached() -> None:
    def found(*policies: object, status: str = "FAIL") -> set[str]:
        given = tuple(policies)
        whole = replace(NOBODY, groups=(BoxedGroup("g", Grants(given)),), roles=(HELPER,), policies=(*given, *CUSTOMER))  # type: ignore[arg-type]
        return _permissions(whole, status)

    named = {policy.name: policy for policy in CUSTOMER}
    assert found(named["full-admin-text"], named["all-but-iam"]) == {"no-full-admin-policy full-admin-text"}
    assert found(PLAIN) == set()
    assert found(named["not-json"]) == set()
    assert found(named["not-json"], status="NO_EVIDENCE") == {"no-full-admin-policy", "no-near-admin-policy"}
    assert found(named["all-but-billing"], named["all-but-iam"]) == {"no-near-admin-policy all-but-billing"}


def test_support_needs_a_role() -> None:
    user = replace(NOBODY, users=(_user("u", attached=(SUPPORT,)),), policies=(SUPPORT,))
    assert "support-role-exists" in _permissions(user)
    assert "support-role-exists" in _permissions(replace(NOBODY, groups=(BoxedGroup("g", Grants((SUPPORT,))),)))
    assert "support-role-exists" not in _permissions(replace(NOBODY, roles=(HELPER,)))


def test_cloud_shell_and_trust_are_for_people_to_decide() -> None:
    group = BoxedGroup("g", Grants((CLOUD_SHELL,)))
    assert _permissions(replace(NOBODY, groups=(group,)), "MANUAL") == {
        *("cloudshell-full-access-restricted", "resource-policy-no-open-principal")
    }
    assert _permissions(NOBODY, "MANUAL") == {"resource-policy-no-open-principal"}
    open_role = replace(HELPER, trusts_all=True)
    assert _permissions(replace(NOBODY, roles=(open_role,))) == {f"resource-policy-no-open-principal {HELPER.name}"}
    assert _permissions(replace(NOBODY, roles=(open_role,)), "MANUAL") == {"resource-policy-no-open-principal"}


@pytest.mark.parametrize(
    ("analyzers", "covered", "fails"),
    [
        ([("us-east-1", "ACCOUNT"), ("eu-west-1", "ACCOUNT")], set(), False),
        ([("us-east-1", "ACCOUNT"), ("eu-west-1", "ORGANIZATION")], set(), False),
        ([("us-east-1", "ACCOUNT")], set(), True),
        ([("us-east-1", "ACCOUNT")], {"eu-west-1"}, False),
        ([], {"eu-west-1"}, True),
        ([("us-east-1", "ACCOUNT"), ("eu-west-1", "ACCOUNT_UNUSED_ACCESS")], set(), True),
        ([("us-east-1", "ACCOUNT"), ("eu-west-1", "ACCOUNT", "DISABLED")], set(), True),
        ([("us-east-1", "ACCOUNT"), ("eu-west-1", "ACCOUNT", "FAILED")], set(), True),
        ([("us-east-1", "ACCOUNT"), ("eu-west-1", "ACCOUNT", "CREATING")], set(), True),
        ([("us-east-1", "ACCOUNT"), ("ap-southeast-2", "ACCOUNT")], set(), True),
    ],
)
def test_analyzers(analyzers: list[tuple[str, ...]], covered: set[str], fails: bool) -> None:
    evidence = EVIDENCE.but(planted_analyzers, tuple(Analyzer(*given) for given in analyzers))
    found = list(analyzers_judged(evidence, frozenset(covered), frozenset()))
    assert found == ([("FAIL", "access-analyzer-all-regions", "")] if fails else [])


@pytest.mark.parametrize(
    ("analyzers", "covered", "silent", "verdict"),
    [
        (["us-east-1", "eu-west-1"], set(), {"eu-west-1"}, "NO_EVIDENCE"),
        (["us-east-1"], set(), {"eu-west-1"}, "NO_EVIDENCE"),
        (["us-east-1"], {"eu-west-1"}, {"eu-west-1"}, ""),
        (["eu-west-1"], set(), {"eu-west-1"}, "FAIL"),
        ([], set(), {"us-east-1", "eu-west-1"}, "NO_EVIDENCE"),
        (["us-east-1", "eu-west-1"], {"us-east-1"}, None, "NO_EVIDENCE"),
    ],
)
def test_regions_that_gave_no_answer(
    analyzers: list[str], covered: set[str], silent: set[str] | None, verdict: str
) -> None:
    evidence = EVIDENCE.but(planted_analyzers, tuple(Analyzer(region, "ACCOUNT") for region in analyzers))
    found = analyzers_judged(evidence, frozenset(covered), None if silent is None else frozenset(silent))
    assert [status for status, *_ in found] == ([verdict] if verdict else [])


def test_only_working_analyzers_of_the_organization_cover_other_accounts() -> None:
    kinds = ("ORGANIZATION", "ORGANIZATION_UNUSED_ACCESS", "ACCOUNT")
    given = [Analyzer(kind, kind) for kind in kinds] + [Analyzer("failed", "ORGANIZATION", "FAILED")]
    assert covered_regions(EVIDENCE.but(planted_analyzers, tuple(given))) == {"ORGANIZATION"}


# --- The whole box ---


def _victim(box: Sandbox, fault: str) -> str:
    return next(account_id for account_id, planted in box.faults.items() if planted == fault)


def test_default_denials_leave_their_accounts_assessed_with_a_gap() -> None:
    box = Sandbox(OPTIONS)
    by_fault = {box.faults[account]: tuple(gap) for account, *gap in Expected(box).evidence_gaps()}
    assert by_fault == {
        "deny:GetAccountSummary": ("account-summary", "fetch", "AccessDenied"),
        "deny:GetAccountPasswordPolicy": ("password-policy", "fetch", "AccessDenied"),
        "deny:GetAccountAuthorizationDetails": ("authorization-details", "fetch", "AccessDenied"),
        "deny:ListAnalyzers@us-east-1": ("access-analyzers", "fetch", "AccessDeniedException"),
        "deny:GetAlternateContact,GetContactInformation": ("contacts", "fetch", "AccessDeniedException"),
    }
    outcomes = Expected(box).outcomes()
    assert {outcomes[_victim(box, fault)] for fault in by_fault} == {"assessed"}


@pytest.mark.parametrize(
    ("fault", "controls"),
    [
        ("deny:GetAccountPasswordPolicy", set(PASSWORD_CONTROLS)),
        (
            "deny:GetAccountAuthorizationDetails",
            {
                *("user-permissions-via-groups", "no-full-admin-policy", "support-role-exists"),
                *("cloudshell-full-access-restricted", "resource-policy-no-open-principal"),
                *HYGIENE,
            },
        ),
        ("deny:ListAnalyzers", {"access-analyzer-all-regions"}),
        ("deny:GetAlternateContact,GetContactInformation", {"security-contact-registered"}),
        ("deny:GetAlternateContact", {"security-contact-registered"}),
        ("deny:GetContactInformation", set()),
    ],
)
def test_a_denial_takes_the_verdicts_that_need_it_and_no_others(fault: str, controls: set[str]) -> None:
    whole = Sandbox(replace(OPTIONS, faulty=False))
    victim = whole.organization.active[4].id
    box = Sandbox(replace(OPTIONS, faulty=False, faults={victim: fault}))
    lost = {control for account, control in Expected(box).no_evidence() if account == victim}
    assert lost == controls | {c for a, c in Expected(whole).no_evidence() if a == victim}
    gone = Expected(whole).failures() - Expected(box).failures()
    assert {(account, control) for account, control, *_ in gone} <= {(victim, control) for control in controls}
    assert Expected(box).failures() <= Expected(whole).failures()


def test_without_a_summary_root_keys_are_undecided_where_the_report_shows_none() -> None:
    whole = Sandbox(replace(OPTIONS, faulty=False))
    inactive = next(
        a.id
        for a in whole.organization.active
        if whole.evidence(a.id).root.keys_present and not _any_active(whole.facts(a.id))
    )
    failed = (inactive, "root-no-access-key", "<root_account>", "")
    assert failed in Expected(whole).failures()
    box = Sandbox(replace(OPTIONS, faulty=False, faults={inactive: "deny:GetAccountSummary"}))
    assert failed not in Expected(box).failures()
    assert (inactive, "root-no-access-key") in Expected(box).no_evidence()


def _any_active(facts: PlantedAccount) -> bool:
    return facts.root is not None and (facts.root.key_1.active or facts.root.key_2.active)


def test_calls_that_the_summary_spares_leave_no_gap() -> None:
    whole = Sandbox(replace(OPTIONS, faulty=False))
    bare = next(a.id for a in whole.organization.active if not whole.evidence(a.id).of(planted_certificates))
    having = next(a.id for a in whole.organization.active if whole.evidence(a.id).of(planted_certificates))
    denied, both = "deny:ListServerCertificates", "deny:ListServerCertificates,GetAccountSummary"
    for account, fault, kinds in (
        (bare, denied, set()),
        (having, denied, {"server-certificates"}),
        (bare, both, {"server-certificates", "account-summary"}),
    ):
        box = Sandbox(replace(OPTIONS, faulty=False, faults={account: fault}))
        assert {gap[1] for gap in Expected(box).evidence_gaps()} == kinds


SAML, OIDC = "ListSAMLProviders", "ListOpenIDConnectProviders"
LISTS = ((), (SAML,), (OIDC,), (SAML, OIDC), (OIDC, SAML))  # for each kind of account


def test_a_second_list_of_identity_providers_is_asked_for_where_the_first_is_not_all() -> None:
    assert [lists_of_providers(found, found.trusted) for found in PROVIDERS] == list(LISTS)
    whole = Sandbox(replace(OPTIONS, faulty=False))
    for number, (planted, lists) in enumerate(zip(PROVIDERS, LISTS, strict=True)):
        seen = (whole.evidence(account.id) for account in whole.organization.active)
        victim = next(
            e for e in seen if planted.below(f"arn:aws:iam::{e.account_id}:") == e.of(planted_providers)
        ).account_id
        for denied, asked in (
            (SAML, SAML in lists),
            (OIDC, OIDC in lists),
            (f"{OIDC},GetAccountSummary", True),
            # SAML comes first then, and nobody knows whom roles trust.
            (f"{OIDC},GetAccountAuthorizationDetails", bool(planted.oidc)),
        ):
            box = Sandbox(replace(OPTIONS, faulty=False, faults={victim: f"deny:{denied}"}))
            gap = (victim, "identity-providers", "fetch", "AccessDenied")
            assert (gap in Expected(box).evidence_gaps()) == asked, (denied, number)


def test_root_needs_no_mfa_in_the_govcloud_partition_where_the_report_was_had() -> None:
    box = Sandbox(replace(OPTIONS, partition="aws-us-gov"))
    plain = Sandbox(OPTIONS)
    controls = {"root-mfa", "root-mfa-always", "root-hardware-mfa", "root-hardware-mfa-always"}
    assert controls <= {control for _, control, *_ in Expected(plain).failures()}
    assert not controls & {control for _, control, *_ in Expected(box).failures()}
    lost = {account for account, control in Expected(box).no_evidence() if control in controls}
    assert lost == {i for i, outcome in Expected(box).outcomes().items() if outcome == "not_assessed"}


def test_an_analyzer_of_the_organization_covers_others_only_where_it_was_read() -> None:
    plain = Sandbox(replace(OPTIONS, faulty=False))
    management, member = (a.id for a in plain.organization.active[:2])
    blind = Sandbox(replace(OPTIONS, faulty=False, faults={management: "deny:ListAnalyzers"}))
    elsewhere = Sandbox(replace(OPTIONS, faulty=False, caller_account=member))

    def failing(box: Sandbox) -> set[str]:
        return {a for a, control, *_ in Expected(box).failures() if control == "access-analyzer-all-regions"}

    def undecided(box: Sandbox) -> set[str]:
        return {a for a, control in Expected(box).no_evidence() if control == "access-analyzer-all-regions"}

    assert failing(plain)
    assert not undecided(plain)
    assert not failing(blind)
    assert failing(plain) | {management} < undecided(blind)  # those that it covers, too
    assert not failing(elsewhere)  # where no role can be assumed in the management account
    assert failing(plain) < undecided(elsewhere)
    gap = (management, "access-analyzers", "fetch", "AccessDeniedException")
    assert Expected(blind).evidence_gaps() == {gap}


def test_verdicts_follow_the_evidence_that_was_collected() -> None:
    box = Sandbox(OPTIONS)
    report_only = Expected(box, {"credential-report"}).failures()
    assert report_only < Expected(box).failures()
    new = {control for _, control, *_ in Expected(box).failures()} - {control for _, control, *_ in report_only}
    assert new == {
        *PASSWORD_CONTROLS,
        *("expired-server-certs-removed", "security-contact-registered", "access-analyzer-all-regions"),
        *("user-permissions-via-groups", "no-full-admin-policy", "support-role-exists"),
        "resource-policy-no-open-principal",
        *HYGIENE,
    }
    instances = Expected(box, DEFAULT_KINDS | {"ec2-instances"}).failures() - Expected(box).failures()
    assert {control for _, control, *_ in instances} == {"ec2-instance-role-used"}
    assert all(name.startswith("i-") for _, _, name, _ in instances)


def test_the_organization_as_a_whole() -> None:
    both = {"org-root-access-centralized", "org-policies-delegated-admin"}
    for options, failed in (
        (OPTIONS, set()),
        (replace(OPTIONS, central_root=False), {"org-root-access-centralized"}),
        (replace(OPTIONS, policy_delegate=False), {"org-policies-delegated-admin"}),
        (replace(OPTIONS, central_root=False, policy_delegate=False, in_organization=False), set()),
    ):
        box = Sandbox(options)
        found = {(account, c) for account, c, *_ in Expected(box).failures() if c.startswith("org-")}
        assert found == {(box.organization.management_id, control) for control in failed}
    management = Sandbox(OPTIONS).organization.management_id
    denied = "deny:ListOrganizationsFeatures,DescribeResourcePolicy"
    box = Sandbox(replace(OPTIONS, central_root=False, policy_delegate=False, faults={management: denied}))
    assert {c for _, c in Expected(box).no_evidence() if c.startswith("org-")} == both
    assert not {c for _, c, *_ in Expected(box).failures()} & both


def test_what_is_left_to_people() -> None:
    box = Sandbox(OPTIONS)
    manual = Expected(box).manual()
    scope = {i for i, outcome in Expected(box).outcomes().items() if outcome != "excluded"}
    for control in ("security-questions-set", "s3-block-public-access", "ec2-instance-role-used"):
        assert {account for account, found in manual if found == control} == scope
    shell = {account for account, found in manual if found == "cloudshell-full-access-restricted"}
    assert set() < shell < scope
    of_organization = {found for account, found in manual if found.startswith("org-")}
    assert len(of_organization) == 4
    assert manual.isdisjoint(Expected(box).no_evidence())
    failed = {(account, control) for account, control, *_ in Expected(box).failures()}
    assert {control for _, control in manual & failed} == {"resource-policy-no-open-principal"}, (
        "of roles, and the rest"
    )


def test_other_evidence_of_an_account_without_a_usable_report_is_judged() -> None:
    whole = Sandbox(replace(OPTIONS, faulty=False))
    victim = whole.organization.active[4].id
    of_report = Expected(whole, {"credential-report"}).failures()
    beside = {f for f in Expected(whole).failures() - of_report if f[0] == victim and not f[1].startswith("root-")}
    assert len({control for _, control, *_ in beside}) > 2
    for fault in ("html", "stuck", "report-denied", "bad-value"):
        box = Sandbox(replace(OPTIONS, faulty=False, faults={victim: fault}))
        assert {failure for failure in Expected(box).failures() if failure[0] == victim} == beside
        lost = {control for account, control in Expected(box).no_evidence() if account == victim}
        assert lost == set(REPORT_CONTROLS) | {c for a, c in Expected(whole).no_evidence() if a == victim}


def test_an_account_that_cannot_be_entered_has_no_verdict_but_those_of_people() -> None:
    plain = Sandbox(replace(OPTIONS, faulty=False))
    victim = plain.organization.active[4].id
    box = Sandbox(replace(OPTIONS, faulty=False, faults={victim: "denied"}))
    assert victim not in {account for account, *_ in Expected(box).failures()}
    lost = {control for account, control in Expected(box).no_evidence() if account == victim}
    others = {*("access-analyzer-all-regions", "security-contact-registered", "expired-server-certs-removed")}
    assert lost == {*REPORT_CONTROLS, *PASSWORD_CONTROLS, *PERMISSION_CONTROLS} | others
    left = {control for account, control in Expected(box).manual() if account == victim}
    assert left == {*ALWAYS_MANUAL, "ec2-instance-role-used"}
    everything = Expected(box, DEFAULT_KINDS | {"ec2-instances"}).no_evidence()
    assert (victim, "ec2-instance-role-used") in everything


def test_a_partition_without_the_account_service_has_no_contacts() -> None:
    box = Sandbox(replace(OPTIONS, partition="aws-us-gov", faulty=False))
    gaps = Expected(box).evidence_gaps()
    assert {gap[1:] for gap in gaps} == {("contacts", "fetch", "UnknownOperationException")}
    assert {gap[0] for gap in gaps} == {i for i, o in Expected(box).outcomes().items() if o == "assessed"}


@pytest.mark.parametrize(
    ("fault", "gap"),
    [
        ("deny:GenerateCredentialReport", ("generate", "AccessDenied")),
        ("deny:GetCredentialReport", ("fetch", "AccessDenied")),
        ("deny:GetAccountSummary,GetCredentialReport", ("fetch", "AccessDenied")),
    ],
)
def test_a_denied_report_leaves_the_account_not_assessed(fault: str, gap: tuple[str, str]) -> None:
    victim = Sandbox(OPTIONS).organization.active[3].id
    box = Sandbox(replace(OPTIONS, faulty=False, faults={victim: fault}))
    assert Expected(box).outcomes()[victim] == "not_assessed"
    assert Expected(box).gaps() == {victim: gap}


@pytest.mark.parametrize("fault", ["deny:", "deny:GetEverything", "deny:GetAccountSummary,", "denied:x"])
def test_denials_of_nothing_known_are_refused(fault: str) -> None:
    victim = Sandbox(OPTIONS).organization.active[3].id
    with pytest.raises(ValueError, match="unknown faults"):
        Sandbox(replace(OPTIONS, faults={victim: fault}))
