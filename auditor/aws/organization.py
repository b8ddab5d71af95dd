"""Who is calling, and which accounts and organizational units the organization has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.aws.assume import organization_calls
from auditor.aws.calls import Calls
from auditor.aws.collectors.recorder import Recorder
from auditor.aws.faults import not_identified
from auditor.aws.session import Clients
from auditor.errors import AccessError, EvidenceError, shown
from auditor.model import OU_TREE, Account, Caller, Evidence, Organization

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{4,32}")
_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
# What a run calls before it enters any account; who is calling may be asked by everybody.
DISCOVERY_ACTIONS = (
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
)


Unplaced = tuple[dict[str, Any], str, tuple[str, ...]]
"""An OU as AWS gives it, the path above it, and the ids above it."""


@dataclass(frozen=True)
class OuTree:
    """The OU ids of the organization, and where each account sits: names and ids from the root down."""

    ou_ids: frozenset[str] = frozenset()
    places: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


class AwsDirectory:
    """Discovery through AWS Organizations, with the caller's own credentials.

    ``keep_tree``: what AWS answers about OUs is wanted as evidence, so it is not thrown away. ``listed``: the ids of
    all accounts, once the last page was read.
    """

    def __init__(self, clients: Clients, calls: Calls, *, keep_tree: bool = False) -> None:
        self._clients, self._calls, self._keep_tree = clients, calls, keep_tree
        self._me = clients.caller_credentials
        self.listed: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._walking = asyncio.Lock()
        self._walk: tuple[OuTree, Evidence] | None = None

    async def caller(self) -> Caller:
        """Raises AccessError when AWS does not accept the credentials."""
        try:
            answer = await self._calls("identify", self._clients.sts.get_caller_identity, self._me)
        except EvidenceError as error:
            raise not_identified(error) from error
        arn, account_id = str(answer.get("Arn", "")), str(answer.get("Account", ""))
        if not _ACCOUNT_ID.fullmatch(account_id) or arn.count(":") < 5:
            raise _no_answer("who is calling", arn or account_id)
        return Caller(arn, account_id)

    async def organization(self) -> Organization | None:
        """None outside of any organization."""
        try:
            answer = await self._calls("discover", self._clients.organizations.describe_organization, self._me)
        except EvidenceError as error:
            if error.code == _NO_ORGANIZATION:
                return None
            raise _may_not(error, "read the organization") from error
        described = answer.get("Organization", {})
        found = Organization(str(described.get("Id", "")), str(described.get("MasterAccountId", "")))
        if not _ORGANIZATION_ID.fullmatch(found.id) or not _ACCOUNT_ID.fullmatch(found.management_account_id):
            raise _no_answer("which organization this is", f"{found.id} of {found.management_account_id}")
        return found

    async def account_pages(self, organization: Organization) -> AsyncIterator[list[Account]]:
        """All accounts, page by page as AWS hands them out."""
        listing = self._calls.pages("discover", self._clients.organizations.list_accounts, self._me, "Accounts")
        ids: list[str] = []
        try:
            async for page in listing:
                accounts = [_account(raw, organization) for raw in page]
                ids += [account.id for account in accounts]
                yield accounts
            self.listed.set_result(ids)
        except EvidenceError as error:
            raise _may_not(error, "list the organization's accounts") from error

    async def ou_tree(self) -> OuTree:
        """All OUs and where each account sits. Raises AccessError."""
        try:
            return (await self.walked())[0]
        except EvidenceError as error:
            raise _may_not(error, "read the organizational units") from error

    async def walked(self) -> tuple[OuTree, Evidence]:
        """The OU tree and what AWS answered, walked once however often it is asked for. Raises EvidenceError."""
        async with self._walking:
            self._walk = self._walk or await self._walk_all()
            return self._walk

    async def _walk_all(self) -> tuple[OuTree, Evidence]:
        """One call after another: Organizations is throttled hard."""
        recorder = Recorder(OU_TREE, organization_calls(self._calls, self._clients))
        ou_ids: set[str] = set()
        places: dict[str, tuple[str, tuple[str, ...]]] = {}
        waiting: list[Unplaced] = [(root, "", ()) async for root in self._each(recorder, "ListRoots", "Roots")]
        while waiting:
            unit, above, ids = waiting.pop()
            path, ids = f"{above}/{unit['Name']}".lstrip("/"), (*ids, unit["Id"])
            ou_ids.add(unit["Id"])
            async for account in self._each(recorder, "ListAccountsForParent", "Accounts", ParentId=unit["Id"]):
                places[account["Id"]] = (clean(path), ids)
            children = self._each(
                recorder, "ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=unit["Id"]
            )
            waiting += [(child, path, ids) async for child in children]
        return OuTree(frozenset(ou_ids), places), recorder.evidence()

    async def _each(
        self, recorder: Recorder, operation: str, key: str, **parameters: str
    ) -> AsyncIterator[dict[str, Any]]:
        action = f"organizations:{operation}"
        async for page in recorder.pages(self._clients.organizations, action, **parameters):
            for item in page.get(key, []):
                yield item
            if not self._keep_tree:
                recorder.answers.clear()


def _account(raw: Mapping[str, Any], organization: Organization) -> Account:
    """AWS retired ``Status`` on 2026-09-09; ``State`` comes first.

    An id becomes the name of a folder, so what is none is refused.
    """
    account_id = str(raw.get("Id", ""))
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise _no_answer("which accounts there are", account_id)
    return Account(
        id=account_id,
        name=clean(raw.get("Name", "")),
        email=clean(raw.get("Email", "")),
        arn=raw.get("Arn", ""),
        state=raw.get("State") or raw.get("Status") or "UNKNOWN",
        is_management=account_id == organization.management_account_id,
    )


def _no_answer(asked: str, answered: str) -> AccessError:
    return AccessError(f"AWS was asked {asked} and answered {shown(answered)}, which AWS does not; check the endpoint")


def clean(text: str) -> str:
    """Lone surrogates, which JSON can carry but no file can hold, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _may_not(error: EvidenceError, what: str) -> AccessError:
    return AccessError(
        f"could not {what} ({error.code}: {error.message}); run with the credentials of the management account or a "
        "delegated administrator, or name the accounts with --accounts-file"
    )
