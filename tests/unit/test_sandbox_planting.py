"""What is planted beside the reports: every kind and each boundary, in accounts that are assessed, as promised."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.kinds.access_analyzers import planted_analyzers
from auditor.sandbox.kinds.authorization_details import planted_permissions
from auditor.sandbox.kinds.contacts import has_security_contact
from auditor.sandbox.kinds.ec2_instances import planted_instances
from auditor.sandbox.kinds.identity_providers import PROVIDERS, planted_providers
from auditor.sandbox.kinds.password_policy import GOOD_POLICY, PASSWORD_POLICIES, planted_policy
from auditor.sandbox.kinds.server_certificates import planted_certificates
from auditor.sandbox.permits import ADMINISTRATORS, SHELL_USERS, SUPPORTERS
from auditor.sandbox.policies import ATTACHED_TO_NOBODY, CUSTOMER, ONLY_A_BOUNDARY, TRUSTS
from tests.expected import Expected

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(as_of=AS_OF)


@cache
def _box() -> Sandbox:
    return Sandbox(OPTIONS)


@cache
def _healthy() -> tuple[PlantedEvidence, ...]:
    """The evidence of all accounts without a fault that are assessed, members only."""
    box = _box()
    outcomes = Expected(box).outcomes()
    wanted = [a.id for a in box.organization.active if outcomes[a.id] == "assessed" and not a.is_management]
    return tuple(box.evidence(account_id) for account_id in wanted if account_id not in box.faults)


def test_enough_accounts_are_healthy() -> None:
    assert len(_healthy()) > 30


# --- Account-wide ---


def test_every_password_policy_is_planted() -> None:
    assert {e.of(planted_policy) for e in _healthy()} == set(PASSWORD_POLICIES)


@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("length", {6, 13, 14, 15}),
        ("reuse", {None, 23, 24}),
        ("max_age", {None, 0, 89, 90, 91}),
        ("expires", {True, False}),
        ("uppercase", {True, False}),
        ("lowercase", {True, False}),
        ("symbol", {True, False}),
        ("number", {True, False}),
    ],
)
def test_boundaries_of_password_policies(member: str, values: set[Any]) -> None:
    policies = [policy for e in _healthy() if (policy := e.of(planted_policy)) is not None]
    assert {getattr(policy, member) for policy in policies} == values
    assert len(policies) < len(_healthy()), "some account has no policy"


def test_certificates_end_within_a_second_of_the_as_of_time() -> None:
    left = {(c.expires - AS_OF).total_seconds() for e in _healthy() for c in e.of(planted_certificates)}
    assert {-1, 0, 1} < left
    assert any(not e.of(planted_certificates) for e in _healthy())
    assert any(len(e.of(planted_certificates)) > 1 for e in _healthy())


def test_every_kind_of_analyzers_is_planted() -> None:
    def described(evidence: PlantedEvidence) -> tuple[tuple[int, str, str], ...]:
        return tuple((evidence.regions.index(a.region), a.type, a.status) for a in evidence.of(planted_analyzers))

    everywhere = [e for e in _healthy() if len(e.regions) == 4]
    found = {described(evidence) for evidence in everywhere}
    good = tuple((number, "ACCOUNT", "ACTIVE") for number in range(4))
    others = [(0, "ACCOUNT_UNUSED_ACCESS", "ACTIVE"), (0, "ACCOUNT", "DISABLED"), (0, "ACCOUNT", "FAILED")]
    wanted = {good, (), good[1:], (good[0], *good[2:]), (good[0], *good[2:], (1, "ACCOUNT", "CREATING"))}
    assert found == wanted | {(*good[1:], other) for other in others}


def test_some_account_has_a_region_that_is_off() -> None:
    assert {len(e.regions) for e in _healthy()} == {3, 4}
    assert {e.regions[-1] == OPTIONS.opt_in_region for e in _healthy()} == {True, False}
    one = Sandbox(replace(OPTIONS, regions=("eu-west-1",)))
    assert {one.regions(a.id) for a in one.organization.accounts} == {("eu-west-1",)}


def test_contacts_providers_and_instances_of_every_kind() -> None:
    assert {e.of(has_security_contact) for e in _healthy()} == {True, False}
    prefixes = {e.account_id: f"arn:aws:iam::{e.account_id}:" for e in _healthy()}
    for providers in PROVIDERS:
        assert any(e.of(planted_providers) == providers.below(prefixes[e.account_id]) for e in _healthy())
    states = {(i.state, i.has_profile) for e in _healthy() for i in e.of(planted_instances)}
    assert {("running", True), ("running", False), ("stopped", False), ("terminated", False)} <= states


def test_summary_and_report_disagree_about_root_in_some_accounts() -> None:
    pairs = [(_box().facts(e.account_id).root, e.root) for e in _healthy()]
    told = [(root, summary) for root, summary in pairs if root is not None]
    assert {(root.mfa, summary.mfa) for root, summary in told} == {(a, b) for a in (True, False) for b in (True, False)}
    assert any(root.password.enabled is False and summary.password_present for root, summary in told)
    assert any(root.password.enabled is False and not summary.password_present for root, summary in told)
    inactive = [s for root, s in told if s.keys_present and not (root.key_1.active or root.key_2.active)]
    assert inactive
    assert {summary.virtual_mfa for _, summary in told} == {True, False}
    assert all(summary.mfa for _, summary in told if summary.virtual_mfa)


def test_nothing_tells_of_root_where_the_report_cannot() -> None:
    silent = [i for i, fault in _box().faults.items() if fault in ("no-root-row", "missing-columns")]
    assert len(silent) == 2
    for account_id in silent:
        summary = _box().evidence(account_id).root
        assert (summary.mfa, summary.keys_present, summary.virtual_mfa) == (True, 0, False)


# --- Permissions ---


def test_users_of_the_permissions_are_those_of_the_report() -> None:
    for evidence in _healthy():
        assert [b.user for b in evidence.of(planted_permissions).users] == list(_box().facts(evidence.account_id).users)


def test_every_way_of_having_permissions() -> None:
    ways = Counter(
        (bool(b.grants.inline), bool(b.grants.attached), bool(b.groups))
        for e in _healthy()
        for b in e.of(planted_permissions).users
    )
    assert {(True, False, True), (False, True, True), (True, True, True), (False, False, False)} <= ways.keys()
    assert ways[False, False, True] > sum(ways.values()) / 2, "most users have groups only"


def test_every_customer_policy_is_planted_and_attached_as_its_name_says() -> None:
    seen = Counter[str]()
    for evidence in _healthy():
        attached = evidence.of(planted_permissions).attachments()
        for policy in evidence.of(planted_permissions).policies:
            seen[policy.name] += 1
            if not policy.owner:
                assert bool(attached[policy.name]) is (policy.name not in (ATTACHED_TO_NOBODY, ONLY_A_BOUNDARY))
    assert {policy.name for policy in CUSTOMER} < seen.keys()
    assert len({policy.name for policy in CUSTOMER}) == len(CUSTOMER)
    boundaries = {g.boundary.name for e in _healthy() for g in e.of(planted_permissions).grants() if g.boundary}
    assert boundaries == {ONLY_A_BOUNDARY}


def test_policies_are_attached_to_users_groups_and_roles() -> None:
    of = {policy.name for policy in CUSTOMER}
    for entities in ("users", "groups", "roles"):
        grants = [g.grants for e in _healthy() for g in getattr(e.of(planted_permissions), entities)]
        assert {policy.name for grant in grants for policy in grant.attached} & of, entities


# Written out by hand: whether the version in force allows all actions on all resources.
FULL = {
    *("full-admin-text", "full-admin-lists", "full-admin-star-colon-star", "full-admin-two-stars"),
    *("full-admin-among-others", "full-admin-with-condition", "full-admin-one-statement"),
    "full-admin-beside-a-deny",
    *("full-admin-by-default-version", ATTACHED_TO_NOBODY, ONLY_A_BOUNDARY),
}


def test_planted_truths_about_policies() -> None:
    assert {policy.name for policy in CUSTOMER if policy.allows_all} == FULL
    assert {policy.name for policy in CUSTOMER if policy.allows_all is None} == {"not-json", "not-a-policy"}
    for policy in CUSTOMER:
        (text,) = [version.document for version in policy.versions if version.id == policy.default]
        if policy.name == "not-a-policy":
            assert not isinstance(json.loads(text), dict)
        elif policy.allows_all is None:
            with pytest.raises(ValueError, match="Expecting"):
                json.loads(text)
        else:
            assert _allows_all(json.loads(text)) is policy.allows_all, policy.name


def _allows_all(read: dict[str, Any]) -> bool:
    listed = read["Statement"] if isinstance(read["Statement"], list) else [read["Statement"]]
    return any(
        s["Effect"] == "Allow"
        and {"*", "*:*", "**"} & set(_texts(s.get("Action", [])))
        and "*" in _texts(s.get("Resource", []))
        for s in listed
    )


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_versions_that_are_not_in_force_differ_from_those_that_are() -> None:
    named = {policy.name: policy for policy in CUSTOMER}
    for name in ("full-admin-in-old-version", "full-admin-in-newer-version"):
        policy = named[name]
        truths = {v.id: _allows_all(json.loads(v.document)) for v in policy.versions}
        assert truths.pop(policy.default) is False
        assert set(truths.values()) == {True}


def test_every_trust_policy_is_planted() -> None:
    roles = [role for e in _healthy() for role in e.of(planted_permissions).roles]
    assert {name for name, _, _ in TRUSTS} < {role.name for role in roles}
    assert {role.name for role in roles if role.trusts_all} == {
        *("trusts-star", "trusts-aws-star", "trusts-star-in-list", "trusts-star-second", "trusts-star-over-tls"),
        *("trusts-star-with-external-id", "trusts-star-of-any-organization", "trusts-star-not-of-organization"),
    }
    texts = "".join(role.trust for role in roles)
    assert all(word in texts for word in ("aws:PrincipalOrgID", "Federated", "AssumeRoleWithSAML", '"Service"'))
    assert any(role.path.startswith("/aws-service-role/") for role in roles)


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("AWSSupportAccess", set(SUPPORTERS)),
        ("AWSCloudShellFullAccess", set(SHELL_USERS)),
        ("AdministratorAccess", set(ADMINISTRATORS)),
    ],
)
def test_policies_of_aws_are_attached_to_each_kind_or_to_nobody(name: str, places: set[str]) -> None:
    assert {place for e in _healthy() for place in _places(e, name)} == places
    assert places >= {"group", "role", "user", "nobody"}


def _places(evidence: PlantedEvidence, name: str) -> Iterator[str]:
    permissions = evidence.of(planted_permissions)
    if not permissions.attachments()[name]:
        yield "listed" if name in {policy.name for policy in permissions.policies} else "nobody"
    for kind in ("user", "group", "role"):
        if any(name == p.name for g in getattr(permissions, f"{kind}s") for p in g.grants.attached):
            yield kind


def test_some_accounts_have_short_pages_and_enough_to_fill_them() -> None:
    short = [e.of(planted_permissions) for e in _healthy() if e.short_pages]
    assert len(short) >= 2
    assert all(len(p.users) + len(p.groups) + len(p.roles) + len(p.policies) > 14 for p in short)


@pytest.mark.parametrize(
    ("every", "ranks"), [(0, set()), (1, {0, 1, 2, 3, 4, 5, 6, 7, 8}), (2, {1, 3, 5, 7}), (5, {3, 8})]
)
def test_how_many_accounts_have_short_pages(every: int, ranks: set[int]) -> None:
    box = Sandbox(replace(OPTIONS, short_pages_every=every))
    assert {rank for rank in range(9) if box.evidence(box.organization.active[rank].id).short_pages} == ranks
    with pytest.raises(ValueError, match="negative"):
        replace(OPTIONS, short_pages_every=-1)


def test_third_keys_are_planted_where_the_report_counts_them() -> None:
    for account in _box().organization.active:
        report = _box().report(account.id).decode()
        users = [user for user in _box().facts(account.id).users if user.more_keys]
        fault = _box().faults.get(account.id, "")
        if not fault or fault.startswith("deny:"):
            told = [report.count(f"Additional access keys: {count}.") for count in (1, 3)]
            assert told == [sum(len(user.more_keys) == count for user in users) for count in (1, 3)]
    names = {user.name for e in _healthy() for user in e.users if user.more_keys}
    assert names == {"inactive-third-key", "third-key-of-setup", "third-key", "further-keys"}


# --- The whole ---


def test_the_same_options_plant_the_same_in_any_order() -> None:
    one, other = Sandbox(OPTIONS), Sandbox(OPTIONS)
    ids = [account.id for account in one.organization.active]
    forwards = [one.evidence(account_id) for account_id in ids]
    backwards = [other.evidence(account_id) for account_id in reversed(ids)]
    assert forwards == backwards[::-1]
    for plant in (planted_permissions, planted_analyzers, planted_instances, planted_providers, planted_policy):
        assert [e.of(plant) for e in forwards] == [e.of(plant) for e in backwards[::-1]]
    seeded = Sandbox(replace(OPTIONS, seed=2))
    assert {seeded.evidence(a.id).of(planted_permissions) for a in seeded.organization.active}.isdisjoint(
        {evidence.of(planted_permissions) for evidence in forwards}
    )


def test_a_big_organization_is_mostly_in_order_and_not_kept_in_memory() -> None:
    box = Sandbox(replace(OPTIONS, accounts=2000, users=3, faulty=False))
    found = [box.evidence(account.id) for account in islice(box.organization.active, 100, 500)]
    for good in (
        [e.of(planted_policy) == GOOD_POLICY for e in found],
        [not any(c.expires <= AS_OF for c in e.of(planted_certificates)) for e in found],
        [{a.region for a in e.of(planted_analyzers)} <= set(e.regions) for e in found],
        [not any(role.trusts_all for role in e.of(planted_permissions).roles) for e in found],
    ):
        assert sum(good) > len(good) * 0.7
    assert box.evidence.cache_info().currsize <= 128


def test_an_account_without_users_still_has_permissions() -> None:
    box = Sandbox(replace(OPTIONS, users=0))
    assert all(box.evidence(a.id).of(planted_permissions).roles for a in box.organization.active)
