"""Who is calling, and which accounts and organizational units the organization has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

from auditor.aws.assume import organization_calls
from auditor.aws.calls import Calls
from auditor.aws.faults import not_identified
from auditor.aws.ou_walk import OuTree, OuWalk
from auditor.aws.recorder import Recorder
from auditor.aws.session import Clients
from auditor.errors import CALLER_CREDENTIALS, NOT_LISTED, AccessError, EvidenceError, clean, shown
from auditor.kinds import ou_tree
from auditor.kinds.declaration import Call, Probe
from auditor.model import OU_TREE, Account, Caller, Evidence, Organization

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{4,32}")
_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
# What a run calls before it enters any account; who is calling may be asked by everybody.
DISCOVERY_CALLS = (
    Call("organizations:DescribeOrganization"),
    Call("organizations:ListAccounts", items="Accounts", probe=Probe({"MaxResults": 1})),
    *ou_tree.KIND.calls,
)


class AwsDirectory:
    """Discovery through AWS Organizations, with the caller's own credentials.

    ``say`` hears what the operator should know. ``keep_tree``: what AWS answers about OUs is wanted as evidence, so it
    is not thrown away. ``listed``: the ids of all accounts, once the last page was read.
    """

    def __init__(
        self, clients: Clients, calls: Calls, *, keep_tree: bool = False, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._clients, self._calls, self._keep_tree, self._say = clients, calls, keep_tree, say
        self._me = clients.caller_credentials
        self.listed: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._walking = asyncio.Lock()
        self._walk: tuple[OuTree, Evidence] | None = None
        self._paths: dict[str, tuple[str, ...]] | None = None
        """Of each account that was listed, None before any page was asked for."""

    async def caller(self) -> Caller:
        """Raises AccessError when AWS does not accept the credentials."""
        try:
            answer = await self._calls("identify", self._clients.sts.get_caller_identity, self._me)
        except EvidenceError as error:
            raise not_identified(error) from error
        arn, account_id = str(answer.get("Arn", "")), str(answer.get("Account", ""))
        if not _ACCOUNT_ID.fullmatch(account_id) or arn.count(":") < 5:
            raise _no_answer("who is calling", arn or account_id)
        return Caller(clean(arn), account_id)

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
        """All accounts, page by page as AWS returns them."""
        listing = self._calls.pages("discover", self._clients.organizations.list_accounts, self._me, "Accounts")
        ids: list[str] = []
        self._paths = {}
        try:
            async for page in listing:
                self._paths |= {str(raw.get("Id", "")): _paths(raw) for raw in page}
                accounts = [_account(raw, organization) for raw in page]
                ids += [account.id for account in accounts]
                yield accounts
            self.listed.set_result(list(dict.fromkeys(ids)))  # AWS may put one on two pages while accounts move
        except EvidenceError as error:
            broken = EvidenceError("discover", NOT_LISTED, f"the list of accounts is not complete ({error.code})")
            self.listed.set_exception(broken)
            self.listed.exception()  # nobody has to ask for it
            raise _may_not(error, "list the organization's accounts") from error

    async def ou_tree(self) -> OuTree:
        """All OUs and where each account sits. Raises AccessError."""
        try:
            return (await self.walked())[0] if self._keep_tree else await self._placed_by_paths()
        except EvidenceError as error:
            raise _may_not(error, "read the organizational units") from error

    async def walked(self) -> tuple[OuTree, Evidence]:
        """The OU tree and what AWS answered, walked once however often it is asked for. Raises EvidenceError."""
        async with self._walking:
            self._walk = self._walk or await self._walk_all()
            return self._walk

    async def _walk_all(self) -> tuple[OuTree, Evidence]:
        walk, recorder = self._new_walk()
        await walk.visit(with_accounts=True)
        return walk.tree, recorder.evidence()

    async def _placed_by_paths(self) -> OuTree:
        """Only the OUs are walked where the list of accounts says where each of them sits; else the accounts too."""
        walk, _ = self._new_walk()
        await walk.visit(with_accounts=False)
        if self._paths is not None:
            with suppress(EvidenceError):  # whoever lists the accounts is told of it
                await asyncio.shield(self.listed)
        if self._paths is None or not walk.place_all(self._paths):
            await walk.find_accounts()
        return walk.tree

    def _new_walk(self) -> tuple[OuWalk, Recorder]:
        recorder = Recorder(OU_TREE, organization_calls(self._calls, self._clients), self._clients)
        return OuWalk(recorder, self._say, keep=self._keep_tree), recorder


def _paths(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Where AWS says that an account sits; older answers do not say it."""
    return tuple(map(clean, raw.get("Paths") or ()))


def _account(raw: Mapping[str, Any], organization: Organization) -> Account:
    """AWS retired ``Status`` on 2026-09-09; ``State`` comes first.

    An id becomes the name of a folder, so what is none is refused.
    """
    account_id = str(raw.get("Id", ""))
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise _no_answer("the list of accounts", account_id)
    return Account(
        id=account_id,
        name=clean(raw.get("Name", "")),
        email=clean(raw.get("Email", "")),
        arn=clean(raw.get("Arn", "")),
        state=clean(raw.get("State") or raw.get("Status") or "UNKNOWN"),
        is_management=account_id == organization.management_account_id,
    )


def _no_answer(asked: str, answered: str) -> AccessError:
    return AccessError(f"AWS was asked {asked} and answered {shown(answered)}, which AWS does not; check the endpoint")


def _may_not(error: EvidenceError, what: str) -> AccessError:
    if error.code == CALLER_CREDENTIALS:  # which no other permission would mend
        return AccessError(f"could not {what}: {error.message}")
    return AccessError(
        f"could not {what} ({error.code}: {error.message}); run with the credentials of the management account or a "
        "delegated administrator, or name the accounts with --accounts-file"
    )
