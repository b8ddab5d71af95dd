"""Answers as the box writes them, in the words, codes and envelopes of each service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from auditor.sandbox.wire import PROTOCOLS, AwsError, Call

NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
}
# What the query protocol calls an error, and what JSON protocols call the same.
_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidAction": "UnknownOperationException",
    "Throttling": "ThrottlingException",
    "ServiceUnavailable": "ServiceUnavailableException",
}
_TOO_MANY = _JSON_CODES | {"Throttling": "TooManyRequestsException"}
_EC2_CODES = {
    "AccessDenied": "UnauthorizedOperation",
    "ExpiredToken": "RequestExpired",
    "InvalidClientTokenId": "AuthFailure",
    "MissingAuthenticationToken": "AuthFailure",
    "Throttling": "RequestLimitExceeded",
    "ServiceUnavailable": "Unavailable",
}
_CODES = {
    "ec2": _EC2_CODES,
    "organizations": _TOO_MANY,
    "account": _TOO_MANY,
    "sso": _JSON_CODES,
    "access-analyzer": _JSON_CODES,
}
_STATUS_OF_REST = {"Throttling": 429, "InvalidAction": 404}
_STATUS_OF_EC2 = {"Throttling": 503, "InvalidClientTokenId": 401, "MissingAuthenticationToken": 401}
_JSON_TYPE = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, ready for the socket; ``error_type`` is a header that REST services name an error in."""

    status: int
    content_type: str
    body: bytes
    error_type: str = ""


def code_of(service: str, code: str) -> str:
    """The service's own word for an error."""
    return _CODES.get(service, {}).get(code, code)


def success(call: Call, result: str, request_id: str) -> Reply:
    """``result`` is JSON for the JSON services, the inside of the XML result element for the others."""
    protocol, name = PROTOCOLS[call.service], call.operation
    if protocol in ("json", "rest"):
        return Reply(200, _JSON_TYPE if protocol == "json" else "application/json", result.encode())
    if protocol == "ec2":
        inside = f"<requestId>{request_id}</requestId>{result}"
    else:
        told = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        inside = f"<{name}Result>{result}</{name}Result>{told}"
    text = f'<{name}Response xmlns="{NAMESPACES[call.service]}">{inside}</{name}Response>'
    return Reply(200, "text/xml", text.encode())


def failure(call: Call, error: AwsError, request_id: str) -> Reply:
    """The error in the words and the shape of the call's protocol."""
    protocol, code = PROTOCOLS.get(call.service, "query"), code_of(call.service, error.code)
    if protocol == "json":
        # JSON 1.1 has no 401 or 403: all that is the sender's fault is 400.
        body = {"__type": code, "Message": error.message, **error.extra}
        status = error.status if error.status >= 500 else 400
        return Reply(status, _JSON_TYPE, json.dumps(body).encode())
    if protocol == "rest":
        status = _STATUS_OF_REST.get(error.code, error.status)
        return Reply(status, "application/json", json.dumps({"message": error.message, **error.extra}).encode(), code)
    if protocol == "ec2":
        return _ec2_failure(code, error, request_id)
    text = (
        f'<ErrorResponse xmlns="{NAMESPACES.get(call.service, NAMESPACES["sts"])}"><Error>'
        f"<Type>{'Receiver' if error.status >= 500 else 'Sender'}</Type><Code>{code}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Reply(error.status, "text/xml", text.encode())


def _ec2_failure(code: str, error: AwsError, request_id: str) -> Reply:
    text = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(error.message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )
    return Reply(_STATUS_OF_EC2.get(error.code, error.status), "text/xml", text.encode())
