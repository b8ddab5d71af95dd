"""Answers and errors in the envelope, the words and the status codes of each protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from auditor.sandbox.shapes import ShapeError, json_value, operation_model, service_model, xml_writer
from auditor.sandbox.wire import AwsError

# Errors that any operation may answer with, in the words of the query protocol, and those that its model declares.
_STATUSES = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "InternalFailure": 500,
    "InvalidParameterValue": 400,
    "MissingAuthenticationToken": 403,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
    "ValidationError": 400,
}
_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidAction": "UnknownOperationException",
    "Throttling": "ThrottlingException",
    "ServiceUnavailable": "ServiceUnavailableException",
}
_EC2_CODES = {
    "AccessDenied": "UnauthorizedOperation",
    "ExpiredToken": "RequestExpired",
    "InvalidClientTokenId": "AuthFailure",
    "MissingAuthenticationToken": "AuthFailure",
    "Throttling": "RequestLimitExceeded",
    "ServiceUnavailable": "Unavailable",
}
_CODES = {"ec2": _EC2_CODES, "json": _JSON_CODES, "rest-json": _JSON_CODES}
_OTHER_STATUSES = {
    "ec2": {"Throttling": 503, "InvalidClientTokenId": 401, "MissingAuthenticationToken": 401},
    "rest-json": {"InvalidAction": 404, "Throttling": 429},
}
_JSON_TYPES = {"json": "application/x-amz-json-1.1", "rest-json": "application/json"}
# Some services have a word of their own for too many calls, and declare it.
_TOO_MANY = "TooManyRequestsException"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, ready for the socket; ``code`` is that of an error, which REST services name in a header."""

    status: int
    content_type: str
    body: bytes
    code: str = ""


def success(client: str, operation: str, answer: Mapping[str, Any], request_id: str) -> Reply:
    """``answer`` has the members of the operation's output shape; raises ShapeError for any other."""
    model = operation_model(client, operation)
    metadata, shape = model.service_model.metadata, model.output_shape
    if metadata["protocol"] in _JSON_TYPES:
        text = json.dumps(json_value(shape, answer), ensure_ascii=False)
        return Reply(200, _JSON_TYPES[metadata["protocol"]], text.encode())
    inside, wrapper = xml_writer(shape)(answer), shape.serialization.get("resultWrapper")
    if wrapper:
        ids = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        inside = f"<{wrapper}>{inside}</{wrapper}>{ids}"
    else:
        inside = f"<requestId>{request_id}</requestId>{inside}"
    text = f'<{operation}Response xmlns="{metadata["xmlNamespace"]}">{inside}</{operation}Response>'
    return Reply(200, "text/xml", text.encode())


def failure(client: str, operation: str, error: AwsError, request_id: str) -> Reply:
    """The error in the words of the service; without a ``client``, as the query protocol has it.

    Raises ShapeError for an error that is neither declared by the operation nor common to all.
    """
    protocol = service_model(client).metadata["protocol"] if client else "query"
    code, status = _word(protocol, _declared(client, operation), error)
    if protocol == "json":
        # JSON 1.1 has no 401 or 403: all that is the sender's fault is 400.
        body = {"__type": code, "Message": error.message, **error.members}
        return Reply(status if status >= 500 else 400, _JSON_TYPES[protocol], json.dumps(body).encode(), code)
    if protocol == "rest-json":
        text = json.dumps({"message": error.message, **error.members})
        return Reply(status, _JSON_TYPES[protocol], text.encode(), code)
    inside = f"<Code>{code}</Code><Message>{escape(error.message)}</Message>"
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{inside}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        kind = "Receiver" if status >= 500 else "Sender"
        text = f"<Error><Type>{kind}</Type>{inside}</Error><RequestId>{request_id}</RequestId>"
        text = f"<ErrorResponse>{text}</ErrorResponse>"
    return Reply(status, "text/xml", text.encode(), code)


def _declared(client: str, operation: str) -> dict[str, Any]:
    """The errors of an operation by their codes; none of one that the service does not have."""
    if not client or operation not in service_model(client).operation_names:
        return {}
    shapes = operation_model(client, operation).error_shapes
    return {shape.metadata.get("error", {}).get("code", shape.name): shape for shape in shapes}


def _word(protocol: str, declared: Mapping[str, Any], error: AwsError) -> tuple[str, int]:
    """The service's own code for an error, and the status it comes with."""
    code = _CODES.get(protocol, {}).get(error.code, error.code)
    if error.code == "Throttling" and _TOO_MANY in declared:
        code = _TOO_MANY
    if code not in declared and error.code not in _STATUSES:
        raise ShapeError(f"no operation declares the error {code} here; declared are {sorted(declared)}")
    if code in declared and not error.members.keys() <= declared[code].members.keys():
        raise ShapeError(f"{code} has no such members: {sorted(error.members)}")
    common = _OTHER_STATUSES.get(protocol, {}).get(error.code, _STATUSES.get(error.code, 400))
    shape = declared.get(code)
    return code, shape.metadata.get("error", {}).get("httpStatusCode", common) if shape is not None else common
