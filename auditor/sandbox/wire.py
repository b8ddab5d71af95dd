"""The two AWS wire protocols as the box speaks them: query (form in, XML out) and JSON 1.1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

JSON_TARGET = "AWSOrganizationsV20161128"
NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_VERSIONS = {"2010-05-08": "iam", "2011-06-15": "sts"}
_ACCESS_KEY = re.compile(r"^AWS4-HMAC-SHA256 +Credential=([^/, ]+)/")
# What the query protocol calls an error, and what JSON 1.1 calls the same.
_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidAction": "UnknownOperationException",
    "Throttling": "TooManyRequestsException",
    "ServiceUnavailable": "ServiceUnavailableException",
}


class AwsError(Exception):
    """An error answer; ``code`` is the query protocol's word, ``extra`` more members of a JSON body."""

    def __init__(self, code: str, message: str, status: int = 400, **extra: str) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.extra = code, message, status, extra


class NoAnswerError(Exception):
    """The call is taken and no answer ever comes."""


class CutShortError(Exception):
    """The connection ends in the middle of the answer, which is the exception's text."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read but not yet believed."""

    service: str
    operation: str
    params: Mapping[str, str]
    access_key: str
    token: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, ready for the socket."""

    status: int
    content_type: str
    body: bytes


def read_call(headers: Mapping[str, str], body: bytes) -> Call:
    """What is called, and under which access key."""
    found = _ACCESS_KEY.match(headers.get("Authorization", ""))
    access_key = found.group(1) if found else ""
    token = headers.get("X-Amz-Security-Token", "")
    prefix, _, operation = headers.get("X-Amz-Target", "").partition(".")
    if prefix == JSON_TARGET:
        return Call("organizations", operation, _json_object(body), access_key, token)
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    service = _VERSIONS.get(form.get("Version", ""), "")
    return Call(service, form.get("Action", ""), form, access_key, token)


def _json_object(body: bytes) -> dict[str, str]:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        read = None
    # An operation that finds nothing it needs answers with the proper error.
    return read if isinstance(read, dict) else {}


def success(call: Call, result: str, request_id: str) -> Reply:
    """``result`` is JSON for Organizations, the inside of the XML result element for STS and IAM."""
    if call.service == "organizations":
        return Reply(200, "application/x-amz-json-1.1", result.encode())
    name = call.operation
    text = (
        f'<{name}Response xmlns="{NAMESPACES[call.service]}"><{name}Result>{result}</{name}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    )
    return Reply(200, "text/xml", text.encode())


def failure(call: Call, error: AwsError, request_id: str) -> Reply:
    """The error in the words and the shape of the call's protocol."""
    if call.service == "organizations":
        # JSON 1.1 has no 401 or 403: all that is the sender's fault is 400.
        body = {"__type": json_code(error.code), "Message": error.message, **error.extra}
        status = error.status if error.status >= 500 else 400
        return Reply(status, "application/x-amz-json-1.1", json.dumps(body).encode())
    text = (
        f'<ErrorResponse xmlns="{NAMESPACES.get(call.service, NAMESPACES["sts"])}"><Error>'
        f"<Type>{'Receiver' if error.status >= 500 else 'Sender'}</Type><Code>{error.code}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Reply(error.status, "text/xml", text.encode())


def json_code(code: str) -> str:
    """The JSON protocol's word for an error."""
    return _JSON_CODES.get(code, code)
