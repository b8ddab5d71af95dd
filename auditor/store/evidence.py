"""Evidence that is not a credential report: AWS's answers as JSON in which every listed item has a line of its own.

A file holds the calls that were made, in order, each with the response as the SDK parsed it (times as ISO 8601 text,
bytes as base64) or with the error that AWS answered. It is plain JSON; the line breaks are placed so that a finding
can point at the very item it is about::

    {"kind": "server-certificates", "omitted": "", "calls": [
    {"operation": "iam:ListServerCertificates", "region": "", ..., "response": {
    "ServerCertificateMetadataList": [
    {"ServerCertificateName": "www", ...}
    ],
    "IsTruncated": false
    }}
    ]}
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.errors import EvidenceError
from auditor.store.json_layout import Layout
from auditor.times import iso

Response = Mapping[str, Any]
_HEAD = ("operation", "region", "parameters", "request_id", "collected_at")
"""What stands before the answer to each call."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS answered to one call: a ``response``, or an ``error`` code where an error is an answer too.

    ``operation`` is like ``iam:GetAccountSummary``, ``region`` empty for global services, ``collected_at`` UTC.
    ``line`` is where the call stands in its file, ``starts`` where the first item of each list does.
    """

    operation: str
    response: Response | None = None
    error: str = ""
    message: str = ""
    region: str = ""
    parameters: Response = field(default_factory=dict)
    request_id: str = ""
    collected_at: str = ""
    line: int = 0
    starts: Mapping[str, int] = field(default_factory=dict)

    def items(self, key: str) -> Iterator[tuple[int, Any]]:
        """Line and value of each item of a list in the response; nothing where there is no such list."""
        listed = (self.response or {}).get(key)
        if isinstance(listed, list):
            yield from enumerate(listed, start=self.starts.get(key, self.line))


@dataclass(frozen=True, slots=True)
class Document:
    """One evidence file; ``omitted`` says why no call was needed, or none beside those that were made."""

    kind: str
    answers: tuple[Answer, ...] = ()
    omitted: str = ""

    def items(self, key: str) -> Iterator[tuple[int, Any]]:
        """Line and item of the lists called ``key`` over all answers, that is, over all pages."""
        for answer in self.answers:
            yield from answer.items(key)


def write(document: Document) -> bytes:
    """The bytes of an evidence file; equal answers give equal bytes."""
    lines = [_opened({"kind": document.kind, "omitted": document.omitted}, "calls", "[")]
    for number, answer in enumerate(document.answers, start=1):
        block = _answer_lines(answer)
        block[-1] += "," if number < len(document.answers) else ""
        lines += block
    return "\n".join([*lines, "]}", ""]).encode()


def read(content: bytes) -> Document:
    """The answers of an evidence file, with their lines; U+FFFD stands for lone surrogates, which no table can hold.

    Raises EvidenceError (stage ``validate``, code MalformedEvidence) where lines are not laid out as ``write`` does it,
    or an object has a member twice; blanks within a line do not matter.
    """
    try:
        return _document(Layout(content.decode()))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise malformed(f"it is not laid out as it was written: {error}") from error


def malformed(why: str) -> EvidenceError:
    """The error for evidence of a form that AWS does not answer, or that was not written here."""
    return EvidenceError("validate", "MalformedEvidence", why)


def _opened(members: Mapping[str, Any], last: str, bracket: str) -> str:
    """An object without its end, its last member begun."""
    return f'{_text(members)[:-1]}, "{last}": {bracket}'


def _answer_lines(answer: Answer) -> list[str]:
    head = {name: getattr(answer, name) for name in _HEAD}
    if answer.response is None:
        return [_text(head | {"error": {"Code": answer.error, "Message": answer.message}})]
    members = [_member_lines(name, value) for name, value in answer.response.items()]
    for block in members[:-1]:
        block[-1] += ","
    return [_opened(head, "response", "{"), *(line for block in members for line in block), "}}"]


def _member_lines(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        return [f"{_text(name)}: {_text(value)}"]
    items = [_text(item) + "," for item in value]
    items[-1] = items[-1][:-1]
    return [f"{_text(name)}: [", *items, "]"]


def _document(layout: Layout) -> Document:
    layout.skip('{"kind": ')
    kind = layout.value()
    layout.skip(', "omitted": ')
    omitted = layout.value()
    layout.skip(', "calls": [\n')
    answers = tuple(_answer(layout) for _ in layout.each("]}\n"))
    layout.finish()
    return Document(kind, answers, omitted)


def _answer(layout: Layout) -> Answer:
    line = layout.line
    head: dict[str, Any] = {}
    for name in _HEAD:
        layout.skip(f'{", " if head else "{"}"{name}": ')
        head[name] = layout.value()
    if layout.skipped(', "error": '):
        error = layout.value()
        layout.skip("}")
        return Answer(**head, error=error["Code"], message=error["Message"], line=line)
    layout.skip(', "response": {\n')
    response, starts = _response(layout)
    return Answer(**head, response=response, line=line, starts=starts)


def _response(layout: Layout) -> tuple[Response, Mapping[str, int]]:
    """With the line of the first item of each list."""
    response: dict[str, Any] = {}
    starts: dict[str, int] = {}
    for _ in layout.each("}}"):
        name = layout.name()
        if name in response:
            raise ValueError(f"line {layout.line}: {name!r} stands there twice")
        if layout.skipped("[\n"):
            starts[name] = layout.line
            response[name] = layout.values("]")
        else:
            response[name] = layout.value()
    return response, starts


def _plain(value: Any) -> str:
    """What JSON has no word for."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"evidence cannot hold a {type(value).__name__}")


_text = json.JSONEncoder(default=_plain).encode
"""A value as JSON, as ``json.dumps`` writes it; the encoder is made once."""
