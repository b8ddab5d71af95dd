"""Signature Version 4 of requests, as botocore makes it, with nothing computed twice.

botocore writes the body four times for each request, and its headers twice, on the way to a signature: an eighth of the
CPU while evidence was collected.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SIGNED_HEADERS_BLACKLIST, SIGV4_TIMESTAMP, SigV4Auth, _host_from_url
from botocore.compat import get_current_datetime

_ALGORITHM = "AWS4-HMAC-SHA256"
# Services whose requests botocore signs in a way of their own.
_SIGNED_OTHERWISE = ("s3", "s3-control", "s3-outposts", "cloudsearchdomain", "cognito-identity")


def sign_quickly(client: Any) -> None:
    """Sign the requests of ``client`` here, where they are signed by Version 4 without anything special."""
    signer, service = client._request_signer, client.meta.service_model.service_id.hyphenize()
    preferred = getattr(client.meta.config, "auth_scheme_preference", None)
    if signer._signature_version != "v4" or service in _SIGNED_OTHERWISE or preferred:
        return
    events, name = client.meta.events, f"request-created.{service}"
    events.unregister(name, signer.handler)
    events.register(name, _Handler(signer).sign)


class _Handler:
    """What is called for each request; anything unusual is left to botocore's own ``signer``."""

    def __init__(self, signer: Any) -> None:
        self._signer = signer

    async def sign(self, operation_name: str | None = None, request: Any = None, **_more: Any) -> None:
        if _is_unusual(request):
            await self._signer.handler(operation_name, request)
            return
        given = request.context.get("signing", {})
        credentials = await self._signer._credentials.get_frozen_credentials()
        region = given.get("region") or self._signer._region_name
        service = given.get("signing_name") or self._signer._signing_name
        sign_request(request, credentials, service, region, get_current_datetime())


def _is_unusual(request: Any) -> bool:
    context, headers = request.context, request.headers
    return bool(
        context.get("auth_type", "v4") not in (None, "v4")
        or not context.get("payload_signing_enabled", True)
        or context.get("unsigned_payload")
        or context.get("checksum")
        or {"request_credentials", "identity_cache"} & context.get("signing", {}).keys()
        or "Date" in headers
        or "X-Amz-Content-SHA256" in headers
        or hasattr(request.data, "seek")
    )


def sign_request(request: Any, credentials: Any, service: str, region: str, now: datetime) -> None:
    """Sign a request of botocore in place; its body becomes bytes on the way."""
    timestamp = now.strftime(SIGV4_TIMESTAMP)
    request.context["timestamp"] = timestamp
    _replace(request.headers, "X-Amz-Date", timestamp)
    if credentials.token:
        _replace(request.headers, "X-Amz-Security-Token", credentials.token)
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    canonical, signed = _canonical_request(request)
    text = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, timestamp[:8], region, service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    access = f"Credential={credentials.access_key}/{scope}"
    _replace(request.headers, "Authorization", f"{_ALGORITHM} {access}, SignedHeaders={signed}, Signature={signature}")


def _replace(headers: Any, name: str, value: str) -> None:
    del headers[name]
    headers[name] = value


def _canonical_request(request: Any) -> tuple[str, str]:
    """The text that is signed, and the names of the headers in it."""
    path, host, query = _place(request.url)
    if request.params:
        query = _PLAIN._canonical_query_string_params(request.params)
    values: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    values.setdefault("host", [host])
    names = sorted(name for name in values if name not in SIGNED_HEADERS_BLACKLIST)
    headers, signed = "".join(f"{name}:{','.join(values[name])}\n" for name in names), ";".join(names)
    return "\n".join([request.method.upper(), path, query, headers, signed, sha256(_body(request)).hexdigest()]), signed


def _body(request: Any) -> bytes:
    """The body as it is sent, written once: what is bytes already is not written again."""
    body = request._request_preparer._prepare_body(request) or b""
    request.data = body.encode() if isinstance(body, str) else body
    return bytes(request.data)


_PLAIN = SigV4Auth(None, "", "")


@lru_cache(maxsize=1024)
def _place(url: str) -> tuple[str, str, str]:
    """Path and query of a URL as they are signed, and its host."""
    parts = urlsplit(url)
    return _PLAIN._normalize_url_path(parts.path), _host_from_url(url), _PLAIN._canonical_query_string_url(parts)


def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """Four hashes in C take three microseconds: less than it would take to keep a key for each account, and safer."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
