"""The caller's own credentials as their provider gives them: whatever it raises, now or hours later, is one error.

A provider is what the AWS SDK finds for a profile: a program (``credential_process``), an SSO login, a role, a
container. It is asked again whenever credentials are about to run out, and it may be anybody's program.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import botocore.exceptions as botocore_errors
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession

from auditor.aws.faults import FAULTS, code_of, text_of
from auditor.errors import AccessError, AuditorError, ConfigurationError

PAUSES = (1.0, 4.0)
"""Seconds between the tries to renew credentials."""
_WEB_IDENTITY = "assume-role-with-web-identity"
_CONTAINER = "container-role"


class CallerCredentialsError(botocore_errors.BotoCoreError):  # type: ignore[misc]
    """The caller's credentials have run out and their provider gives no others."""

    fmt = "the credentials of profile {profile!r} could not be renewed by their provider ({provider}): {problem}"


class ProvidedCredentials(AioCredentials):  # type: ignore[misc]
    """Asks the provider again when credentials run out. Raises CallerCredentialsError for whatever that raises.

    A failing provider gets as many more tries as there are PAUSES; after them it is not asked again in this run, so
    that all calls that are still to come end at once. As long as the last credentials are valid they are used.
    """

    def __init__(self, found: AioCredentials, profile: str) -> None:
        super().__init__("unbound", "unbound", None, method=found.method)
        self._found, self._profile = found, profile
        self._asking = asyncio.Lock()
        self._given_up: CallerCredentialsError | None = None

    async def get_frozen_credentials(self) -> Any:
        if self._given_up is None and not self._must_be_renewed():
            with suppress(Exception):  # what it raises again below is told
                return await self._found.get_frozen_credentials()
        async with self._asking:
            if self._given_up is None:
                return await self._persistent()
            if self._is_valid():
                return self._found._frozen_credentials
            raise self._given_up

    async def _persistent(self) -> Any:
        for pause in (*PAUSES, None):
            try:
                return await self._found.get_frozen_credentials()
            except Exception as error:
                problem = CallerCredentialsError(profile=self._profile, provider=self.method, problem=problem_of(error))
            if pause is not None:
                await asyncio.sleep(pause)
        self._given_up = problem
        if self._is_valid():
            return self._found._frozen_credentials
        raise problem

    def _must_be_renewed(self) -> bool:
        """Whether the SDK would wait for others before it uses these, as it does for the last ten minutes."""
        found = self._found
        return hasattr(found, "refresh_needed") and found.refresh_needed(found._mandatory_refresh_timeout)

    def _is_valid(self) -> bool:
        """Whether the last credentials that the provider gave have not run out yet."""
        frozen = getattr(self._found, "_frozen_credentials", None)
        return frozen is not None and not self._found.refresh_needed(0)


async def find_credentials(session: AioSession, profile: str) -> ProvidedCredentials:
    """The credentials that the SDK finds first. Raises what botocore raises, AccessError, or ConfigurationError where
    a provider gives something else than credentials."""
    for provider in session.get_component("credential_provider").providers:
        try:
            found = await provider.load()
            if found is not None:
                await found.get_frozen_credentials()
        except (*FAULTS, AuditorError):
            raise
        except Exception as error:
            raise _not_usable(error, provider.METHOD, profile) from error
        if found is not None:
            return ProvidedCredentials(found, profile)
    raise botocore_errors.NoCredentialsError


def _not_usable(error: Exception, provider: str, profile: str) -> AuditorError:
    if provider == _WEB_IDENTITY and isinstance(error, OSError):
        return AccessError(f"the web identity token cannot be read: {error.filename}: {error.strerror}")
    if provider == _CONTAINER and isinstance(error, ValueError):  # a host that credentials may not be fetched from
        return ConfigurationError(f"the AWS SDK does not accept its settings: {error}")
    return ConfigurationError(
        f"the credential provider of profile {profile!r} ({provider}) gives no credentials: {problem_of(error)}"
    )


def problem_of(error: Exception) -> str:
    """What is wrong with a provider, in words that repeat nothing of what it printed: that may be a secret."""
    match error:
        case botocore_errors.CredentialRetrievalError():
            return " ".join(str(error.kwargs.get("error_msg", error)).split()) or "it gives no reason"
        case _ if isinstance(error, FAULTS):
            return f"{code_of(error)}: {text_of(error)}"
        case json.JSONDecodeError():
            return "it printed no JSON" if error.doc.strip() else "it printed nothing"
        case RuntimeError():  # the SDK's, for want of a better word
            return "the credentials that it gave have already expired"
        case OSError():
            return f"it cannot be started: {error.strerror}"
        case _:
            return f"its answer cannot be used ({type(error).__name__})"
