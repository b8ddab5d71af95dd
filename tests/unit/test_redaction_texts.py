"""Where names of people are found in texts, and where words are left alone."""

from __future__ import annotations

import re

import pytest

from auditor.report.redaction import PSEUDONYM, Pseudonyms, Redactor

KEY = bytes(range(32))
NAMES = (
    "ann",
    "ann.smith",
    "user7",
    "Smith,John,Jr",
    "mail+tag@example.com",
    "=1+1",
    "-dash",
    "payments",
    "user",
    "none",
)


def pseudonym(text: str) -> str:
    return Pseudonyms(KEY).of(text)


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(Pseudonyms(KEY), NAMES)


def opened(text: str) -> str:
    """``text`` with ``{name}`` for every pseudonym."""
    known = {
        pseudonym(name): name for name in (*NAMES, "bob@example.com", "quarter", "ci-*", "gone", "o'neil@example.com")
    }
    return PSEUDONYM.sub(lambda found: f"{{{known[found[0]]}}}", text)


def test_a_pseudonym_has_at_least_60_bits_and_tells_its_kind() -> None:
    for text, kind in (("ann", "user"), ("ann@example.com", "mail")):
        found = pseudonym(text)
        assert PSEUDONYM.fullmatch(found)
        assert found.startswith(f"{kind}-")
        assert len(found.partition("-")[2]) * 5 == 80


def test_another_key_gives_other_pseudonyms_and_the_same_key_the_same() -> None:
    assert pseudonym("ann") == Pseudonyms(KEY).of("ann") != Pseudonyms(KEY[::-1]).of("ann")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("users: ann; ann.smith, groups: none", "users: {ann}; {ann.smith}, groups: none"),
        ("the user has inline policies", "the user has inline policies"),
        ("The user with name ann cannot be found.", "The user with name {ann} cannot be found."),
        ("ann.", "{ann}."),
        ("policy-of-ann.smith and anna", "policy-of-{ann.smith} and anna"),
        ("annex user77 xann.smithx", "annex user77 xann.smithx"),
        ("Owner=ann; Team=payments", "Owner={ann}; Team={payments}"),
        ("Owner=bob@example.com; a=b", "Owner={bob@example.com}; a=b"),
        ("ask o'neil@example.com.", "ask {o'neil@example.com}."),
        ("ann@example.org is no name", "{mail} is no name"),
        ("write to mail+tag@example.com", "write to {mail+tag@example.com}"),
        ("Smith,John,Jr, ann", "{Smith,John,Jr}, {ann}"),
        ("=1+1 -dash", "{=1+1} {-dash}"),
        ("User: arn:aws:iam::123456789012:user/x/gone is not", "User: arn:aws:iam::123456789012:user/x/{gone} is not"),
        ("on arn:aws-cn:iam::123456789012:user/gone.", "on arn:aws-cn:iam::123456789012:user/{gone}."),
        ("arn:aws:sts::123456789012:assumed-role/R/quarter", "arn:aws:sts::123456789012:assumed-role/R/{quarter}"),
        ("arn:aws:iam::123456789012:mfa/ann", "arn:aws:iam::123456789012:mfa/{ann}"),
        ("<root_account>", "<root_account>"),
        ("", ""),
    ],
)
def test_sentences(redactor: Redactor, text: str, meant: str) -> None:
    found = redactor.sentence(text)
    if "{mail}" in meant:
        assert re.sub(PSEUDONYM, "{mail}", found) == meant
    else:
        assert opened(found) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("payments prod", "payments prod"),
        ("ann", "{ann}"),
        ("sandbox-ann.smith", "sandbox-{ann.smith}"),
        ("sandbox ann", "sandbox ann"),
        ("user7", "{user7}"),
        ("aws+bob@example.com", "{mail}"),
        ("Root/Prod", "Root/Prod"),
    ],
)
def test_names_of_other_things(redactor: Redactor, text: str, meant: str) -> None:
    found = redactor.title(text)
    assert (re.sub(PSEUDONYM, "{mail}", found) if "{mail}" in meant else opened(found)) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/{ann}"),
        (
            "arn:aws:iam::123456789012:user/team/ann.smith/gone",
            "arn:aws:iam::123456789012:user/team/{ann.smith}/{gone}",
        ),
        ("arn:aws:iam::123456789012:user/user", "arn:aws:iam::123456789012:user/{user}"),
        ("arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"),
        ("arn:aws:iam::123456789012:policy/for-ann.smith", "arn:aws:iam::123456789012:policy/for-{ann.smith}"),
        ("arn:aws:sts::123456789012:assumed-role/R/quarter", "arn:aws:sts::123456789012:assumed-role/R/{quarter}"),
        ("arn:aws:sts::123456789012:federated-user/gone", "arn:aws:sts::123456789012:federated-user/{gone}"),
    ],
)
def test_arns(redactor: Redactor, text: str, meant: str) -> None:
    assert opened(redactor.arn(text)) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ou Root/Prod; user ann, ci-*", "ou Root/Prod; user {ann}, {ci-*}"),
        ("user *; tag Owner=ann", "user *; tag Owner={ann}"),
        ("user <root_account>", "user <root_account>"),
        ("arn arn:aws:iam::123456789012:user/ci-*, */gone", "arn arn:aws:iam::123456789012:user/{ci-*}, */{gone}"),
        ("account 123456789012", "account 123456789012"),
    ],
)
def test_scopes_of_waivers(redactor: Redactor, text: str, meant: str) -> None:
    assert opened(redactor.scope(text)) == meant


def test_a_name_that_looks_like_a_kind_of_pseudonym_spoils_none() -> None:
    redactor = Redactor(Pseudonyms(KEY), ("mail", "user", "contact"))
    assert redactor.sentence("to bob@example.com") == f"to {pseudonym('bob@example.com')}"
    assert redactor.sentence("arn:aws:iam::123456789012:user/x") == f"arn:aws:iam::123456789012:user/{pseudonym('x')}"


def test_long_texts_take_no_more_than_their_length() -> None:
    redactor = Redactor(Pseudonyms(KEY), NAMES)
    for text in ("a-" * 25_000, "x" * 50_000 + "@", "@" * 25_000, "a@" * 25_000):
        assert redactor.sentence(text + " ann").endswith(pseudonym("ann"))
