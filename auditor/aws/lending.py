"""Credentials for the processes of a run: one process assumes every role, the others borrow what they need.

So STS and Organizations, which throttle the caller as a whole, are called from one place, and nobody else ever has the
caller's own credentials.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiobotocore.credentials import AioCredentials

from auditor.aws.access import AwsAccess
from auditor.aws.assume import AccountCalls, Credentials
from auditor.aws.calls import Calls
from auditor.aws.renewing import RenewedCredentials
from auditor.aws.retries import Budget
from auditor.errors import EvidenceError
from auditor.model import Account

Loan = Mapping[str, Any]
"""What JSON can hold of credentials: ``keys`` (id, secret, token) and the ``seconds`` until others are to be asked for,
or the ``error`` (stage, code, message, request id) that stands in their place."""
Borrow = Callable[[str, str, str], Awaitable[Loan]]
"""Asks for credentials of an account: by which way, its id, and the key id of those that have run out."""

ROLE, ROOT = "role", "root"


class Lender:
    """Assumes the roles of the accounts that others collect."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._sources: dict[tuple[str, str], Credentials] = {}

    async def lend(self, way: str, account: Account, expired: str) -> Loan:
        """Credentials of the account; others than those of the key id ``expired``, if there are others."""
        try:
            return await self._lent(way, account, expired)
        except EvidenceError as error:
            return {"error": [error.stage, error.code, error.message, error.request_id]}

    def forget(self, account_id: str) -> None:
        """The account is done."""
        for way in (ROLE, ROOT):
            self._sources.pop((way, account_id), None)

    async def _lent(self, way: str, account: Account, expired: str) -> Loan:
        key = (way, account.id)
        if key not in self._sources:
            opened = await (self._access.open(account) if way == ROLE else self._access.open_root(account))
            self._sources[key] = opened.source
        source = self._sources[key]
        credentials = await source.current()
        if credentials.access_key == expired:
            credentials = await source.renewed(credentials)
        seconds = source.seconds_of_use
        keys = [credentials.access_key, credentials.secret_key, credentials.token]
        return {"keys": keys, "seconds": None if math.isinf(seconds) else seconds}


class BorrowedAccess:
    """The way into accounts for a process that has no credentials of its own."""

    def __init__(self, calls: Calls, borrow: Borrow) -> None:
        self._calls, self._borrow = calls, borrow

    async def open(self, account: Account) -> AccountCalls:
        """Raises EvidenceError (stage ``assume``) when the role cannot be assumed."""
        return await self._opened(ROLE, account)

    async def open_root(self, account: Account) -> AccountCalls:
        """Raises EvidenceError (stage ``assume-root``) when root cannot be read about either."""
        return await self._opened(ROOT, account)

    async def room(self) -> None:
        await self._calls.room()

    def organization(self) -> AccountCalls:
        raise NotImplementedError("the organization is read by the process that has the caller's credentials")

    async def _opened(self, way: str, account: Account) -> AccountCalls:
        credentials = BorrowedCredentials(self._borrow, way, account.id)
        await credentials.current()
        return AccountCalls(self._calls, credentials, Budget(account.id))


class BorrowedCredentials(RenewedCredentials):
    """Those of one account."""

    def __init__(self, borrow: Borrow, way: str, account_id: str) -> None:
        super().__init__()
        self._borrow, self._way, self._account_id = borrow, way, account_id

    async def _ask(self, before: AioCredentials | None) -> tuple[AioCredentials, float]:
        loan = await self._borrow(self._way, self._account_id, before.access_key if before else "")
        if "error" in loan:
            raise EvidenceError(*loan["error"])
        is_same = before is not None and before.access_key == loan["keys"][0]
        credentials = before if before and is_same else AioCredentials(*loan["keys"])
        return credentials, math.inf if loan["seconds"] is None else loan["seconds"]
