"""Connections whose certificates are verified and whose answers have an end, whoever opens them: our clients, or the
SDK for itself to log in."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioAssumeRoleProvider, AioCredentialResolver, AioProcessProvider
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from aiobotocore.utils import AioContainerMetadataFetcher, AioIMDSFetcher, _RefCountedSession
from botocore.httpsession import create_urllib3_context, get_cert_path
from botocore.utils import get_environ_proxies

from auditor.aws.parsing import ParserFactory
from auditor.aws.programs import start_bounded

MODELS = Path(__file__).parent / "models"
"""What the pinned SDK's service models lack of AWS's own, in the form that the SDK merges into them."""
MAX_ANSWER = 128 << 20
"""Bytes of one answer; the largest that AWS gives, a page of authorization details, is some 20 MB."""

_contexts: dict[tuple[Any, ...], ssl.SSLContext] = {}


class AnswerTooLargeError(Exception):
    """Somebody answers without end."""


class _BoundedResponse(aiohttp.ClientResponse):
    """One that is given up as soon as it is larger than MAX_ANSWER: no call may fill the memory."""

    async def read(self) -> bytes:
        if self._body is None:
            try:
                self._body = await self._bounded()
            except BaseException:
                self.close()
                raise
            await self._wait_released()
        return self._body

    async def _bounded(self) -> bytes:
        blocks, size = [], 0
        while block := await self.content.readany():
            blocks.append(block)
            size += len(block)
            if size > MAX_ANSWER:
                raise AnswerTooLargeError(f"the answer is larger than {MAX_ANSWER >> 20} MiB")
        return b"".join(blocks)


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

    async def _get_session(self, proxy_url: str | None) -> aiohttp.ClientSession:
        known = self._sessions.get(proxy_url)
        session: aiohttp.ClientSession = known or await super()._get_session(proxy_url)
        if known:
            return session
        session._response_class = _BoundedResponse
        session._cookie_jar = (
            aiohttp.DummyCookieJar()
        )  # AWS sets none, and one account's would be sent with another's calls
        return session


class VerifiedFetching(VerifiedHTTPSession, _RefCountedSession):  # type: ignore[misc]
    """What the SDK fetches credentials with from a container's or an instance's metadata, where they are https."""


def _verifying_context(authorities: str, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.load_verify_locations(authorities)
    if cert_file:
        context.load_cert_chain(cert_file, key_file)
    return context


def _bound_programs(builder: Any) -> None:
    """What the profile that a role is assumed from starts is bounded, too."""
    create = builder._create_process_provider

    def create_bounded(profile_name: str) -> AioProcessProvider:
        provider = create(profile_name)
        provider._popen = start_bounded
        return provider

    builder._create_process_provider = create_bounded


class VerifiedSession(AioSession):  # type: ignore[misc]
    """Everything it opens is verified, also what the SDK opens for itself (SSO, roles of a profile, metadata).

    ``ask`` gets the code of an MFA device where the profile's role wants one.
    """

    def __init__(self, profile: str | None, ask: Callable[[str], str]) -> None:
        super().__init__(profile=profile)
        self._ask = ask
        self.register_component("response_parser_factory", ParserFactory())

    async def _create_client(self, *arguments: Any, config: AioConfig | None = None, **more: Any) -> Any:
        loader = self.get_component("data_loader")
        if str(MODELS) not in loader.search_paths:  # not before: the loader asks for the profile, which may be unknown
            loader.search_paths.append(str(MODELS))
        config = config or AioConfig()
        config.http_session_cls = VerifiedHTTPSession
        config.defaults_mode = "legacy"  # ``auto`` would ask the metadata for a region, in a session of its own
        return await super()._create_client(*arguments, config=config, **more)

    def _create_credential_resolver(self) -> AioCredentialResolver:
        resolver = super()._create_credential_resolver()
        for provider in resolver.providers:
            if isinstance(provider, AioAssumeRoleProvider):
                provider._prompter = self._ask
                _bound_programs(provider._profile_provider_builder)
            elif isinstance(provider, AioProcessProvider):
                provider._popen = start_bounded
            for fetcher in (getattr(provider, "_fetcher", None), getattr(provider, "_role_fetcher", None)):
                if isinstance(fetcher, AioContainerMetadataFetcher):
                    fetcher._session = self._fetching(fetcher.TIMEOUT_SECONDS)
                elif isinstance(fetcher, AioIMDSFetcher):
                    fetcher._session = self._fetching(fetcher._timeout, get_environ_proxies(fetcher._base_url))
        return resolver

    def _fetching(self, timeout: float, proxies: dict[str, str] | None = None) -> VerifiedFetching:
        authorities = self.get_config_variable("ca_bundle")
        return VerifiedFetching(verify=authorities or True, timeout=timeout, proxies=proxies)
