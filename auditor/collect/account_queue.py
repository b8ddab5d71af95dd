"""The accounts that are still to be collected, for whoever has room for one."""

from __future__ import annotations

import asyncio

from auditor.model import Account


class AccountQueue:
    """Ends once all accounts are listed and each that was taken is done: until then one may be put back."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Account | None] = asyncio.Queue()
        self._in_flight, self._all_listed, self._ended = 0, False, False

    def put(self, account: Account) -> None:
        self._waiting.put_nowait(account)

    def all_listed(self) -> None:
        """No other account is coming."""
        self._all_listed = True
        self._end_if_over()

    async def take(self) -> Account | None:
        """The next account, which must be ``done`` or ``put_back``; None once there will be no other."""
        account = await self._waiting.get()
        if account is None:
            self._waiting.put_nowait(None)  # for the next one who asks
        else:
            self._in_flight += 1
        return account

    def done(self) -> None:
        self._in_flight -= 1
        self._end_if_over()

    def put_back(self, account: Account) -> None:
        """Somebody else has to collect it."""
        self._in_flight -= 1
        self._waiting.put_nowait(account)

    def _end_if_over(self) -> None:
        if self._all_listed and not self._in_flight and self._waiting.empty() and not self._ended:
            self._ended = True
            self._waiting.put_nowait(None)
