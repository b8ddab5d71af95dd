"""Requests are signed as botocore signs them, whatever is in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from auditor.aws.request_signatures import _Handler, sign_request

NOW = datetime(2026, 11, 24, 10, 15, 7, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
ASCII = st.text("abcXYZ019 -_~.,;=", max_size=12)
HEADERS = st.dictionaries(st.sampled_from(["X-Amz-Target", "Content-Type", "X-Odd", "User-Agent", "Host"]), ASCII)
BODIES = st.one_of(
    st.dictionaries(TEXT, TEXT, max_size=4),
    st.binary(max_size=30),
    st.sampled_from([b"", b"{}", '{"a": 1}']),
)
URLS = st.sampled_from(
    [
        "https://iam.amazonaws.com/",
        "https://iam.amazonaws.com",
        "http://127.0.0.1:8123/",
        "https://access-analyzer.eu-west-1.amazonaws.com/analyzer?type=ORGANIZATION&maxResults=5&a",
        "https://h.example:443/a//b/../c%20d/\u00e4",
        "https://[::1]:4566/x?b=2&a=1&a=0",
    ]
)


def request_of(method: str, url: str, headers: Mapping[str, str], body: Any, params: Mapping[str, str]) -> AWSRequest:
    request = AWSRequest(method=method, url=url, headers=headers, data=body, params=dict(params))
    request.context = {}
    return request


@given(
    method=st.sampled_from(["POST", "GET"]),
    url=URLS,
    headers=HEADERS,
    body=BODIES,
    params=st.dictionaries(TEXT, TEXT, max_size=2),
    token=st.sampled_from([None, "a/token+of=many"]),
)
def test_a_signature_is_the_one_that_botocore_makes(
    method: str, url: str, headers: Mapping[str, str], body: Any, params: Mapping[str, str], token: str | None
) -> None:
    keys = ReadOnlyCredentials("AKIDEXAMPLE", "wJalr+secret/key", token)
    expected = request_of(method, url, headers, body, params)
    with patch("botocore.auth.get_current_datetime", return_value=NOW):
        SigV4Auth(keys, "iam", "us-east-1").add_auth(expected)
    signed = request_of(method, url, headers, body, params)
    sign_request(signed, keys, "iam", "us-east-1", NOW)
    assert dict(signed.headers.items()) == dict(expected.headers.items())
    first, second = signed.prepare(), expected.prepare()
    assert (first.url, dict(first.headers)) == (second.url, dict(second.headers))
    assert _bytes(first.body) == _bytes(second.body)


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


@pytest.mark.parametrize(
    "context",
    [
        {"auth_type": "none"},
        {"auth_type": "v4-unsigned-body"},
        {"auth_type": "bearer"},
        {"payload_signing_enabled": False},
        {"signing": {"request_credentials": object()}},
        {"checksum": {"request_algorithm": {"in": "trailer"}}},
    ],
)
async def test_what_is_unusual_is_left_to_botocore(context: dict[str, Any]) -> None:
    left = list[Any]()

    async def handler(operation_name: str, request: Any) -> None:
        left.append(request)

    request = request_of("POST", "https://iam.amazonaws.com/", {}, b"", {})
    request.context = context
    await _Handler(SimpleNamespace(handler=handler)).sign("Any", request)
    assert left == [request]
    assert "Authorization" not in request.headers


async def test_a_request_is_signed_for_where_its_endpoint_says() -> None:
    async def get_frozen_credentials() -> Any:
        return ReadOnlyCredentials("AKIDEXAMPLE", "secret", None)

    source = SimpleNamespace(get_frozen_credentials=get_frozen_credentials)
    signer = SimpleNamespace(_credentials=source, _region_name="eu-west-1", _signing_name="iam")
    request = request_of("POST", "https://iam.amazonaws.com/", {}, b"", {})
    request.context = {"auth_type": "v4", "signing": {"region": "us-east-1", "signing_name": "other"}}
    await _Handler(signer).sign("Any", request)
    assert "/us-east-1/other/aws4_request" in request.headers["Authorization"]
