"""Which accounts are audited: states, units, names, and names that do not exist."""

from __future__ import annotations

import pytest

from auditor.collect.scope import Scope
from auditor.errors import ScopeError
from auditor.model import Account
from auditor.settings import load_settings

PROD, EU, DEV, TOP = "ou-abcd-prod0000", "ou-abcd-produ0eu", "ou-abcd-dev00000", "r-abcd"
ACCOUNTS = {
    "management": Account("000000000001", ou_ids=(TOP,), is_management=True),
    "prod": Account("000000000002", ou_ids=(TOP, PROD)),
    "eu": Account("000000000003", ou_ids=(TOP, PROD, EU)),
    "dev": Account("000000000004", ou_ids=(TOP, DEV)),
    "gone": Account("000000000005", ou_ids=(TOP, PROD), state="SUSPENDED"),
}
IDS = {name: account.id for name, account in ACCOUNTS.items()}
ACTIVE = {"management", "prod", "eu", "dev"}
OUS = frozenset({TOP, PROD, EU, DEV})


def scope(**names: str | list[str]) -> Scope:
    return Scope.of(load_settings(None, names, read_file=False))


def included(chosen: Scope) -> set[str]:
    return {name for name, account in ACCOUNTS.items() if not chosen.exclusion(account)}


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (scope(), ACTIVE),
        (scope(ou=TOP), ACTIVE),
        (scope(ou=PROD), {"prod", "eu"}),
        (scope(ou=EU), {"eu"}),
        (scope(ou=[EU, DEV]), {"eu", "dev"}),
        (scope(account=IDS["dev"]), {"dev"}),
        (scope(ou=EU, account=IDS["dev"]), {"eu", "dev"}),
        (scope(exclude=IDS["dev"]), ACTIVE - {"dev"}),
        (scope(exclude=PROD), {"management", "dev"}),
        (scope(exclude=TOP), set()),
        (scope(ou=PROD, exclude=EU), {"prod"}),
        (scope(account=IDS["eu"], exclude=PROD), set()),
        (scope(account=IDS["gone"]), set()),
    ],
)
def test_scope(chosen: Scope, names: set[str]) -> None:
    assert included(chosen) == names


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION", "", "active"])
def test_only_active_accounts_are_audited_and_the_state_is_the_reason(state: str) -> None:
    account = Account("000000000009", state=state, ou_ids=(TOP,))
    assert scope(account=account.id).exclusion(account) == f"the account's state is {state}"


def test_each_reason_is_its_own() -> None:
    assert scope().exclusion(ACCOUNTS["prod"]) == ""
    assert scope(exclude=PROD).exclusion(ACCOUNTS["eu"]) == "excluded by --exclude"
    assert scope(ou=DEV).exclusion(ACCOUNTS["eu"]) == "not in the accounts and OUs that were asked for"
    assert scope(exclude=PROD).exclusion(ACCOUNTS["gone"]) == "the account's state is SUSPENDED"


@pytest.mark.parametrize(
    ("chosen", "needs", "names"),
    [
        (scope(), False, False),
        (scope(account=IDS["dev"]), False, True),
        (scope(exclude=IDS["dev"]), False, True),
        (scope(exclude=DEV), True, True),
        (scope(ou=DEV), True, True),
    ],
)
def test_what_must_be_looked_up_first(chosen: Scope, needs: bool, names: bool) -> None:
    assert (chosen.needs_ous, chosen.names_something) == (needs, names)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (scope(account="000000000044"), "no account 000000000044 (did you mean '000000000004'?)"),
        (scope(exclude="999999999999"), "the organization has no account 999999999999"),
        (scope(ou="ou-abcd-prod0001"), f"no OU ou-abcd-prod0001 (did you mean '{PROD}'?)"),
        (scope(exclude="r-zzzz"), "the organization has no OU r-zzzz"),
    ],
)
def test_a_name_the_organization_does_not_have(chosen: Scope, message: str) -> None:
    with pytest.raises(ScopeError) as caught:
        chosen.check(ACCOUNTS.values(), OUS)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_names_that_exist_pass_also_where_they_are_excluded_or_suspended() -> None:
    scope().check([], frozenset())
    scope(ou=[PROD, TOP], account=[IDS["gone"], IDS["dev"]], exclude=[EU, IDS["eu"]]).check(ACCOUNTS.values(), OUS)
