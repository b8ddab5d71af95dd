"""Requests as the box reads them: who calls which operation of which service, in four wire protocols."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from auditor.sandbox.shapes import is_version, operation_at, service_model

_SCOPE = re.compile(r"^AWS4-HMAC-SHA256 +Credential=([^/, ]+)/\d*/([^/, ]*)/([^/, ]*)/aws4_request")


class AwsError(Exception):
    """An error answer; ``code`` is the query protocol's word, ``members`` are more members of a JSON body."""

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.code, self.message, self.members = code, message, members


class NoAnswerError(Exception):
    """The call is taken and no answer ever comes."""


class CutShortError(Exception):
    """The connection ends in the middle of ``answer``."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__("cut short")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read but not yet believed; ``service`` and ``region`` are those it was signed for.

    ``given`` is the form of a query, or the JSON object and what stands in the path.
    """

    service: str
    operation: str
    given: Mapping[str, Any]
    access_key: str
    token: str
    region: str = ""


def read_call(
    clients: Mapping[str, str], headers: Mapping[str, str], body: bytes, method: str = "POST", path: str = "/"
) -> Call:
    """What is called, and under which access key; ``path`` with its query string.

    ``clients`` is what botocore calls the client of each service. An unsigned call has the service that it is for, so
    that it is refused in that service's words.
    """
    found = _SCOPE.match(headers.get("Authorization", ""))
    access_key, region, service = found.groups() if found else ("", "", "")
    keys = access_key, headers.get("X-Amz-Security-Token", ""), region
    target = headers.get("X-Amz-Target", "")
    if target:
        prefix, _, operation = target.partition(".")
        return Call(service or _service_of_target(clients, prefix), operation, _json_object(body), *keys)
    if service in clients and service_model(clients[service]).metadata["protocol"] == "rest-json":
        place, _, query = path.partition("?")
        operation = operation_at(clients[service], method, place)
        return Call(service, operation, dict(parse_qsl(query)) | _json_object(body), *keys)
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    service = service or _service_of_version(clients, form.get("Version", ""))
    return Call(service, form.get("Action", ""), form, *keys)


def _service_of_target(clients: Mapping[str, str], prefix: str) -> str:
    models = ((service, service_model(client)) for service, client in clients.items())
    return next((service for service, model in models if model.metadata.get("targetPrefix") == prefix), "")


def _service_of_version(clients: Mapping[str, str], version: str) -> str:
    return next((service for service, client in clients.items() if is_version(client, version)), "")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        read = None
    # An operation that finds nothing it needs answers with the proper error.
    return read if isinstance(read, dict) else {}
