"""Certificates are verified on every connection, through a proxy too: local servers try to get away with less."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from auditor.aws.calls import Calls
from auditor.aws.organization import AwsDirectory
from auditor.aws.session import open_clients
from auditor.errors import AccessError, ConfigurationError

ANSWER = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::000000000001:user/auditor</Arn><UserId>AIDA</UserId><Account>000000000001</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
KNOWN, UNKNOWN = trustme.CA(), trustme.CA()


@contextlib.asynccontextmanager
async def server(
    certificate: trustme.LeafCert, answers: Sequence[str] = (ANSWER,)
) -> AsyncIterator[tuple[int, list[str]]]:
    """An STS, or a giver of ``answers`` in turn, on https://localhost; yields its port and what got through."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(await request.text())
        return web.Response(text=answers[(len(seen) - 1) % len(answers)], content_type="text/xml")

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    assert site._server is not None
    try:
        yield site._server.sockets[0].getsockname()[1], seen  # type: ignore[attr-defined]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def proxy() -> AsyncIterator[tuple[int, list[str]]]:
    """An HTTP proxy that tunnels; yields its port and what it was asked to connect to."""
    asked: list[str] = []
    tunnels: list[asyncio.Task[None]] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tunnels.append(task)
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b"\r\n")[0].decode())
        host, port = head.split()[1].decode().split(":")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1" if host == "localhost" else host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        for end in (writer, far_writer):
            with contextlib.suppress(OSError, ssl.SSLError):
                await end.wait_closed()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    listening = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], asked
    finally:
        await asyncio.gather(*tunnels)
        listening.close()
        await listening.wait_closed()


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only KNOWN is trusted, and the caller has credentials."""
    bundle = tmp_path / "ca.pem"
    KNOWN.cert_pem.write_to_path(str(bundle))
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


async def who_calls(port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{port}")
    async with open_clients(None, "us-east-1", 2) as clients:
        return (await AwsDirectory(clients, Calls(2)).caller()).account_id


CERTIFICATES = {
    "another name": KNOWN.issue_cert("other.example"),
    "an unknown authority": UNKNOWN.issue_cert("localhost"),
}


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("proxied", [False, True], ids=["straight", "through a proxy"])
@pytest.mark.parametrize("kind", CERTIFICATES)
async def test_a_wrong_certificate_is_refused(kind: str, proxied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(CERTIFICATES[kind]) as (port, seen), proxy() as (proxy_port, asked):
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy_port}")
        with pytest.raises(AccessError, match=r"(?i)certificate"):
            await who_calls(port, monkeypatch)
        assert bool(asked) == proxied
        assert seen == [], "nothing may be sent to a host that is not proven"


@pytest.mark.usefixtures("trusting")
async def test_the_sdks_own_log_in_is_verified_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile with a role: the SDK opens a client of its own to assume it."""
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
        "[profile chained]\nrole_arn = arn:aws:iam::000000000001:role/x\nsource_profile = base\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    async with server(CERTIFICATES["another name"]) as (port, seen):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{port}")
        with pytest.raises(AccessError, match=r"(?i)certificate"):
            async with open_clients("chained", "us-east-1", 2):
                pass
        assert seen == []


TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
CONTAINER = {"AccessKeyId": "A", "SecretAccessKey": "B", "Token": "C", "Expiration": TOMORROW}
INSTANCE = CONTAINER | {"Code": "Success"}


def from_metadata(kind: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys but those that the metadata service of a container or an instance on ``port`` hands out."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    url = f"https://localhost:{port}/"
    if kind == "container":
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    else:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)


async def access_key() -> str:
    async with open_clients(None, "us-east-1", 2) as clients:
        return (await clients.caller_credentials.get_frozen_credentials()).access_key  # type: ignore[no-any-return]


METADATA = {"container": [json.dumps(CONTAINER)], "instance": ["token", "role", json.dumps(INSTANCE)]}


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("metadata", METADATA)
@pytest.mark.parametrize("kind", CERTIFICATES)
async def test_credentials_are_not_fetched_from_a_wrong_host(
    kind: str, metadata: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(CERTIFICATES[kind], METADATA[metadata]) as (port, seen):
        from_metadata(metadata, port, monkeypatch)
        with pytest.raises(AccessError, match=r"(?i)certificate"):
            await access_key()
        assert seen == []


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("metadata", METADATA)
async def test_credentials_are_fetched_with_the_named_bundle(metadata: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(KNOWN.issue_cert("localhost"), METADATA[metadata]) as (port, seen):
        from_metadata(metadata, port, monkeypatch)
        assert await access_key() == "A"
        assert len(seen) == len(METADATA[metadata])


@pytest.mark.usefixtures("trusting")
async def test_credentials_are_not_fetched_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from_metadata("container", 1, monkeypatch)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://credentials.example/")
    with pytest.raises(ConfigurationError, match=r"credentials\.example"):
        await access_key()


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("proxied", [False, True], ids=["straight", "through a proxy"])
async def test_a_certificate_of_the_named_bundle_is_accepted(proxied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(KNOWN.issue_cert("localhost")) as (port, seen), proxy() as (proxy_port, asked):
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy_port}")
        assert await who_calls(port, monkeypatch) == "000000000001"
        assert bool(asked) == proxied
        assert len(seen) == 1
