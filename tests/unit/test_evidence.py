"""Evidence files in JSON: what is written is read back, and every item is found on its line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import EvidenceError
from auditor.store import evidence
from auditor.store.evidence import Answer, Document

MOMENT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
PAGES = Document(
    "server-certificates",
    (
        Answer("iam:List", {"Before": 1, "Items": [{"n": 1}, {"n": 2}], "None": [], "Marker": "x"}, request_id="r1"),
        Answer("iam:Get", error="NoSuchEntity", message="there is\nnone", parameters={"Name": "ü"}),
        Answer("iam:List", {}, region="eu-west-1"),
        Answer("iam:List", {"Items": [{"at": MOMENT, "raw": b"\x00"}]}, collected_at="2026-11-24T10:15:00Z"),
    ),
)


def test_every_item_stands_on_the_line_it_is_said_to() -> None:
    content = evidence.write(PAGES)
    lines = content.decode().splitlines()
    found = list(evidence.read(content).items("Items"))
    assert len(found) == 3
    for line, item in found:
        assert json.loads(lines[line - 1].removesuffix(",")) == item
    for answer in evidence.read(content).answers:
        assert f'"operation": "{answer.operation}"' in lines[answer.line - 1]


def test_the_file_is_json_that_any_program_reads() -> None:
    raw = json.loads(evidence.write(PAGES))
    assert [call["operation"] for call in raw["calls"]] == ["iam:List", "iam:Get", "iam:List", "iam:List"]
    assert raw["calls"][1]["error"] == {"Code": "NoSuchEntity", "Message": "there is\nnone"}
    assert raw["calls"][3]["response"]["Items"] == [{"at": "2026-11-24T10:15:00Z", "raw": "AA=="}]


def test_errors_and_reasons_are_read_back() -> None:
    read = evidence.read(evidence.write(PAGES))
    assert (read.answers[1].error, read.answers[1].response, read.answers[2].response) == ("NoSuchEntity", None, {})
    assert evidence.read(evidence.write(Document("x", (), "nothing to list"))).omitted == "nothing to list"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"kind": "x", "omitted": "", "calls": 7}',
        b'{"kind":"x","omitted":"","calls":[]}',
        b"[" * 100_000,
        evidence.write(PAGES).replace(b'{"n": 1}', b"[" * 985 + b"]" * 985),
        b'{"kind": "x", "omitted": "", "calls": [7]}',
        evidence.write(PAGES)[:-5],
        evidence.write(PAGES).replace(b'{"n": 1},\n', b'{"n": 1}, '),
        evidence.write(PAGES).replace(b'{"n": 1},\n{"n": 2}', b'{"n": 1}, {"n":\n2}'),
        evidence.write(PAGES).replace(b'"Before": 1', b'"Items": 1'),
        evidence.write(PAGES).replace(b"},\n", b"}\n,"),
        evidence.write(PAGES).replace(b'{"n": 1}', b"\xff"),
        evidence.write(PAGES).replace(b'{"Code": "NoSuchEntity", "Message": "there is\\nnone"}', b"[1]"),
        evidence.write(PAGES).replace(b'{"Code": "NoSuchEntity", ', b"{"),
        evidence.write(PAGES).replace(b'{"n": 1}', b'{"n": 1, "n": 1}'),
        evidence.write(PAGES).replace(b'"Before": 1', b"7: 1"),
        evidence.write(PAGES) + b"\n",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        evidence.read(content)
    assert caught.value.code == "MalformedEvidence"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=3))
def test_any_response_is_read_back_and_found(responses: list[dict[str, object]]) -> None:
    document = Document("any", tuple(Answer("x:Y", response) for response in responses))
    content = evidence.write(document)
    read, lines = evidence.read(content), content.decode().splitlines()
    assert [answer.response for answer in read.answers] == responses
    for answer in read.answers:
        for key in answer.response or {}:
            for line, item in answer.items(key):
                assert json.loads(lines[line - 1].removesuffix(",")) == item


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\ud800x", "\ufffdx"),
        ("x\udfff", "x\ufffd"),
        ("\U0001f680 \udc00", "\U0001f680 \ufffd"),
        ("\\ud800", "\\ud800"),
    ],
)
def test_a_lone_surrogate_is_read_as_a_replacement(text: str, read: str) -> None:
    document = Document("contacts", (Answer("account:GetAlternateContact", {text: [text]}),))
    (answer,) = evidence.read(evidence.write(document)).answers
    assert answer.response == {read: [read]}


def test_a_lone_surrogate_is_one_however_it_is_spelt() -> None:
    content = evidence.write(Document("contacts", (Answer("account:GetAlternateContact", {"Name": "\ud800"}),)))
    (answer,) = evidence.read(content.replace(b"\\ud800", b"\\uD800")).answers
    assert answer.response == {"Name": "\ufffd"}
