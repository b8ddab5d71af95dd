"""All evidence of one account, within its time: by its role or, where that cannot be assumed, by its root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from auditor.collect.gathering import Gathering
from auditor.collect.interface import Access, Collector
from auditor.collect.plan import Collectors
from auditor.errors import EvidenceError
from auditor.model import Account, Evidence, EvidenceFile


class Assessor:
    """``timeout``: seconds for one account; ``store`` keeps the evidence of an account, by its id."""

    def __init__(
        self, collectors: Collectors, timeout: float, store: Callable[[str, Evidence], EvidenceFile], access: Access
    ) -> None:
        self._collectors, self._timeout, self._store, self._access = collectors, timeout, store, access

    async def assess(self, account: Account) -> Gathering:
        """What could be had, and gaps for the rest. Raises what is no EvidenceError."""
        gathering = Gathering(account.id, self._collectors.accounts, partial(self._store, account.id))
        try:
            async with asyncio.timeout(self._timeout):
                await self._gather(gathering, account)
        except TimeoutError:
            late = f"the account was not done within {self._timeout:g} seconds"
            gathering.give_up(EvidenceError("collect", "AccountTimeout", late))
        return gathering

    async def _gather(self, gathering: Gathering, account: Account) -> None:
        try:
            calls = await self._access.open(account)
        except EvidenceError as error:
            gathering.give_up(error)
            if self._collectors.root:
                await self._gather_root(gathering, self._collectors.root, account)
        else:
            await gathering.run(calls)

    async def _gather_root(self, gathering: Gathering, of_root: Collector, account: Account) -> None:
        gathering.add(of_root)
        try:
            calls = await self._access.open_root(account)
        except EvidenceError as error:
            gathering.give_up(error)
        else:
            await gathering.run(calls)
