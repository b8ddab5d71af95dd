"""The programs that a profile names as ``credential_process``: none runs for ever, none is left behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import botocore.exceptions as botocore_errors

PROGRAM_SECONDS = 120.0
"""How long one may take; somebody may have to touch a key."""


class BoundedProgram:
    """A credential_process that is ended after PROGRAM_SECONDS, and when nobody waits for it any more."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        """Raises CredentialRetrievalError when it does not end."""
        try:
            async with asyncio.timeout(PROGRAM_SECONDS):
                return await self._process.communicate()
        except TimeoutError:
            raise botocore_errors.CredentialRetrievalError(
                provider="custom-process", error_msg=f"the program did not end within {PROGRAM_SECONDS:g} seconds"
            ) from None
        finally:
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    self._process.kill()


async def start_bounded(*command: str, **pipes: Any) -> BoundedProgram:
    """In place of ``asyncio.create_subprocess_exec``, for the SDK."""
    return BoundedProgram(await asyncio.create_subprocess_exec(*command, **pipes))
