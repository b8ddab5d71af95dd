"""Credentials that end: asked for when they are first needed and when their time is up."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from aiobotocore.credentials import AioCredentials


class RenewedCredentials(ABC):
    """Calls that ran out together share what is asked for once."""

    def __init__(self) -> None:
        self._credentials: AioCredentials | None = None
        self._renew_at = 0.0  # on the loop's clock
        self._lock = asyncio.Lock()

    @abstractmethod
    async def _ask(self, before: AioCredentials | None) -> tuple[AioCredentials, float]:
        """Credentials and the seconds for which they are used; ``before`` again where there are no others."""

    @property
    def seconds_of_use(self) -> float:
        return self._renew_at - asyncio.get_running_loop().time()

    async def current(self) -> AioCredentials:
        async with self._lock:
            return await self._valid()

    async def renewed(self, expired: AioCredentials) -> AioCredentials:
        """Others in place of ``expired``, or the same where there are no others."""
        async with self._lock:
            return await self._others() if self._credentials is expired else await self._valid()

    async def _valid(self) -> AioCredentials:
        if self._credentials is None or self.seconds_of_use <= 0:
            return await self._others()
        return self._credentials

    async def _others(self) -> AioCredentials:
        self._credentials, seconds = await self._ask(self._credentials)
        self._renew_at = asyncio.get_running_loop().time() + seconds
        return self._credentials
