"""AWS's answers are read as botocore reads them, in every member and for every text."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, tostring

import pytest
from aiobotocore.parsers import AioResponseParserFactory
from botocore.utils import parse_timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.aws.parsing import ParserFactory, read_time
from auditor.kinds import KINDS
from auditor.kinds.declaration import Call
from tests.service_models import operation_of

TIMES = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))
CALLS = {
    call.action: call
    for call in (
        *(call for kind in KINDS.values() for call in kind.calls),
        *map(Call, ("sts:AssumeRole", "sts:AssumeRoot", "sts:GetCallerIdentity", "ec2:DescribeRegions")),
    )
}
XML = sorted(action for action in CALLS if action.partition(":")[0] in ("iam", "sts", "ec2"))
SCALARS = {
    "timestamp": ("2026-11-24T10:15:00Z", "2026-11-24T10:15:00.123+00:00", "Tue, 24 Nov 2026 10:15:00 GMT"),
    "integer": ("0", "17"),
    "long": ("0", "17"),
    "boolean": ("true", "false", "odd"),
    "float": ("1.5",),
    "double": ("1.5",),
    "blob": ("", "YWJj"),
}
TEXTS = ("", "plain", "&lt;odd&gt; &amp; \u00e4", " ", "%7B%22a%22%3A1%7D")
NAMESPACES = ("", ' xmlns="https://iam.amazonaws.com/doc/2010-05-08/"')


@given(moment=TIMES, ending=st.sampled_from(["Z", "+00:00"]), digits=st.integers(0, 6))
def test_a_time_in_the_format_of_aws_is_the_one_that_botocore_reads(moment: datetime, ending: str, digits: int) -> None:
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    text = f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}{fraction}{ending}"
    assert read_time(text) == parse_timestamp(text)
    assert read_time(text).utcoffset() == parse_timestamp(text).utcoffset()


@given(st.one_of(st.floats(-1e11, 1e11), st.integers(-(10**10), 10**10), st.text("0123456789-T:Z.+ ", max_size=26)))
def test_every_other_time_is_read_or_refused_as_botocore_does(value: Any) -> None:
    try:
        expected = parse_timestamp(value)
    except Exception as error:
        with pytest.raises(type(error)):
            read_time(value)
    else:
        assert read_time(value) == expected


@pytest.mark.parametrize(
    "value", ["2026-02-30T00:00:00Z", "2026-11-24T24:00:00Z", "2026-W01-1T00:00:00Z", float("nan"), "", "no time", None]
)
def test_what_is_no_time_is_refused_alike(value: Any) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011 -- whatever botocore raises
        parse_timestamp(value)
    with pytest.raises(type(expected.value)):
        read_time(value)


@pytest.mark.parametrize("action", XML)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers())
async def test_an_answer_in_xml_is_the_one_that_botocore_reads(action: str, seed: int) -> None:
    operation = operation_of(CALLS[action])
    assert operation
    protocol, shape = operation.service_model.metadata["protocol"], operation.output_shape
    assert protocol in ("query", "ec2")
    response = {"body": _answer(random.Random(seed), shape).encode(), "headers": {"x-a": "b"}, "status_code": 200}
    expected = await AioResponseParserFactory().create_parser(protocol).parse(response, shape)
    read = await ParserFactory().create_parser(protocol).parse(response, shape)
    assert _as_text(read) == _as_text(expected)


def _as_text(answer: Any) -> str:
    """Everything in its order; botocore gives a node of XML where one text stands twice."""

    def plain(value: Any) -> str:
        return tostring(value, "unicode") if isinstance(value, Element) else repr(value)

    return json.dumps(answer, default=lambda v: v.timestamp() if isinstance(v, datetime) else plain(v))


def _answer(rng: random.Random, shape: Any) -> str:
    inner = "".join(_member(rng, name, member) for name, member in shape.members.items())
    wrapper = shape.serialization.get("resultWrapper")
    inner = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
    metadata = "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata><requestId>r-2</requestId>"
    return f"<Answer{rng.choice(NAMESPACES)}>{inner}{metadata}</Answer>"


def _member(rng: random.Random, name: str, shape: Any, depth: int = 0) -> str:
    """The member as XML: not there, once, or twice where that is odd."""
    tag = shape.serialization.get("name", name)
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        tag = shape.member.serialization.get("name", tag)
        return _repeated(tag, [_content(rng, shape.member, depth + 1) for _ in range(rng.randrange(4))])
    times = rng.choices((0, 1, 2), (1, 5, shape.type_name in ("structure", "string")))[0]
    return _repeated(tag, [_content(rng, shape, depth) for _ in range(times)])


def _repeated(tag: str, contents: list[str]) -> str:
    return "".join(f"<{tag}>{content}</{tag}>" for content in contents)


def _content(rng: random.Random, shape: Any, depth: int) -> str:
    several = range(rng.randrange(3) if depth < 7 else 0)
    match shape.type_name:
        case "structure":
            members = shape.members.items() if depth < 7 else ()
            return "".join(_member(rng, name, member, depth + 1) for name, member in members) + "<Unknown>1</Unknown>"
        case "list":
            return _repeated("member", [_content(rng, shape.member, depth + 1) for _ in several])
        case "map":
            pairs = [(_content(rng, shape.key, depth + 1), _content(rng, shape.value, depth + 1)) for _ in several]
            return "".join(f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in pairs)
        case kind:
            return rng.choice(SCALARS.get(kind, TEXTS))
