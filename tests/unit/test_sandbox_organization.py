"""The boxed organization: its shape, its odd names, its options."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.faults import DEFAULT_FAULTS
from auditor.sandbox.organization import INACTIVE_STATES, UGLY_NAMES, BoxedOrganization
from tests.expected import Expected

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(as_of=AS_OF)


@pytest.fixture(scope="module")
def organization() -> BoxedOrganization:
    return Sandbox(OPTIONS).organization


def test_sixty_accounts_have_every_special_kind(organization: BoxedOrganization) -> None:
    accounts = organization.accounts
    assert len(accounts) == len({a.id for a in accounts}) == 60
    assert {a.state for a in accounts} == {"ACTIVE", *INACTIVE_STATES}
    assert set(UGLY_NAMES) <= {a.name for a in accounts}
    assert any(a.id.startswith("00") for a in accounts)
    assert all(len(a.id) == 12 and a.id.isdecimal() for a in accounts)
    assert set(Sandbox(OPTIONS).faults.values()) == set(DEFAULT_FAULTS)


def test_names_are_as_ugly_as_promised() -> None:
    text = "".join(UGLY_NAMES)
    assert {name[0] for name in UGLY_NAMES} >= set("=+-@<")
    assert max(map(len, UGLY_NAMES)) == 50
    assert all(wanted in text for wanted in (",", '"', "'", "<b>", "\U0001f680", "م"))
    assert any(ord(letter) > 0xFFFF for letter in text)


def test_organizational_units_are_three_deep_with_names_that_repeat(organization: BoxedOrganization) -> None:
    units = [c for c in organization.containers.values() if c.parent_id]
    assert {len(unit.ids) - 1 for unit in units} == {1, 2, 3}
    assert max(Counter(unit.name for unit in units).values()) > 1
    assert len({unit.id for unit in units}) == len(units)
    for account in organization.accounts:
        home = organization.containers[account.parent_id]
        assert (account.ou_path, account.ou_ids) == (home.path, home.ids)
    directly = [a for a in organization.accounts if a.parent_id == organization.root.id]
    assert organization.management in directly
    assert 1 < len(directly) < 20


def test_same_options_same_box_other_seed_other_box() -> None:
    first, second, other = Sandbox(OPTIONS), Sandbox(OPTIONS), Sandbox(replace(OPTIONS, seed=2))
    assert first.organization == second.organization
    last = first.organization.accounts[-1].id
    # The order of asking must not matter.
    assert second.report(last) == first.report(last)
    assert Expected(second).failures() == Expected(first).failures()
    assert first.organization.management_id != other.organization.management_id


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12, 59])
def test_small_organizations_hold_what_fits(count: int) -> None:
    box = Sandbox(replace(OPTIONS, accounts=count, users=3))
    assert len(box.organization.accounts) == count
    assert Expected(box).outcomes()[box.organization.management_id] == "assessed"
    assert len(Expected(box).outcomes()) == count


def test_faults_leave_the_facts_alone() -> None:
    faulty, clean = Sandbox(OPTIONS), Sandbox(replace(OPTIONS, faulty=False))
    account_id = next(iter(faulty.faults))
    assert faulty.facts(account_id).users == clean.facts(account_id).users


def test_faults_by_name_and_defaults_taken_away() -> None:
    box = Sandbox(OPTIONS)
    denied = next(i for i, fault in box.faults.items() if fault == "denied")
    other = box.organization.active[1].id
    changed = Sandbox(replace(OPTIONS, faults={denied: "none", other: "wrong-account"}))
    assert denied not in changed.faults
    assert changed.faults[other] == "wrong-account"
    assert Expected(changed).outcomes()[denied] == "assessed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": 0},
        {"users": -1},
        {"page_size": 21},
        {"as_of": datetime(2026, 1, 1)},
        {"as_of": datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)},
        {"account_state": "neither"},
        {"disturbed": frozenset({"s3"})},
        {"default_faults": ("gremlins",)},
        {"faults": {"123456789012": "gremlins"}},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Sandbox(SandboxOptions(**wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"faults": {"999999999999": "html"}}, {"caller_account": "999999999999"}])
def test_accounts_that_are_not_there_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="999999999999"):
        Sandbox(replace(OPTIONS, **wrong))  # type: ignore[arg-type]
