"""Folders of owners: safe on every disk, different on every disk, and the same again next quarter."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report.part_names import folder_names

HOSTILE = (
    *("../../etc/passwd", "..", ".", "", "/", "\\\\server\\share", "C:\\x", "a/b", "a\\b", "~", "-rf", "$(id)", "`id`"),
    *("CON", "con", "nul.txt", "COM1", "aux", "a:b", "a*b?", 'a"b', "a|b", "a<b>", "a\nb", "a\x00b", "a\x1b[31mb"),
    *(
        "Team One",
        "team one",
        "TEAM ONE",
        "Team-One",
        "Straße",
        "STRASSE",
        "strasse",
        "é",
        "e\u0301",
        "ﬁ",
        "fi",
        "İ",
        "i̇",
    ),
    *(
        "x" * 300,
        "x" * 299 + "y",
        "ü" * 300,
        "\U0001f680" * 90,
        "支付" * 100,
        " spaces ",
        "trailing.",
        "trailing",
        "()",
    ),
    *("Root/Prod/Payments", "Root-Prod-Payments", "(no tag)", "no tag", "\u202egpj.exe", "a\u200bb", "a b"),
)


def check(owners: list[str]) -> list[str]:
    names = folder_names(owners)
    assert len(names) == len(owners)
    for name in names:
        assert 0 < len(name.encode()) <= 100
        assert all(c.isalnum() or c in "._-" for c in name)
        assert name[0] not in ".-"
        assert name[-1] not in ".-"
        assert name.partition(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}
        assert Path(name).name == name
    keys = {unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()) for name in names}
    assert len(keys) == len(names), "two owners share a folder"
    return names


def test_hostile_owners_get_safe_and_different_names() -> None:
    check(list(HOSTILE))


@given(st.lists(st.text(max_size=40), unique=True, max_size=12))
def test_any_owners_get_safe_and_different_names(owners: list[str]) -> None:
    check(owners)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("Root/Prod/Payments", "Root-Prod-Payments"),
        ("012345678901 Payments, live", "012345678901-Payments-live"),
        ("(no tag)", "no-tag"),
        ("支付", "支付"),
    ],
)
def test_plain_owners_keep_their_letters(owner: str, name: str) -> None:
    assert folder_names([owner]) == [name]


def test_an_owner_has_the_same_folder_whoever_else_there_is() -> None:
    owners = ["a/b", "a-b", "x" * 300, "Root"]
    assert folder_names(owners) == folder_names(list(reversed(owners)))[::-1]
    assert set(folder_names(owners)) <= set(folder_names([*owners, "more", "Other"]))
