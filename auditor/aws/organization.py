"""Who is calling, and which accounts and organizational units the organization has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.aws.calls import Calls
from auditor.aws.faults import not_identified
from auditor.aws.session import Clients
from auditor.errors import AccessError, EvidenceError
from auditor.model import Account, Caller, Organization

_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"


Unplaced = tuple[dict[str, Any], str, tuple[str, ...]]
"""An OU as AWS gives it, the path above it, and the ids above it."""


@dataclass(frozen=True)
class OuTree:
    """The OU ids of the organization, and where each account sits: names and ids from the root down."""

    ou_ids: frozenset[str] = frozenset()
    places: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


class AwsDirectory:
    """Discovery through AWS Organizations, with the caller's own credentials."""

    def __init__(self, clients: Clients, calls: Calls) -> None:
        self._clients, self._calls = clients, calls
        self._me = clients.caller_credentials

    async def caller(self) -> Caller:
        """Raises AccessError when AWS does not accept the credentials."""
        try:
            answer = await self._calls("identify", self._clients.sts.get_caller_identity, self._me)
        except EvidenceError as error:
            raise not_identified(error) from error
        return Caller(answer["Arn"], answer["Account"])

    async def organization(self) -> Organization | None:
        """None outside of any organization."""
        try:
            answer = await self._calls("discover", self._clients.organizations.describe_organization, self._me)
        except EvidenceError as error:
            if error.code == _NO_ORGANIZATION:
                return None
            raise _may_not(error, "read the organization") from error
        described = answer["Organization"]
        return Organization(described["Id"], described["MasterAccountId"])

    async def account_pages(self, organization: Organization) -> AsyncIterator[list[Account]]:
        """All accounts, page by page as AWS hands them out."""
        listing = self._calls.pages("discover", self._clients.organizations.list_accounts, self._me, "Accounts")
        try:
            async for page in listing:
                yield [_account(raw, organization) for raw in page]
        except EvidenceError as error:
            raise _may_not(error, "list the organization's accounts") from error

    async def ou_tree(self) -> OuTree:
        """Walk all OUs, one call after another: Organizations is throttled hard."""
        ou_ids: set[str] = set()
        places: dict[str, tuple[str, tuple[str, ...]]] = {}
        try:
            waiting: list[Unplaced] = [(r, "", ()) async for r in self._each("list_roots", "Roots")]
            while waiting:
                unit, above, ids = waiting.pop()
                path, ids = f"{above}/{unit['Name']}".lstrip("/"), (*ids, unit["Id"])
                ou_ids.add(unit["Id"])
                parent = {"ParentId": unit["Id"]}
                async for account in self._each("list_accounts_for_parent", "Accounts", **parent):
                    places[account["Id"]] = (clean(path), ids)
                children = self._each("list_organizational_units_for_parent", "OrganizationalUnits", **parent)
                waiting += [(child, path, ids) async for child in children]
        except EvidenceError as error:
            raise _may_not(error, "read the organizational units") from error
        return OuTree(frozenset(ou_ids), places)

    async def _each(self, operation: str, key: str, **parameters: str) -> AsyncIterator[dict[str, Any]]:
        method = getattr(self._clients.organizations, operation)
        async for page in self._calls.pages("discover", method, self._me, key, **parameters):
            for item in page:
                yield item


def _account(raw: Mapping[str, Any], organization: Organization) -> Account:
    """AWS retired ``Status`` on 2026-09-09; ``State`` comes first."""
    return Account(
        id=raw["Id"],
        name=clean(raw.get("Name", "")),
        email=clean(raw.get("Email", "")),
        arn=raw.get("Arn", ""),
        state=raw.get("State") or raw.get("Status") or "UNKNOWN",
        is_management=raw["Id"] == organization.management_account_id,
    )


def clean(text: str) -> str:
    """Lone surrogates, which JSON can carry but no file can hold, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _may_not(error: EvidenceError, what: str) -> AccessError:
    return AccessError(
        f"could not {what} ({error.code}: {error.message}); run with the credentials of the management account or a "
        "delegated administrator, or name the accounts with --accounts-file"
    )
