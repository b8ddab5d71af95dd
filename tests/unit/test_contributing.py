"""What CONTRIBUTING says of the house is true: its rooms, in their order, and every path that it names."""

from __future__ import annotations

import re
from pathlib import Path

import auditor
from tests.unit.test_layers import ROOMS

PACKAGE = Path(auditor.__file__).parent
ROOT = PACKAGE.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PICTURE = PAGE.partition("## Where things are")[2].split("```")[1].strip()


def test_the_picture_has_every_room_from_the_top_down() -> None:
    lines = PICTURE.splitlines()
    rooms = [line.split()[0] for line in lines[:-1]] + re.findall(r"\w+\.py", lines[-1])
    assert [room.removesuffix("/").removesuffix(".py") for room in rooms] == [r for r in ROOMS if "__" not in r]


def test_every_path_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:auditor|config|tests|reports|docs|\.ci)/[\w./-]*)`", PAGE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_path_on_the_way_of_an_account_exists() -> None:
    way = PAGE.partition("**One account id on its way.**")[2].partition("| to find")[0]
    named = set(re.findall(r"`(\w+/[\w./]*)`", way)) - {"config/"}
    assert len(named) > 8
    assert [name for name in sorted(named) if not (PACKAGE / name).exists()] == ["evidence/111122223333/"]
