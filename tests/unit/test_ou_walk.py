"""The walk over the organizational units ends, whatever it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiobotocore.credentials import AioCredentials

from auditor.aws.calls import Calls
from auditor.aws.organization import AwsDirectory
from auditor.model import Organization as OrganizationOfCaller
from tests.virtual_clock import at_once

ROOT, UNIT = {"Id": "r-1", "Name": "Root"}, {"Id": "ou-1", "Name": "Prod"}


def test_a_unit_that_is_listed_below_itself_is_walked_once() -> None:
    asked: list[str] = []

    async def roots() -> dict[str, Any]:
        return {"Roots": [ROOT]}

    async def accounts(**_: str) -> dict[str, Any]:
        return {"Accounts": []}

    async def units(**parent: str) -> dict[str, Any]:
        asked.append(parent["ParentId"])
        assert len(asked) < 10, "it goes on without an end"
        return {"OrganizationalUnits": [UNIT]}

    async def main() -> frozenset[str]:
        client = SimpleNamespace(
            list_roots=roots, list_accounts_for_parent=accounts, list_organizational_units_for_parent=units
        )

        async def opened(*_: Any) -> Any:
            return client

        clients: Any = SimpleNamespace(client=opened, caller_credentials=AioCredentials("k", "s", "t"))
        async with asyncio.timeout(60):
            return (await AwsDirectory(clients, Calls(4)).ou_tree()).ou_ids

    assert at_once(main()) == {"r-1", "ou-1"}
    assert asked == ["r-1", "ou-1"]


ACCOUNTS = {"111111111111": "ou-1", "222222222222": "r-1"}


class Organization:
    """Two accounts; ``paths`` is what the list of accounts says of where they are."""

    def __init__(self, paths: Mapping[str, list[str]]) -> None:
        self.paths, self.asked = paths, Counter[str]()
        service = SimpleNamespace(service_name="organizations")
        self.meta = SimpleNamespace(service_model=service, method_to_api_mapping={}, region_name="")

    async def list_accounts(self, **_: Any) -> dict[str, Any]:
        return {"Accounts": [{"Id": i, **({"Paths": self.paths[i]} if i in self.paths else {})} for i in ACCOUNTS]}

    async def list_roots(self) -> dict[str, Any]:
        return {"Roots": [ROOT]}

    async def list_accounts_for_parent(self, **parent: str) -> dict[str, Any]:
        self.asked["accounts"] += 1
        return {"Accounts": [{"Id": i} for i, unit in ACCOUNTS.items() if unit == parent["ParentId"]]}

    async def list_organizational_units_for_parent(self, **parent: str) -> dict[str, Any]:
        self.asked["units"] += 1
        return {"OrganizationalUnits": [UNIT] if parent["ParentId"] == "r-1" else []}


def places(client: Organization, *, is_listed: bool = True) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    async def opened(*_: Any) -> Any:
        return client

    async def main() -> Any:
        clients: Any = SimpleNamespace(
            client=opened, organizations=client, caller_credentials=AioCredentials("k", "s", "t")
        )
        directory = AwsDirectory(clients, Calls(4))
        walking = asyncio.create_task(directory.ou_tree())
        if is_listed:
            assert [page async for page in directory.account_pages(OrganizationOfCaller("o-1"))]
        return (await walking).places

    found: Mapping[str, tuple[str, tuple[str, ...]]] = at_once(main())
    return found


PLACES = {"111111111111": ("Root/Prod", ("r-1", "ou-1")), "222222222222": ("Root", ("r-1",))}
PATHS = {"111111111111": ["o-1/r-1/ou-1/"], "222222222222": ["o-1/r-1/"]}


def test_where_aws_says_where_accounts_are_no_ou_is_asked_for_them() -> None:
    client = Organization(PATHS)
    assert places(client) == PLACES
    assert client.asked == {"units": 2}


@pytest.mark.parametrize(
    "paths",
    [
        {},
        {"111111111111": PATHS["111111111111"]},
        PATHS | {"222222222222": []},
        PATHS | {"222222222222": ["o-1/r-1/", "o-1/r-1/ou-1/"]},
        PATHS | {"222222222222": ["o-1/r-1/ou-moved-meanwhile/"]},
        PATHS | {"222222222222": [""]},
    ],
)
def test_where_it_does_not_say_it_of_one_every_ou_is_asked(paths: Mapping[str, list[str]]) -> None:
    client = Organization(paths)
    assert places(client) == PLACES
    assert client.asked == {"units": 2, "accounts": 2}


def test_where_nobody_lists_accounts_every_ou_is_asked() -> None:
    client = Organization(PATHS)
    assert places(client, is_listed=False) == PLACES
    assert client.asked["accounts"] == 2
