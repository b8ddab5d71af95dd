"""Tags of accounts: what depends on them is never judged silently without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model import ACCOUNT_TAGS
from auditor.store.evidence import Answer, Document
from auditor.store.snapshot import Snapshot
from auditor.tables import build_frames
from tests.support import ACCOUNT, AS_OF, report, root, stored

_ANSWERED = {"Tags": [{"Key": "Env", "Value": "prod"}]}
TAGS = Document(
    ACCOUNT_TAGS, (Answer("organizations:ListTagsForResource", _ANSWERED, parameters={"ResourceId": ACCOUNT}),)
)


def snapshot(folder: Path, tags: Document | None) -> Snapshot:
    documents = {"organization": {ACCOUNT_TAGS: tags}} if tags else {}
    return stored(folder, {ACCOUNT: report([root()])}, documents=documents)


@pytest.mark.parametrize("needed", [True, False])
def test_missing_tags_are_a_gap_where_something_depends_on_them(needed: bool, tmp_path: Path) -> None:
    frames = build_frames(snapshot(tmp_path, None), AS_OF, needs_tags=needed)
    assert frames.gaps["code"].to_list() == (["NotCollected"] if needed else [])
    assert frames.places[ACCOUNT].tags == {}


def test_tags_that_are_there_are_no_gap(tmp_path: Path) -> None:
    frames = build_frames(snapshot(tmp_path, TAGS), AS_OF, needs_tags=True)
    assert frames.gaps.empty
    assert frames.places[ACCOUNT].tags == {"Env": "prod"}
    assert frames.accounts["tags"].to_list() == ["Env=prod"]


def test_tags_that_cannot_be_read_are_a_gap(tmp_path: Path) -> None:
    changed = snapshot(tmp_path, TAGS)
    path = changed.folder / "evidence" / "organization" / "account-tags.json"
    path.write_bytes(path.read_bytes().replace(b"prod", b"test"))
    frames = build_frames(changed, AS_OF, needs_tags=True)
    assert frames.gaps["code"].to_list() == ["EvidenceChanged"]
    assert frames.places[ACCOUNT].tags == {}
