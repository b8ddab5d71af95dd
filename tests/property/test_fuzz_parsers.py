"""Whatever comes, the parsers answer or refuse in their own words: never another error, never without an end.

Some seconds in a usual run, always with the same examples; ``make fuzz`` takes minutes and rolls dice. A further parser
is one more entry of TARGETS.
"""

from __future__ import annotations

import atexit
import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.catalog.reading import read_benchmarks, read_controls, read_crosswalks, read_overrides
from auditor.catalog_folders import config_folder
from auditor.errors import DifferenceError, EvidenceError, SnapshotError, UsageError, WrongAccountError
from auditor.judge.waivers import load_waivers
from auditor.kinds.credential_report import report_parser
from auditor.policy import PolicyError, allows_everything, open_principals
from auditor.policy import parse as parse_policy
from auditor.settings import Settings, load_settings
from auditor.store import evidence
from auditor.store.checksums import checksum_lines, read_checksums
from auditor.store.evidence import Answer, Document
from auditor.store.seal import ZipContents, verify, write_bundle
from auditor.yaml_file import YamlProblem, parse_yaml
from tests.support import ACCOUNT, COLUMNS, ago, catalog, key, password, report, root, stored, user, waiver

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
FUZZ = settings(
    max_examples=20_000 if LONG else 150,
    deadline=timedelta(seconds=20),  # "never hangs", on a busy machine too
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.too_slow],
)
Target = Callable[[bytes], object]


def in_a_file(name: str, read: Callable[[Path], object]) -> Target:
    """A parser that reads a file: it gets one with ``name``, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)

    def target(content: bytes) -> object:
        (folder / name).write_bytes(content)
        return read(folder / name)

    return target


def read_report(content: bytes) -> None:
    table = report_parser.parse(content, ACCOUNT)
    report_parser.users_with_more(content, ACCOUNT)
    report_parser.check_values(table)


def read_policy(content: bytes) -> None:
    text, refusals = content.decode("utf-8", "surrogateescape"), []
    for question in (parse_policy, allows_everything, open_principals):
        try:
            question(text)
        except PolicyError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def of_the_catalogue(part: str, read: Callable[[Path], object]) -> Target:
    return in_a_file(f"{part}/mine.yaml", lambda file: read(file.parent.parent))


REPORT = report([root(), user("ann", **password(ago(3)), **key(1, ago(100), ago(1))), user("a,b", **key(2, ago(9)))])
POLICY: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": ["*"]}]}
POLICY["Statement"][0] |= {"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": ["o-1"]}}}
DOCUMENT = evidence.write(
    Document("contacts", (Answer("iam:X", {"List": [{"a": 1}, {"b": "é"}]}, region="eu-west-1"),))
)
SHIPPED = config_folder()


def verify_bundle(file: Path) -> None:
    """What 'auditor verify' does with a zip that somebody sent; differences are an answer."""
    with ZipContents(file) as contents:
        verify(contents)


def bundle() -> bytes:
    """Of a snapshot of one account."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    snapshot = stored(folder, {ACCOUNT: REPORT})
    return write_bundle(snapshot.folder, folder / "bundle.zip")[0].read_bytes()


# How to read, what a refusal is, and something sound to begin from.
TARGETS: dict[str, tuple[Target, type[Exception] | tuple[type[Exception], ...], bytes]] = {
    "report": (read_report, (EvidenceError, WrongAccountError), REPORT),
    "policy": (read_policy, PolicyError, json.dumps(POLICY).encode()),
    "evidence": (evidence.read, EvidenceError, DOCUMENT),
    "bundle": (in_a_file("bundle.zip", verify_bundle), (SnapshotError, DifferenceError), bundle()),
    "checksums": (read_checksums, (), checksum_lines({"manifest.json": "0" * 64, "evidence/a\nb": "f" * 64})),
    "yaml": (parse_yaml, YamlProblem, b"a: &a [1, 2]\nb: {c: *a}\n"),
    "settings": (
        in_a_file("auditor.yaml", load_settings),
        UsageError,
        (SHIPPED / "auditor.example.yaml").read_bytes(),
    ),
    "waivers": (
        in_a_file("waivers.yaml", lambda file: load_waivers(file, catalog(), 366)),
        UsageError,
        f"waivers:\n{waiver()}{waiver('W-2', scope='{ou: Root/Dev}')}".encode(),
    ),
    "controls": (
        of_the_catalogue("controls", read_controls),
        UsageError,
        (SHIPPED / "controls" / "sign-in.yaml").read_bytes(),
    ),
    "benchmarks": (
        of_the_catalogue("benchmarks", read_benchmarks),
        UsageError,
        (SHIPPED / "benchmarks" / "aws-iam-rules.yaml").read_bytes(),
    ),
    "crosswalks": (
        of_the_catalogue("crosswalks", read_crosswalks),
        UsageError,
        (SHIPPED / "crosswalks" / "soc2.yaml").read_bytes(),
    ),
    "parameters": (
        in_a_file("parameters.yaml", lambda file: read_overrides(file.parent)),
        UsageError,
        (SHIPPED / "parameters.example.yaml").read_bytes(),
    ),
}
# What parsers stumble over.
PIECES = [
    *(b"\n", b"\r", b"\r\n", b"\0", b",", b'"', b'""', b"'", b":", b": ", b"- ", b"[", b"]", b"{", b"}", b"#", b"|\n"),
    *(b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", "\u202e\u2028".encode(), b"%ff", b"\\u0000", b"\\ud800", b"\x1b[31m"),
    *(b"N/A", b"no_information", b"TRUE", b"null", b"~", b"=1+1", b"-1", b"1e999", b"NaN", b"0x" + b"f" * 900),
    *(b"9999-99-99T99:99:99Z", b"0001-01-01", b"2026-02-30", b"1:59:59", b"9" * 900, b"&a ", b"*a", b"<<: ", b"!!int "),
    *(b"arn:aws:iam::111122223333:user/x", b"<root_account>", b"? ", b"---\n", b"...\n", b"%YAML 9.9\n", b"[" * 50),
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.datetimes()
NAMES = [*Settings.model_fields, "controls", "requirements", "id", "scope", "user", "waivers", "parameters", "control"]
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def spoilt(draw: st.DrawFn, sound: bytes) -> bytes:
    """Something sound with a few places cut out, overwritten or repeated."""
    content = sound
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 0, 1, 2, 8, 64]))
        put = draw(st.sampled_from(PIECES) | st.binary(max_size=4) | st.just(content[start : start + length] * 2))
        content = content[:start] + put + content[start + length :]
    return content


def anything(sound: bytes) -> st.SearchStrategy[bytes]:
    """Mostly what is nearly sound: a parser refuses the rest at its door."""
    written = NESTED.map(lambda value: yaml.dump(value, allow_unicode=True).encode("utf-8", "surrogatepass"))
    named = st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=3).map(lambda value: yaml.dump(value).encode())
    as_json = NESTED.map(lambda value: json.dumps(value, default=str, skipkeys=True).encode())
    pieces = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)
    return st.one_of(spoilt(sound), spoilt(sound), st.binary(), pieces, written, named, as_json)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_sound_is_read(name: str) -> None:
    """Or nothing below it would be looked at."""
    read, _, sound = TARGETS[name]
    read(sound)


@pytest.mark.parametrize("name", TARGETS)
def test_fuzz_whatever_comes_is_read_or_refused(name: str) -> None:
    read, refusal, sound = TARGETS[name]

    @FUZZ
    @given(anything(sound))
    def holds(content: bytes) -> None:
        assert 0 < len(refused(content)) < 4000, "a refusal says why, in a sentence"

    def refused(content: bytes) -> str:
        try:
            read(content)
        except refusal as error:
            return str(error)
        return "(read)"

    holds()


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=12)
USERS = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=20)


@st.composite
def reports(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows whose names, regions and services may be anything that a name may be."""
    names = draw(st.lists(USERS, min_size=1, max_size=5, unique=True))
    free = ("access_key_1_last_used_region", "access_key_2_last_used_service")
    return [root(), *(user(name, **{column: draw(CELLS) for column in free}) for name in names)]


@FUZZ
@given(reports(), st.sampled_from(["\n", "\r\n"]))
def test_fuzz_a_report_is_read_as_it_was_written(rows: list[dict[str, str]], newline: str) -> None:
    table = report_parser.parse(report(rows, newline=newline), ACCOUNT)
    assert table.select(COLUMNS).to_pylist() == [{column: row[column] for column in COLUMNS} for row in rows]


@FUZZ
@given(st.lists(USERS, min_size=1, max_size=4, unique=True))
def test_fuzz_commas_that_were_not_quoted_cost_nothing(names: list[str]) -> None:
    rows = [root(), *(user(name) for name in names)]
    bare = "\n".join([",".join(COLUMNS), *(",".join(row[column] for column in COLUMNS) for row in rows)])
    assert report_parser.parse(bare.encode(), ACCOUNT)["user"].to_pylist() == [row["user"] for row in rows]
    assert len(list(csv.reader(io.StringIO(bare)))) == len(rows) + 1


def valid_settings() -> Iterator[tuple[str, st.SearchStrategy[Any]]]:
    digits = st.text("0123456789", min_size=12, max_size=12)
    yield "account", st.lists(digits, max_size=3)
    yield "role", st.text("abcXYZ019+=,.@_-", min_size=1, max_size=64)
    yield "session_duration", st.integers(900, 43_200)
    yield "concurrency", st.integers(1, 1000)
    yield "report_timeout", st.floats(0.1, 86_400)
    yield "fail_on", st.sampled_from(["low", "medium", "high", "critical"])
    yield "format", st.lists(st.sampled_from(["xlsx", "csv", "json"]), max_size=3)
    yield "regions", st.lists(st.sampled_from(["eu-west-1", "us-gov-east-1"]), max_size=2)
    yield "out", st.text("abc/é ", min_size=1, max_size=10)
    yield "query_memory", st.integers(16, 4096)


@FUZZ
@given(st.fixed_dictionaries({}, optional=dict(valid_settings())))
def test_fuzz_settings_are_read_as_they_were_recorded(values: dict[str, Any]) -> None:
    """What a snapshot records of its settings gives the same settings again: ``--resume`` relies on it."""
    read, _, _ = TARGETS["settings"]
    once = read(yaml.dump(values, allow_unicode=True).encode())
    assert isinstance(once, Settings)
    recorded = json.loads(once.model_dump_json())
    assert read(yaml.dump(recorded, allow_unicode=True).encode()) == once
    assert load_settings(None, recorded, read_file=False) == once


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@FUZZ
@given(st.lists(st.dictionaries(st.text(max_size=6), JSON, max_size=4), max_size=3))
def test_fuzz_evidence_is_read_as_it_was_written(responses: list[dict[str, Any]]) -> None:
    content = evidence.write(Document("contacts", tuple(Answer("iam:X", response) for response in responses)))
    assert [answer.response for answer in evidence.read(content).answers] == responses
