"""Discovery on the wire: states, pages, OU paths, and callers who may see less."""

from __future__ import annotations

import asyncio

import pytest

from auditor.aws.calls import Calls
from auditor.aws.organization import AwsDirectory
from auditor.aws.session import NoCredentialsBoundError, open_clients
from auditor.errors import AccessError, clean
from auditor.model import Account
from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF


async def listed(sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch) -> list[list[Account]]:
    for name, value in sandbox.environment(url).items():
        monkeypatch.setenv(name, value)
    async with open_clients(None, None, 4) as clients:
        directory = AwsDirectory(clients, Calls(4))
        organization = await directory.organization()
        assert organization
        return [page async for page in directory.account_pages(organization)]


@pytest.mark.parametrize("shown", ["state", "status", "both"])
async def test_the_state_is_read_wherever_aws_puts_it(shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``State`` first; ``Status``, retired on 2026-09-09, where that is all there is."""
    sandbox = Sandbox(SandboxOptions(accounts=45, as_of=AS_OF, account_state=shown))
    with sandbox.serve() as url:
        pages = await listed(sandbox, url, monkeypatch)
    assert [len(page) for page in pages] == [20, 20, 5]
    found = {account.id: account.state for page in pages for account in page}
    active = {account.id for account in sandbox.organization.accounts if account.state == "ACTIVE"}
    assert {i for i, state in found.items() if state == "ACTIVE"} == active
    if shown != "status":
        assert found == {account.id: account.state for account in sandbox.organization.accounts}


async def test_same_named_ous_below_different_parents_keep_their_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=60, as_of=AS_OF))
    with sandbox.serve() as url:
        for name, value in sandbox.environment(url).items():
            monkeypatch.setenv(name, value)
        async with open_clients(None, None, 4) as clients:
            tree = await AwsDirectory(clients, Calls(4)).ou_tree()
    assert set(tree.places) == {account.id for account in sandbox.organization.accounts}
    paths = {path for path, _ in tree.places.values()}
    by_ids = {ids for _, ids in tree.places.values()}
    assert len(paths) == len(by_ids) > 4
    assert all(len(path.split("/")) >= len(ids) for path, ids in tree.places.values())


@pytest.mark.parametrize("account_paths", [True, False])
async def test_ou_paths_are_the_same_whoever_tells_them(account_paths: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ``Paths`` of the list of accounts, which the pinned SDK does not know by itself, or by asking every OU."""
    sandbox = Sandbox(SandboxOptions(accounts=45, as_of=AS_OF, account_paths=account_paths))
    with sandbox.serve() as url:
        for name, value in sandbox.environment(url).items():
            monkeypatch.setenv(name, value)
        async with open_clients(None, None, 4) as clients:
            directory = AwsDirectory(clients, Calls(4))
            walking = asyncio.create_task(directory.ou_tree())
            organization = await directory.organization()
            assert organization
            assert [page async for page in directory.account_pages(organization)]
            tree = await walking
    assert tree.places == {a.id: (clean(a.ou_path), a.ou_ids) for a in sandbox.organization.accounts}
    assert tree.ou_ids == sandbox.organization.containers.keys()
    asked = {name for name, count in sandbox.requests.items() if count and "ForParent" in name}
    assert any("ListOrganizationalUnitsForParent" in name for name in asked)
    assert any("ListAccountsForParent" in name for name in asked) is not account_paths


async def test_a_call_outside_of_any_account_is_not_signed_with_somebody_elses_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=2, as_of=AS_OF))
    with sandbox.serve() as url:
        for name, value in sandbox.environment(url).items():
            monkeypatch.setenv(name, value)
        async with open_clients(None, None, 4) as clients:
            with pytest.raises(NoCredentialsBoundError):
                await clients.iam.get_credential_report()
    assert not sandbox.requests


async def test_who_may_not_read_the_organization_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Sandbox(SandboxOptions(accounts=4, as_of=AS_OF, faulty=False))
    member = next(a.id for a in plain.organization.active if not a.is_management)
    sandbox = Sandbox(SandboxOptions(accounts=4, as_of=AS_OF, faulty=False, caller_account=member, delegated=False))
    with sandbox.serve() as url, pytest.raises(AccessError, match="--accounts-file"):
        await listed(sandbox, url, monkeypatch)


def test_names_keep_any_unicode_that_a_file_can_hold() -> None:
    assert clean("ünï 🎉 مرحبا \U0001f469\u200d\U0001f4bb") == "ünï 🎉 مرحبا \U0001f469\u200d\U0001f4bb"
    assert clean("lone \ud800 surrogate") == "lone \ufffd surrogate"
