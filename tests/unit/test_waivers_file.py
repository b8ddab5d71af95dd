"""A waivers file: what it may say, and one sentence with file and line for whatever it may not."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from auditor.errors import WaiverError
from auditor.judge.waivers import Waivers, load_waivers
from tests.support import catalog, waiver, waivers_file, waivers_of

EXAMPLE = Path(__file__).parents[2] / "config" / "waivers.example.yaml"


def complaint(folder: Path, text: str | bytes, max_days: int = 366) -> str:
    """``line: sentence``, for a file with this content."""
    file = folder / "waivers.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(WaiverError) as caught:
        load_waivers(file, catalog(), max_days)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in message
    assert message.startswith(f"{file}:")
    return message.removeprefix(f"{file}:")


def about(folder: Path, *entries: str) -> str:
    return complaint(folder, waivers_file(folder, *entries).read_text())


def test_the_example_is_valid_and_shows_every_key() -> None:
    loaded = load_waivers(EXAMPLE, catalog(), 366)
    assert [w.id for w in loaded.entries] == ["W-2026-001", "W-2026-002", "W-2026-003"]
    assert loaded.entries[1].control_id == "access-key-1-rotated-45d"
    used = {key for w in loaded.entries for key, value in w.scope if value}
    assert used == {"account", "ou", "tag", "user", "arn"}


def test_a_waiver_is_read_whole(tmp_path: Path) -> None:
    (found,) = waivers_of(tmp_path, waiver(scope="{account: '012345678901', user: [a, b]}")).entries
    assert (found.id, found.control_id, found.requirement, found.line) == ("W-1", "access-key-rotated-90d", "", 2)
    assert (found.created, found.expires) == (date(2026, 11, 1), date(2026, 12, 31))
    assert str(found.scope) == "account 012345678901; user a, b"
    assert (found.reason, found.owner) == ("It is known.", "ann@example.com")
    assert (found.approver, found.ticket) == ("bob@example.com", "SEC-1")


@pytest.mark.parametrize(
    ("requirement", "control"),
    [
        ("cis-aws-7.0.0:2.12", "access-key-rotated-90d"),
        ("AWS_IAM_50", "access-key-1-rotated-45d"),
        ("console-user-mfa", "console-user-mfa"),
    ],
)
def test_a_requirement_is_another_name_for_its_control(tmp_path: Path, requirement: str, control: str) -> None:
    (found,) = waivers_of(tmp_path, waiver(control="", requirement=requirement)).entries
    assert (found.control_id, found.requirement) == (control, requirement)


def test_texts_are_what_stands_there_whatever_yaml_would_make_of_them(tmp_path: Path) -> None:
    scope = "{account: 012345670123, tag: {on: yes, n: 1_0}}"
    (found,) = waivers_of(tmp_path, waiver("007", scope=scope, ticket="0x1F", reason="no")).entries
    assert (found.id, found.ticket, found.reason) == ("007", "0x1F", "no")
    assert (found.scope.account, found.scope.tag) == (("012345670123",), {"on": "yes", "n": "1_0"})


def test_the_order_of_the_file_does_not_matter_but_its_bytes_are_hashed(tmp_path: Path) -> None:
    one, other = waiver("W-1"), waiver("W-2", scope="{user: bob}")
    here, there = waivers_of(tmp_path, one, other), waivers_of(tmp_path, other, one)
    assert [w.id for w in here.entries] == [w.id for w in there.entries] == ["W-1", "W-2"]
    assert here.sha256 != there.sha256
    assert re.fullmatch("[0-9a-f]{64}", here.sha256)


def test_an_empty_list_is_a_file_without_waivers(tmp_path: Path) -> None:
    assert waivers_of(tmp_path).entries == ()
    assert Waivers().sha256 == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ""}, "2: a waiver: id is missing"),
        ({"control": ""}, "2: waiver 'W-1': name either a control or a requirement"),
        ({"requirement": "AWS_IAM_50"}, "2: waiver 'W-1': name either a control or a requirement"),
        ({"scope": ""}, "2: waiver 'W-1': scope is missing"),
        ({"reason": ""}, "2: waiver 'W-1': reason is missing"),
        ({"owner": ""}, "2: waiver 'W-1': owner is missing"),
        ({"approver": ""}, "2: waiver 'W-1': approver is missing"),
        ({"ticket": ""}, "2: waiver 'W-1': ticket is missing"),
        ({"created": ""}, "2: waiver 'W-1': created is missing"),
        ({"expires": ""}, "2: waiver 'W-1': expires is missing"),
        ({"reason": "~"}, "5: waiver 'W-1': reason is empty"),
        ({"reason": "' '"}, "5: waiver 'W-1': reason is empty"),
        ({"reason": "x" * 2001}, "5: waiver 'W-1': reason: String should have at most 2000 characters"),
        ({"reason": "[a]"}, "5: waiver 'W-1': reason must be text"),
        ({"id": "'W 1'"}, "2: waiver 'W 1': id: 'W 1' is not an id ("),
        ({"id": "W-1;W-2"}, "2: waiver 'W-1;W-2': id: 'W-1;W-2' is not an id ("),
        ({"ownr": "x"}, "11: waiver 'W-1': unknown key 'ownr' (did you mean 'owner'?)"),
        ({"owner": "", "ownr": "x"}, "10: waiver 'W-1': unknown key 'ownr' (did you mean 'owner'?)"),
        ({"<<": "{a: b}"}, "11: waiver 'W-1': unknown key '<<'"),
        (
            {"control": "acess-key-rotated-90d"},
            "3: waiver 'W-1': unknown control 'acess-key-rotated-90d' (did you mean 'access-key-rotated-90d'?)",
        ),
        (
            {"control": "", "requirement": "cis-aws-7.0.0:2.112"},
            "10: waiver 'W-1': cis-aws-7.0.0 has no requirement '2.112' (did you mean '2.12'?)",
        ),
        ({"control": "", "requirement": "1.14"}, "10: waiver 'W-1': the requirement '1.14' is in several benchmarks"),
        ({"scope": "{}"}, "4: waiver 'W-1': scope: covers everything; name an account, ou, tag, user or arn"),
        ({"scope": "{usr: a}"}, "4: waiver 'W-1': unknown key 'scope.usr' (did you mean 'user'?)"),
        ({"scope": "everything"}, "4: waiver 'W-1': scope must be keys and values"),
        ({"scope": "{account: []}"}, "4: waiver 'W-1': scope.account is empty"),
        ({"scope": "{tag: {}}"}, "4: waiver 'W-1': scope.tag is empty"),
        ({"scope": "{account: 12345678901}"}, "'12345678901' is not an account id (12 digits)"),
        ({"scope": "{account: {a: b}}"}, "4: waiver 'W-1': scope.account must be a text or a list of texts"),
        ({"scope": "{ou: Root//Prod}"}, "'Root//Prod' is neither the path (Root/Prod) nor the id"),
        ({"scope": "{tag: {env: ~}}"}, "4: waiver 'W-1': scope.tag.env is empty"),
        ({"scope": "{tag: env}"}, "4: waiver 'W-1': scope.tag must be keys and values"),
        ({"scope": "{user: 'ann bob'}"}, "scope.user: 'ann bob' is not a pattern for a name"),
        ({"scope": "{user: 'svc-[0-9]'}"}, "scope.user: 'svc-[0-9]' is not a pattern for a name"),
        ({"scope": "{user: team/ann}"}, "the path of a user is part of the arn only"),
        ({"scope": "{user: ''}"}, "scope.user: '' is not a pattern for a name"),
        ({"scope": "{arn: 'user/ann'}"}, "scope.arn: 'user/ann' is not a pattern for an ARN (it begins with arn: or *"),
        ({"scope": "{arn: 'arn:aws:iam::*:user/[a-z]'}"}, "there are no blanks and no brackets"),
        ({"created": "2026-02-30"}, "9: waiver 'W-1': created: there is no day 2026-02-30"),
        ({"expires": "2026-12-31T10:00:00Z"}, "10: waiver 'W-1': expires: '2026-12-31T10:00:00Z' is not a day like"),
        ({"expires": "20261231"}, "10: waiver 'W-1': expires: '20261231' is not a day like 2026-12-31"),
        ({"expires": "never"}, "10: waiver 'W-1': expires: 'never' is not a day like 2026-12-31"),
        ({"expires": "~"}, "10: waiver 'W-1': expires is empty"),
        (
            {"expires": "2026-10-31"},
            "10: waiver 'W-1': expires 2026-10-31, before it is created 2026-11-01",
        ),
        (
            {"expires": "2027-11-03"},
            "10: waiver 'W-1': expires 367 days after 2026-11-01; 366 are allowed, so 2027-11-02 at the latest",
        ),
    ],
)
def test_each_mistake_gets_its_sentence_with_the_line(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    assert message in about(tmp_path, waiver(**{"name" if key == "id" else key: changes[key] for key in changes}))


def test_the_line_of_an_entry_of_a_list_is_its_own(tmp_path: Path) -> None:
    scope = "\n    user:\n      - ann\n      - bob\n      - a b"
    assert about(tmp_path, waiver(scope=scope)).startswith("8: waiver 'W-1': scope.user: 'a b' is not")


def test_the_longest_time_is_366_days_unless_configured(tmp_path: Path) -> None:
    assert waivers_of(tmp_path, waiver(expires="2027-11-02")).entries
    file = waivers_file(tmp_path, waiver(expires="2027-11-03"))
    assert load_waivers(file, catalog(), 367).entries
    short = complaint(tmp_path, waivers_file(tmp_path, waiver(expires="2026-12-02")).read_text(), 30)
    assert "expires 31 days after 2026-11-01; 30 are allowed, so 2026-12-01 at the latest" in short


def test_a_waiver_of_one_day_is_a_waiver(tmp_path: Path) -> None:
    assert waivers_of(tmp_path, waiver(expires="2026-11-01")).entries


def test_the_end_of_the_calendar_is_no_crash(tmp_path: Path) -> None:
    last = waiver(created="9999-12-30", expires="9999-12-31")
    assert waivers_of(tmp_path, last).entries
    assert "there is no day 0000-01-01" in about(tmp_path, waiver(created="0000-01-01"))
    assert "'10000-01-01' is not a day" in about(tmp_path, waiver(expires="10000-01-01"))


def test_an_id_is_used_once(tmp_path: Path) -> None:
    twice = about(tmp_path, waiver("W-1"), waiver("W-1", scope="{user: bob}"))
    assert twice == "11: the waiver id 'W-1' is used twice, first in line 2"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("{user: [ann, bob]}", "{user: [bob, ann]}"),
        ("{user: 'a**'}", "{user: 'a*'}"),
        ("{ou: Root/Prod/}", "{ou: [Root/Prod]}"),
        ("{tag: {a: b, c: d}}", "{tag: {c: d, a: b}}"),
    ],
)
def test_two_of_the_same_scope_on_one_day_are_refused(tmp_path: Path, here: str, there: str) -> None:
    entries = waiver("W-1", scope=here), waiver("W-2", control="", requirement="cis-aws-7.0.0:2.12", scope=there)
    message = about(tmp_path, *entries)
    assert message.startswith("11: waiver 'W-2' covers the same as 'W-1' in line 2 (access-key-rotated-90d, ")


def test_a_renewal_may_begin_the_day_after(tmp_path: Path) -> None:
    first = waiver("W-1", expires="2026-12-31")
    assert len(waivers_of(tmp_path, first, waiver("W-2", created="2027-01-01", expires="2027-06-30")).entries) == 2
    overlapping = waiver("W-2", created="2026-12-31", expires="2027-06-30")
    assert "covers the same" in about(tmp_path, first, overlapping)


def test_another_control_or_a_narrower_scope_is_no_duplicate(tmp_path: Path) -> None:
    entries = waiver("a"), waiver("b", control="console-user-mfa"), waiver("c", scope="{user: ann, ou: Root}")
    assert len(waivers_of(tmp_path, *entries).entries) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: the file must hold the key 'waivers'"),
        ("- a\n", "1: the file must hold the key 'waivers'"),
        ("{}", "1: 'waivers' must be a list"),
        ("waivers:\n", "1: 'waivers' must be a list"),
        ("waivers: {a: b}\n", "1: 'waivers' must be a list"),
        ("waivers: []\n\nwaiver: []\n", "3: unknown key 'waiver' (did you mean 'waivers'?)"),
        ("waivers:\n- a\n", "2: a waiver must be keys and values"),
        ("waivers: []\nwaivers: []\n", "2: the key 'waivers' stands here twice, first in line 1"),
        ("waivers: []\n---\nwaivers: []\n", "2: a second document begins"),
        ("waivers: [\n", "2: not YAML: "),
        ("waivers: a: b\n", "1: not YAML: "),
        ("a: 1\nb: \x07\n", "2: not YAML: control characters are not allowed"),
        (b"waivers: []\n# \xff\xfe\n", "2: not YAML: "),
        ("a: &x [*x]\n", "1: the anchor &x has no meaning"),
        ("a: *x\n", "1: *x is an alias"),
        ("a: !!python/object/apply:os.system [true]\n", "1: the tag tag:yaml.org,2002:python/object/apply:os.system"),
        ('a: "\\ud800"\n', "1: not YAML: "),
        ("? [a]\n: b\n", "1: a key must be text"),
        ("~: b\n", "1: a key must be text"),
        ("[" * 200_000, "1: nested more than 40 levels deep"),
        ("{a: " * 200_000, "1: nested more than 40 levels deep"),
        ("- " * 50_000, "1: nested more than 40 levels deep"),
        ("waivers:\n" + "- id: &a x\n", "2: the anchor &a has no meaning"),
    ],
)
def test_hostile_yaml_is_a_sentence_and_no_crash(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert complaint(tmp_path, text).startswith(message)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=r"none\.yaml: cannot be read: No such file"):
        load_waivers(tmp_path / "none.yaml", catalog(), 366)
