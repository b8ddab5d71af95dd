"""Who is in scope, and can each be reached: roles are assumed, nothing is collected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from auditor.collect.discovery import Discovery, placed
from auditor.collect.interface import Access, Progress
from auditor.errors import EvidenceError
from auditor.model import Account, AccountRecord, Caller, EvidenceGap, Outcome


@dataclass(frozen=True)
class Reached:
    """One account: why it is excluded (empty: in scope), and whether it could be entered (None: not tried)."""

    account: Account
    exclusion: str = ""
    reachable: bool | None = None
    problem: str = ""


async def reach_accounts(discovery: Discovery, enter: Callable[[Caller], Access], progress: Progress) -> list[Reached]:
    """Every account of the organization, by id. Raises AccessError or ScopeError."""
    try:
        await discovery.start()
        found = [item async for item in discovery.accounts()]
        progress.found(sum(not exclusion for _, exclusion in found))
        access = enter(discovery.caller)
        reached = await asyncio.gather(*(_reach(a, exclusion, access, progress) for a, exclusion in found))
        places = await discovery.places()
    finally:
        discovery.close()
    located = [Reached(placed(r.account, places), r.exclusion, r.reachable, r.problem) for r in reached]
    return sorted(located, key=lambda r: r.account.id)


async def _reach(account: Account, exclusion: str, access: Access, progress: Progress) -> Reached:
    if exclusion:
        return Reached(account, exclusion)
    try:
        await access.open(account)
    except EvidenceError as error:
        gap = EvidenceGap("", error.stage, error.code, error.message, error.request_id)
        progress.finished(AccountRecord(account, Outcome.NOT_ASSESSED, str(error), gaps=(gap,)))
        return Reached(account, "", False, f"{error.code}: {error.message}")
    progress.finished(AccountRecord(account, Outcome.ASSESSED))
    return Reached(account, "", True)
