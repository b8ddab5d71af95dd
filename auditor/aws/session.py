"""One verified HTTPS connection pool and one client per service, signed for whichever account a call is bound to.

Measured on an organization of loopback accounts, a session for each account costs 250-450 ms of CPU and 5-10 MB; one
shared client costs 6-7 ms. So credentials are not a property of a client here: they are bound around each call, and a
call without any fails instead of being signed with somebody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aioboto3
import aiohttp
import botocore.exceptions as botocore_errors
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from botocore.httpsession import create_urllib3_context, get_cert_path

from auditor.aws.faults import access_error
from auditor.errors import ConfigurationError

DEFAULT_REGION = "us-east-1"
_CONNECT_TIMEOUT, _READ_TIMEOUT = 10, 30  # seconds
_contexts: dict[tuple[Any, ...], ssl.SSLContext] = {}
_bound: contextvars.ContextVar[AioCredentials] = contextvars.ContextVar("credentials")


class NoCredentialsBoundError(RuntimeError):
    """A call was about to be signed outside of ``acting_as``: a mistake in this program."""


class VerifiedHTTPSession(AIOHTTPSession):  # type: ignore[misc]
    """Checks certificate chain and host name of every connection, behind a proxy too.

    aiobotocore 2.25 leaves the host name unchecked, and everything unchecked behind a proxy. There is no way to turn
    this off; ``AWS_CA_BUNDLE`` names other authorities. The context is shared: loading the authorities takes 30 ms.
    """

    def _create_connector(self, proxy_url: str | None) -> aiohttp.TCPConnector:
        authorities = get_cert_path(self._verify or True)
        key = (authorities, self._cert_file, self._key_file)
        if key not in _contexts:
            _contexts[key] = _verifying_context(*key)
        return aiohttp.TCPConnector(limit=self._max_pool_connections, ssl=_contexts[key], **self._connector_args)


def _verifying_context(authorities: str, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.load_verify_locations(authorities)
    if cert_file:
        context.load_cert_chain(cert_file, key_file)
    return context


class VerifiedSession(AioSession):  # type: ignore[misc]
    """Every client is verified, also those that the SDK opens for itself to log in (SSO, roles of a profile)."""

    async def _create_client(self, *arguments: Any, config: AioConfig | None = None, **more: Any) -> Any:
        config = config or AioConfig()
        config.http_session_cls = VerifiedHTTPSession
        return await super()._create_client(*arguments, config=config, **more)


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


@contextlib.asynccontextmanager
async def open_clients(profile: str | None, region: str | None, connections: int) -> AsyncIterator[Clients]:
    """Find the caller's credentials as every AWS tool does, and open the clients.

    Raises AccessError when there are no usable credentials, ConfigurationError for a malformed region or endpoint.
    """
    session = VerifiedSession(profile=profile)
    try:
        region = region or session.get_config_variable("region") or DEFAULT_REGION
        session.set_config_variable("region", region)  # the SDK's own log-in needs one too
        caller = await session.get_credentials()
        if caller is None:
            raise botocore_errors.NoCredentialsError
        await caller.get_frozen_credentials()
        session._credentials = BoundCredentials()
        async with contextlib.AsyncExitStack() as stack:
            opener = ClientOpener(stack, session, region, connections)
            sts, iam, organizations = [await opener.client(name) for name in ("sts", "iam", "organizations")]
            yield Clients(sts, iam, organizations, caller, opener)
    except (botocore_errors.BotoCoreError, botocore_errors.ClientError) as error:
        raise access_error(error) from error


async def _open(stack: contextlib.AsyncExitStack, session: AioSession, service: str, region: str, size: int) -> Any:
    config = AioConfig(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        max_pool_connections=size,
        retries={"total_max_attempts": 1, "mode": "legacy"},  # retries are ours: see auditor.aws.calls
        user_agent_extra="aws-org-auditor",
    )
    client = aioboto3.Session(botocore_session=session).client(service, region_name=region, config=config)
    try:
        return await stack.enter_async_context(client)
    except ValueError as error:  # a malformed region or AWS_ENDPOINT_URL
        raise ConfigurationError(f"the AWS SDK does not accept its settings: {error}") from error
