"""The box's own verdicts on credential reports, against cases written out by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.evidence import RootEvidence
from auditor.sandbox.facts import MISSING_COLUMNS, PlantedAccount, User
from auditor.sandbox.personas import personas
from auditor.sandbox.roots import roots
from tests.expected import Expected
from tests.expected.reports import failures

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(as_of=AS_OF)
USERS = {user.name: user for group in personas(AS_OF) for user in group}
ROOTS = roots(AS_OF)


def _account(*users: User, root: User | None = None, missing: frozenset[str] = frozenset()) -> PlantedAccount:
    return PlantedAccount("012345678901", "ACTIVE", True, "", root, users, missing)


# Each slot's own controls, by days; those at 45 days of rotation are in the tables, the others in one of their own.
FAMILY = re.compile(r"access-key-[12]-(unused-\d+d|rotated-(30|60|90)d)")


def _verdicts(name: str, missing: frozenset[str] = frozenset()) -> set[str]:
    found = failures(_account(USERS[name], missing=missing), AS_OF)
    assert {(account, resource) for account, _, resource, _ in found} <= {("012345678901", name)}
    return {f"{control} {credential}".strip() for _, control, _, credential in found if not FAMILY.fullmatch(control)}


def _family(name: str, word: str, slot: int) -> set[str]:
    """The days of the slot's own controls of one kind that a user fails."""
    found = failures(_account(USERS[name]), AS_OF)
    own = {(control, credential) for _, control, _, credential in found if f"-{slot}-{word}-" in control}
    assert {credential for _, credential in own} <= {f"access_key_{slot}"}
    return {control.rpartition("-")[2] for control, _ in own}


def _root_verdicts(name: str, missing: frozenset[str] = frozenset()) -> set[str]:
    found = failures(_account(root=ROOTS[name], missing=missing), AS_OF)
    assert {(resource, credential) for _, _, resource, credential in found} <= {("<root_account>", "")}
    return {control for _, control, _, _ in found}


ROTATED_1 = {"access-key-rotated-90d access_key_1", "access-key-1-rotated-45d access_key_1"}
BOTH_UNUSED_PASSWORD = {"credentials-unused-45d password", "credentials-unused-90d password"}


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("good", set()),
        ("robot", set()),
        ("nothing-at-all", set()),
        ("inactive-old-keys", set()),
        ("password-disabled-keeps-use", set()),
        ("second-key-inactive", set()),
        ("key-1-rotated-45d-exact", set()),
        ("key-1-rotated-45d-plus-1s", set()),
        ("key-1-rotated-46d-minus-1s", set()),
        ("key-1-rotated-46d-exact", {"access-key-1-rotated-45d access_key_1"}),
        ("key-2-rotated-46d-exact", {"access-key-2-rotated-45d access_key_2"}),
        ("key-1-rotated-90d-plus-1s", {"access-key-1-rotated-45d access_key_1"}),
        ("key-1-rotated-91d-minus-1s", {"access-key-1-rotated-45d access_key_1"}),
        ("key-1-rotated-91d-exact", ROTATED_1),
        ("password-used-45d-minus-1s", set()),
        ("password-used-45d-exact", {"credentials-unused-45d password"}),
        ("password-used-90d-minus-1s", {"credentials-unused-45d password"}),
        ("password-used-90d-exact", BOTH_UNUSED_PASSWORD),
        ("password-never-used-44d-exact", set()),
        ("password-never-used-90d-plus-1s", BOTH_UNUSED_PASSWORD),
        ("password-never-set-45d-minus-1s", set()),
        ("password-never-set-90d-exact", BOTH_UNUSED_PASSWORD),
        ("used-long-ago-changed-lately", BOTH_UNUSED_PASSWORD),
        ("never-used-says-n-a", BOTH_UNUSED_PASSWORD),
        ("key-1-used-45d-minus-1s", set()),
        ("key-1-used-45d-exact", {"credentials-unused-45d access_key_1"}),
        ("key-2-never-used-45d-exact", {"credentials-unused-45d access_key_2"}),
        (
            "key-2-never-used-90d-exact",
            {
                "credentials-unused-45d access_key_2",
                "credentials-unused-90d access_key_2",
                "access-key-2-rotated-45d access_key_2",
            },
        ),
        ("console-without-mfa", {"console-user-mfa"}),
        ("two-active-keys", {"single-active-access-key"}),
        ("key-made-0s-after-user", {"no-access-key-at-user-setup access_key_1"}),
        ("key-made--1s-after-user", {"no-access-key-at-user-setup access_key_1"}),
        ("key-made-10s-after-user", {"no-access-key-at-user-setup access_key_1"}),
        ("key-made-11s-after-user", set()),
        ("key-2-made-10s-after-user", {"no-access-key-at-user-setup access_key_2"}),
        ("robot-key-made-0s-after-user", set()),
        ("console-key-never-used", {"no-access-key-at-user-setup access_key_1"}),
        (
            "console-key-2-never-used",
            {"no-access-key-at-user-setup access_key_2", "single-active-access-key"},
        ),
        ("console-inactive-key-never-used", set()),
    ],
)
def test_user_verdicts(name: str, verdicts: set[str]) -> None:
    assert _verdicts(name) == verdicts


@pytest.mark.parametrize("slot", [1, 2])
@pytest.mark.parametrize(("limit", "less"), [(30, []), (45, [30]), (60, [30, 45]), (90, [30, 45, 60])])
def test_each_slot_has_controls_of_its_own_at_four_ages(slot: int, limit: int, less: list[int]) -> None:
    before, after = {f"{days}d" for days in less}, {f"{days}d" for days in [*less, limit]}
    assert _family(f"key-{slot}-rotated-{limit}d-exact", "rotated", slot) == before
    assert _family(f"key-{slot}-rotated-{limit + 1}d-minus-1s", "rotated", slot) == before
    assert _family(f"key-{slot}-rotated-{limit + 1}d-exact", "rotated", slot) == after
    for word in ("used", "never-used"):
        assert _family(f"key-{slot}-{word}-{limit}d-minus-1s", "unused", slot) == before
        assert _family(f"key-{slot}-{word}-{limit}d-exact", "unused", slot) == after
        assert _family(f"key-{slot}-{word}-{limit}d-exact", "unused", 3 - slot) == set()
    assert _family("inactive-old-keys", "unused", slot) == _family("inactive-old-keys", "rotated", slot) == set()


@pytest.mark.parametrize(
    ("name", "summary", "verdicts"),
    [
        ("never-used", RootEvidence(), set()),
        ("never-used", RootEvidence(mfa=False), {"root-mfa", "root-mfa-always"}),
        ("without-mfa", RootEvidence(mfa=True), {"root-mfa", "root-mfa-always"}),
        ("no-password-no-mfa", RootEvidence(mfa=False, password_present=False), {"root-mfa-always"}),
        ("no-password-no-mfa", RootEvidence(mfa=False, password_present=True), {"root-mfa", "root-mfa-always"}),
        ("inactive-key", RootEvidence(keys_present=1), {"root-no-access-key"}),
        ("active-key-1", RootEvidence(keys_present=0), {"root-no-access-key"}),
    ],
)
def test_root_verdicts_with_a_summary(name: str, summary: RootEvidence, verdicts: set[str]) -> None:
    found = failures(_account(root=ROOTS[name]), AS_OF, summary)
    assert {control for _, control, _, _ in found} == verdicts


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("never-used", set()),
        ("inactive-key", set()),
        ("no-password", set()),
        ("without-mfa", {"root-mfa", "root-mfa-always"}),
        ("no-password-no-mfa", {"root-mfa-always"}),
        ("not-supported", set()),
        ("not-supported-no-mfa", {"root-mfa", "root-mfa-always"}),
        ("active-key-1", {"root-no-access-key"}),
        ("active-key-2-never-used", {"root-no-access-key"}),
        ("password-used-89d", {"root-use-avoided"}),
        ("password-used-90d-minus-1s", {"root-use-avoided"}),
        ("password-used-90d", set()),
        ("password-used-91d", set()),
        ("key-1-used-89d", {"root-use-avoided"}),
        ("key-1-used-90d", set()),
        ("key-2-used-90d-minus-1s", {"root-use-avoided"}),
        ("key-2-used-90d-plus-1s", set()),
    ],
)
def test_root_verdicts(name: str, verdicts: set[str]) -> None:
    assert _root_verdicts(name) == verdicts


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("console-without-mfa", set()),
        (
            "key-2-never-used-91d-exact",
            {"access-key-rotated-90d access_key_2", "access-key-2-rotated-45d access_key_2"},
        ),
        ("key-1-used-45d-exact", {"credentials-unused-45d access_key_1"}),
        ("console-key-2-never-used", {"single-active-access-key"}),
        ("key-2-made-10s-after-user", {"no-access-key-at-user-setup access_key_2"}),
    ],
)
def test_what_missing_columns_leave_undecided(name: str, verdicts: set[str]) -> None:
    assert _verdicts(name, MISSING_COLUMNS) == verdicts


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [("without-mfa", set()), ("key-2-used-89d", set()), ("key-1-used-89d", {"root-use-avoided"})],
)
def test_what_missing_columns_leave_undecided_for_root(name: str, verdicts: set[str]) -> None:
    assert _root_verdicts(name, MISSING_COLUMNS) == verdicts


def test_no_root_row_fails_no_root_control() -> None:
    assert failures(_account(USERS["good"]), AS_OF) == set()


def test_outcomes_and_gaps_by_fault() -> None:
    box = Sandbox(OPTIONS)
    outcomes = {fault: Expected(box).outcomes()[i] for i, fault in box.faults.items()}
    gaps = {box.faults[i]: gap for i, gap in Expected(box).gaps().items()}
    recover = {"expires", "capacity", "missing-columns", "no-root-row"}
    denials = {fault for fault in outcomes if fault.startswith("deny:")}
    assert {fault for fault, outcome in outcomes.items() if outcome == "assessed"} == recover | denials
    assert gaps == {
        "denied": ("assume", "AccessDenied"),
        "report-denied": ("generate", "AccessDenied"),
        "stuck": ("generate", "ReportTimeout"),
        "html": ("validate", "NotAReport"),
        "empty": ("validate", "EmptyReport"),
        "header-only": ("validate", "EmptyReport"),
        "truncated": ("validate", "TruncatedReport"),
        "bad-value": ("validate", "MalformedValue"),
    }


def test_failures_of_reports_are_of_assessed_accounts_only() -> None:
    box = Sandbox(OPTIONS)
    outcomes = Expected(box).outcomes()
    assert {outcomes[account_id] for account_id, *_ in Expected(box, {"credential-report"}).failures()} == {"assessed"}
    assert sorted(outcomes) == sorted(a.id for a in box.organization.accounts)


def test_a_caller_elsewhere_cannot_reach_the_management_account() -> None:
    management, member = (a.id for a in Sandbox(OPTIONS).organization.active[:2])
    box = Sandbox(replace(OPTIONS, caller_account=member, faults={member: "denied"}))
    assert Expected(box).outcomes()[management] == "not_assessed"
    assert Expected(box).gaps()[management] == ("assume", "AccessDenied")


def test_the_callers_own_account_needs_no_role() -> None:
    management = Sandbox(OPTIONS).organization.management_id
    box = Sandbox(replace(OPTIONS, faults={management: "denied"}))
    assert Expected(box).outcomes()[management] == "assessed"


def test_outside_an_organization_only_the_callers_account_counts() -> None:
    box = Sandbox(replace(OPTIONS, in_organization=False))
    assert set(Expected(box).outcomes()) == {box.caller_account}
