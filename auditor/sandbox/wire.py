"""Requests as the box reads them: who calls which operation of which service, in four wire protocols."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

# query: form in, XML out. ec2: the same with other envelopes. json: JSON 1.1. rest: JSON with paths.
PROTOCOLS = {
    "sts": "query",
    "iam": "query",
    "ec2": "ec2",
    "organizations": "json",
    "sso": "json",
    "account": "rest",
    "access-analyzer": "rest",
}
_ROUTES = {
    ("GET", "/analyzer"): "ListAnalyzers",
    ("POST", "/getAlternateContact"): "GetAlternateContact",
    ("POST", "/getContactInformation"): "GetContactInformation",
}
_SCOPE = re.compile(r"^AWS4-HMAC-SHA256 +Credential=([^/, ]+)/\d*/([^/, ]*)/([^/, ]*)/aws4_request")
# What an unsigned call is for, so that it is refused in the words of its service.
_TARGETS = {"AWSOrganizationsV20161128": "organizations", "SWBExternalService": "sso"}
_VERSIONS = {"2010-05-08": "iam", "2011-06-15": "sts", "2016-11-15": "ec2"}


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
    """One request, read but not yet believed; ``service`` and ``region`` are those it was signed for."""

    service: str
    operation: str
    params: Mapping[str, Any]
    access_key: str
    token: str
    region: str = ""


def read_call(headers: Mapping[str, str], body: bytes, method: str = "POST", path: str = "/") -> Call:
    """What is called, and under which access key; ``path`` with its query string."""
    found = _SCOPE.match(headers.get("Authorization", ""))
    access_key, region, service = found.groups() if found else ("", "", "")
    token = headers.get("X-Amz-Security-Token", "")
    target = headers.get("X-Amz-Target", "")
    if target:
        prefix, _, operation = target.partition(".")
        service = service or _TARGETS.get(prefix, "")
        return Call(service, operation, _json_object(body), access_key, token, region)
    if PROTOCOLS.get(service) == "rest":
        place, _, query = path.partition("?")
        operation = _ROUTES.get((method, place), place)
        return Call(service, operation, dict(parse_qsl(query)) | _json_object(body), access_key, token, region)
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    service = service or _VERSIONS.get(form.get("Version", ""), "")
    return Call(service, form.get("Action", ""), form, access_key, token, region)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        read = None
    # An operation that finds nothing it needs answers with the proper error.
    return read if isinstance(read, dict) else {}
