"""One verified HTTPS connection pool and one client per service, signed for whichever account a call is bound to.

Measured on an organization of loopback accounts, a session for each account costs 250-450 ms of CPU and 5-10 MB; one
shared client costs 6-7 ms. So credentials are not a property of a client here: they are bound around each call, and a
call without any fails instead of being signed with somebody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aioboto3
import botocore
import botocore.exceptions as botocore_errors
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession

from auditor import __version__
from auditor.aws.faults import access_error
from auditor.aws.provided import find_credentials
from auditor.aws.request_signatures import sign_quickly
from auditor.aws.verified import VerifiedSession
from auditor.errors import AccessError, ConfigurationError

_USER_AGENT = f"aws-org-auditor/{__version__} botocore/{botocore.__version__}"
DEFAULT_REGION = "us-east-1"
_CONNECT_TIMEOUT, _READ_TIMEOUT = 10, 30  # seconds
# What the SDK warns of it also raises, and we tell it: without a handler Python would print its tracebacks.
for _name in ("aiobotocore", "botocore"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
_MFA_CODE = re.compile(r"[0-9]{6}")
_bound: contextvars.ContextVar[AioCredentials] = contextvars.ContextVar("credentials")


class NoCredentialsBoundError(RuntimeError):
    """A call was about to be signed outside of ``acting_as``: a mistake in this program."""


class BoundCredentials(AioCredentials):  # type: ignore[misc]
    """What the shared clients sign with: the credentials of the innermost ``acting_as`` of the running task."""

    def __init__(self) -> None:
        super().__init__("unbound", "unbound", None, method="acting-as")

    async def get_frozen_credentials(self) -> Any:
        try:
            credentials = _bound.get()
        except LookupError:
            raise NoCredentialsBoundError from None
        return await credentials.get_frozen_credentials()


@contextlib.contextmanager
def acting_as(credentials: AioCredentials) -> Iterator[None]:
    """Sign the calls of the block with ``credentials``."""
    token = _bound.set(credentials)
    try:
        yield
    finally:
        _bound.reset(token)


@dataclass(frozen=True)
class Clients:
    """The run's only clients, one a service and region, and the caller's own credentials."""

    sts: Any
    iam: Any
    organizations: Any
    caller_credentials: AioCredentials
    opener: ClientOpener

    async def client(self, service: str, region: str | None = None) -> Any:
        """The client of another service, opened when it is first asked for; ``region``: another than the run's."""
        return await self.opener.client(service, region)


class ClientOpener:
    """Opens each client once and keeps it until ``stack`` is closed."""

    def __init__(self, stack: contextlib.AsyncExitStack, session: AioSession, region: str, size: int) -> None:
        self._stack, self._session, self._region, self._size = stack, session, region, size
        self._clients: dict[tuple[str, str], asyncio.Future[Any]] = {}

    async def client(self, service: str, region: str | None = None) -> Any:
        """Raises ConfigurationError for a malformed region or endpoint."""
        key = (service, region or self._region)
        if key not in self._clients:
            opening = _open(self._stack, self._session, *key, self._size)
            self._clients[key] = asyncio.ensure_future(opening)
        return await asyncio.shield(self._clients[key])


def _ask_nobody(_prompt: str) -> str:
    raise AccessError("the profile needs an MFA code, and it cannot be asked for here")


@contextlib.asynccontextmanager
async def open_clients(
    profile: str | None, region: str | None, connections: int, ask: Callable[[str], str] = _ask_nobody
) -> AsyncIterator[Clients]:
    """Find the caller's credentials as every AWS tool does, and open the clients.

    ``ask`` gets a person's answer to a prompt: the code of an MFA device, which is passed on to STS and nowhere else.

    Raises AccessError when there are no usable credentials, ConfigurationError for a malformed region or endpoint.
    """
    session = VerifiedSession(profile, lambda prompt: _mfa_code(ask(prompt)))
    try:
        region = region or session.get_config_variable("region") or DEFAULT_REGION
        session.set_config_variable("region", region)  # the SDK's own log-in needs one too
        session.set_config_variable("sts_regional_endpoints", "regional")  # AssumeRoot is served there only
        caller = await find_credentials(session, session.get_config_variable("profile") or "default")
        session._credentials = BoundCredentials()
        async with contextlib.AsyncExitStack() as stack:
            opener = ClientOpener(stack, session, region, connections)
            sts, iam, organizations = [await opener.client(name) for name in ("sts", "iam", "organizations")]
            yield Clients(sts, iam, organizations, caller, opener)
    except (botocore_errors.BotoCoreError, botocore_errors.ClientError) as error:
        raise access_error(error, session.get_config_variable("profile") or "default") from error


@contextlib.asynccontextmanager
async def open_account_clients(profile: str | None, region: str | None, connections: int) -> AsyncIterator[Clients]:
    """Clients for a process that borrows the credentials of each account: it looks for none of its own."""
    session = VerifiedSession(profile, _ask_nobody)
    region = region or session.get_config_variable("region") or DEFAULT_REGION
    session.set_config_variable("region", region)
    session._credentials = BoundCredentials()
    async with contextlib.AsyncExitStack() as stack:
        opener = ClientOpener(stack, session, region, connections)
        yield Clients(None, await opener.client("iam"), None, BoundCredentials(), opener)


def _mfa_code(text: str) -> str:
    """STS repeats a code that is none in its error, so it is never sent; neither is it repeated here."""
    if not _MFA_CODE.fullmatch(text.strip()):
        raise AccessError("an MFA code has six digits; run again and enter the code that the device shows")
    return text.strip()


async def _open(stack: contextlib.AsyncExitStack, session: AioSession, service: str, region: str, size: int) -> Any:
    config = AioConfig(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        max_pool_connections=size,
        retries={"total_max_attempts": 1, "mode": "legacy"},  # retries are ours: see auditor.aws.calls
        user_agent=_USER_AGENT,  # the SDK would put its own together anew for each call: 7 % of the CPU
    )
    client = aioboto3.Session(botocore_session=session).client(service, region_name=region, config=config)
    try:
        opened = await stack.enter_async_context(client)
    except ValueError as error:  # a malformed region or AWS_ENDPOINT_URL
        raise ConfigurationError(f"the AWS SDK does not accept its settings: {error}") from error
    sign_quickly(opened)
    _forget_retries(opened)
    return opened


def _forget_retries(client: Any) -> None:
    """The SDK would look after each answer whether one try of one is used up."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
