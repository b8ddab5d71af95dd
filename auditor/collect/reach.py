"""Who is in scope, and can each be reached and read: roles are assumed, nothing is collected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from auditor.collect.discovery import Discovery, placed
from auditor.collect.interface import Access, Checker, Progress
from auditor.errors import EvidenceError
from auditor.model import Account, AccountRecord, Caller, EvidenceGap, Lack, Outcome


@dataclass(frozen=True)
class Reached:
    """One account: why it is excluded (empty: in scope), and whether it could be entered (None: not tried).

    ``lacks`` is what a run needs there and may not do, where that was asked for; with the caller's account, also what
    it may not do of the organization's own.
    """

    account: Account
    exclusion: str = ""
    reachable: bool | None = None
    problem: str = ""
    lacks: tuple[Lack, ...] = ()


async def reach_accounts(
    discovery: Discovery,
    enter: Callable[[Caller], Access],
    progress: Progress,
    checker: Checker | None = None,
    account_timeout: float | None = None,
    *,
    root_audit: bool = False,
) -> list[Reached]:
    """Every account of the organization, by id; with a ``checker``, also what may not be done in it.

    ``account_timeout``: seconds that one account may take. ``root_audit``: a run would read about the root of accounts
    that it cannot enter. Raises AccessError or ScopeError.
    """
    try:
        await discovery.start()
        found = [item async for item in discovery.accounts()]
        progress.found(sum(not exclusion for _, exclusion in found))
        way = _Way(enter(discovery.caller), progress, checker, account_timeout, root_audit=root_audit)
        reached = await asyncio.gather(*(way.reach(account, exclusion) for account, exclusion in found))
        places = await discovery.places()
        whole = [] if discovery.alone else await way.organization(discovery.caller)
    finally:
        discovery.close()
    located = [replace(r, account=placed(r.account, places)) for r in reached]
    return sorted(_with(located, discovery.caller, whole), key=lambda r: r.account.id)


def _with(reached: Sequence[Reached], caller: Caller, lacks: Sequence[Lack]) -> list[Reached]:
    """What the caller lacks stands with its own account, listed or not."""
    known = list(reached)
    if lacks and all(r.account.id != caller.account_id for r in known):
        known.append(Reached(Account(caller.account_id), "not listed; the missing evidence is of the organization"))
    return [replace(r, lacks=(*r.lacks, *lacks)) if r.account.id == caller.account_id else r for r in known]


class _Way:
    """Into one account after the other."""

    def __init__(
        self,
        access: Access,
        progress: Progress,
        checker: Checker | None,
        timeout: float | None,
        *,
        root_audit: bool,
    ) -> None:
        self._access, self._progress, self._checker, self._timeout = access, progress, checker, timeout
        self._root_audit = root_audit

    async def reach(self, account: Account, exclusion: str) -> Reached:
        if exclusion:
            return Reached(account, exclusion)
        await self._access.room()
        try:
            async with asyncio.timeout(self._timeout):
                reached = await self._entered(account)
        except TimeoutError:
            late = f"the account was not done within {self._timeout:g} seconds"
            reached = Reached(account, "", False, f"AccountTimeout: {late}", (_unknown("AccountTimeout", late),))
            self._tell(account, EvidenceGap("", "check", "AccountTimeout", late))
        return reached

    async def organization(self, caller: Caller) -> list[Lack]:
        if self._checker is None:
            return []
        return await self._checker.in_organization(self._access.organization(), caller.account_id)

    async def _entered(self, account: Account) -> Reached:
        try:
            calls = await self._access.open(account)
        except EvidenceError as error:
            self._tell(account, EvidenceGap("", error.stage, error.code, error.message, error.request_id))
            lacks = await self._refused(account, error, self._checker) if self._checker else []
            return Reached(account, "", False, f"{error.code}: {error.message}", tuple(lacks))
        found = await self._checker.in_account(calls) if self._checker else []
        self._tell(account)
        return Reached(account, "", True, lacks=tuple(found))

    async def _refused(self, account: Account, error: EvidenceError, checker: Checker) -> list[Lack]:
        """What forbids the role and, where that is what a run would try next, a session of root."""
        lacks = checker.entering(error)
        if self._root_audit:
            try:
                await self._access.open_root(account)
            except EvidenceError as of_root:
                lacks += checker.entering(of_root)
        return lacks

    def _tell(self, account: Account, *gaps: EvidenceGap) -> None:
        outcome = Outcome.NOT_ASSESSED if gaps else Outcome.ASSESSED
        reason = "; ".join(f"{gap.stage}: {gap.code}: {gap.message}" for gap in gaps)
        self._progress.finished(AccountRecord(account, outcome, reason, gaps=gaps))


def _unknown(code: str, message: str) -> Lack:
    return Lack("", (), code, message, is_denied=False)
