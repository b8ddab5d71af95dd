"""Accounts as they are found: in scope or not, each page at once where the scope names nothing to look up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from auditor.collect.interface import Directory, OuTree, Progress
from auditor.collect.scope import Scope
from auditor.errors import AccessError
from auditor.model import Account, Caller, Organization

Places = Mapping[str, tuple[str, tuple[str, ...]]]
"""Account id -> its OU path and the ids of its OUs, root first."""


class Discovery:
    """One pass over the organization: ``start``, then ``accounts``, then ``places``.

    ``alone``: the caller's account is in no organization.
    """

    def __init__(self, directory: Directory, scope: Scope, progress: Progress) -> None:
        self._directory, self._scope, self._progress = directory, scope, progress
        self.alone = False
        self._seen: dict[str, Account] = {}
        self._ou_problem = ""
        self._tree: asyncio.Task[OuTree | None] | None = None
        self.caller = Caller("", "")
        self.organization = Organization("")

    async def start(self) -> None:
        """Find out who calls and in which organization; OUs are looked up beside all else. Raises AccessError."""
        self.caller = await self._directory.caller()
        found = await self._directory.organization()
        if found is None:
            self.alone = True
            found = Organization(self.caller.account_id, self.caller.account_id)
            self._progress.say(f"account {found.id} is in no organization: only this account is audited")
        self.organization = found

    async def accounts(self) -> AsyncIterator[tuple[Account, str]]:
        """Every account, with the reason why it is excluded (an empty text: it is in scope).

        Raises ScopeError before the first one when the scope names what the organization does not have.
        """
        self._tree = asyncio.create_task(self._ou_tree())
        if self._scope.names_something:
            for account in await self._checked():
                if self._is_news(account):
                    yield account, self._scope.exclusion(account)
            return
        async for page in self._pages():
            for account in page:
                if self._is_news(account):
                    yield account, self._scope.exclusion(account)

    def _is_news(self, account: Account) -> bool:
        """Whether an account was not listed before: AWS may put one on two pages while accounts move.

        Where the two differ the first one counts, as it may have been begun; but one that is in scope counts more than
        one that is not.
        """
        before = self._seen.get(account.id)
        is_news = before is None or (bool(self._scope.exclusion(before)) and not self._scope.exclusion(account))
        if before is not None and before != account:
            counts = "second" if is_news else "first"
            differs = f"{before.name!r}, {before.state}; {account.name!r}, {account.state}"
            self._progress.say(f"account {account.id} was listed twice ({differs}): the {counts} counts")
        if is_news:
            self._seen[account.id] = account
        return is_news

    async def places(self) -> Places:
        """Where each account sits, as far as the caller may know."""
        tree = await self._tree if self._tree else None
        if self._ou_problem:
            self._progress.say(f"OU paths are left empty: {self._ou_problem}")
        return tree.places if tree else {}

    def places_so_far(self) -> Places:
        """The same without waiting: nothing while the OUs are still being looked up."""
        done = self._tree is not None and self._tree.done() and not self._tree.cancelled()
        tree = self._tree.result() if self._tree and done else None
        return tree.places if tree else {}

    def close(self) -> None:
        if self._tree:
            self._tree.cancel()

    async def _checked(self) -> list[Account]:
        """All accounts, listed to the last page, once every name in the scope is known to exist."""
        accounts = [account async for page in self._pages() for account in page]
        tree = await self._tree if self._tree and self._scope.needs_ous else None
        if self._scope.needs_ous and tree is None:
            raise AccessError("the organizational units cannot be read, so --ou cannot be used")
        self._scope.check(accounts, tree.ou_ids if tree else frozenset())
        return [placed(a, tree.places) for a in accounts] if tree else accounts

    async def _ou_tree(self) -> OuTree | None:
        if self.alone:
            return None
        try:
            return await self._directory.ou_tree()
        except AccessError as error:
            self._ou_problem = str(error)
            return None

    async def _pages(self) -> AsyncIterator[list[Account]]:
        if self.alone:
            yield [Account(self.organization.id, is_management=True)]
            return
        async for page in self._directory.account_pages(self.organization):
            yield page


def placed(account: Account, places: Places) -> Account:
    """The account with its OU path and OU ids, where they are known."""
    if account.id not in places:
        return account
    path, ids = places[account.id]
    return replace(account, ou_path=path, ou_ids=ids)
