"""The evidence store: exact bytes in, the same bytes out, and a sentence for whatever is torn."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import EvidenceError, SnapshotError
from auditor.model import CREDENTIAL_REPORT, Evidence, EvidenceFile
from auditor.store.snapshot import SCHEMA_VERSION, Snapshot, SnapshotWriter
from auditor.store.snapshot_folders import newest_snapshot, snapshot_name
from tests.support import ACCOUNT, AS_OF, OTHER, excluded, report, root, stored, unreachable

REPORTS = {ACCOUNT: report([root()]), OTHER: b"\xff\x00 not text, \r\n kept as it came\r\n\n"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def sealed(tmp_path: Path) -> Snapshot:
    return stored(tmp_path, REPORTS, unreachable("444455556666"), excluded("555566667777"))


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def evidence_of(snapshot: Snapshot, account_id: str) -> EvidenceFile:
    return next(r.evidence[0] for r in snapshot.manifest.accounts if r.account.id == account_id)


def reason(folder: Path) -> str:
    with pytest.raises(SnapshotError) as caught:
        Snapshot.open(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message


def rewrite(snapshot: Snapshot, **changes: Any) -> None:
    path = snapshot.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_sealed_is_what_is_opened(sealed: Snapshot) -> None:
    opened = Snapshot.open(sealed.folder)
    assert opened.manifest == sealed.manifest
    assert opened.manifest.started_at.utcoffset() == timedelta()
    assert [r.account.id for r in opened.manifest.accounts] == sorted([ACCOUNT, OTHER, "444455556666", "555566667777"])
    assert opened.manifest_sha256() == hashlib.sha256((sealed.folder / "manifest.json").read_bytes()).hexdigest()


def test_evidence_is_kept_to_the_byte(sealed: Snapshot) -> None:
    opened = Snapshot.open(sealed.folder)
    for account_id, content in REPORTS.items():
        file = evidence_of(opened, account_id)
        assert file.path == f"evidence/{account_id}/credential-report.csv"
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert opened.read(file) == content


@pytest.mark.usefixtures("umask")
def test_everything_is_for_the_owner_only(tmp_path: Path) -> None:
    snapshot = stored(tmp_path / "out", REPORTS)
    paths = [snapshot.folder.parent, snapshot.folder, *snapshot.folder.rglob("*")]
    assert {p.name: mode(p) for p in paths} == {p.name: 0o700 if p.is_dir() else 0o600 for p in paths}
    assert len(paths) == 10


def test_names_tell_organization_and_start() -> None:
    assert snapshot_name("o-abc", AS_OF) == "o-abc-20261124T101500Z"


def test_two_snapshots_of_one_second_do_not_meet(tmp_path: Path) -> None:
    writers = [SnapshotWriter.create(tmp_path, "o-abc", AS_OF) for _ in range(3)]
    assert [w.snapshot_id for w in writers] == [f"o-abc-20261124T10150{n}Z" for n in range(3)]
    assert [w.started_at for w in writers] == [AS_OF + timedelta(seconds=n) for n in range(3)]
    for writer in writers:
        writer.seal(stored(tmp_path / "x", {}).manifest)


def test_the_journal_holds_whole_lines_before_anything_is_sealed(tmp_path: Path) -> None:
    writer = SnapshotWriter.create(tmp_path, "o-abc", AS_OF)
    for record in (excluded(OTHER), unreachable(ACCOUNT)):
        writer.journal.record(record)
    lines = (writer.folder / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["account"]["id"] for line in lines] == [OTHER, ACCOUNT]
    assert json.loads(lines[1])["gaps"][0]["code"] == "AccessDenied"
    assert reason(writer.folder).endswith("its collection was cut off before the manifest was written")
    writer.seal(stored(tmp_path / "x", {}).manifest)


def test_a_place_that_is_no_snapshot_is_told_why(tmp_path: Path, sealed: Snapshot) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    assert reason(tmp_path / "none").endswith("is not a snapshot: there is no such folder")
    assert reason(tmp_path / "file").endswith("is not a snapshot: it is not a folder")
    assert reason(tmp_path / "empty").endswith("is not a snapshot: it holds no readable manifest.json")
    (sealed.folder / "manifest.json").unlink()
    assert "cut off before the manifest was written" in reason(sealed.folder)


@pytest.mark.parametrize("keep", [0, 1, 10, 200, -2, -3])
def test_a_torn_manifest_is_refused(sealed: Snapshot, keep: int) -> None:
    path = sealed.folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:keep])
    assert "manifest.json is torn or was not written by this program: " in reason(sealed.folder)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00", b"{}", b'{"schema_version": 1}', b'"text', b"NaN"])
def test_a_manifest_of_other_hands_is_refused(sealed: Snapshot, content: bytes) -> None:
    (sealed.folder / "manifest.json").write_bytes(content)
    assert "manifest.json" in reason(sealed.folder)


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5, [1]])
def test_another_version_is_named(sealed: Snapshot, version: object) -> None:
    rewrite(sealed, schema_version=version)
    assert reason(sealed.folder).endswith(
        f"manifest.json has schema version {version!r}; this program reads {SCHEMA_VERSION}"
    )


@pytest.mark.parametrize("content", [b"[]", b"null", b"7", b'"text"'])
def test_a_manifest_that_is_no_object_has_no_version(sealed: Snapshot, content: bytes) -> None:
    (sealed.folder / "manifest.json").write_bytes(content)
    assert "has schema version None" in reason(sealed.folder)


def test_a_manifest_with_a_field_of_another_kind_is_refused(sealed: Snapshot) -> None:
    for changes in ({"as_of": "soon"}, {"accounts": 7}, {"caller": None}, {"accounts": [{"outcome": "fine"}]}):
        whole = (sealed.folder / "manifest.json").read_bytes()
        rewrite(sealed, **changes)
        assert "manifest.json is torn" in reason(sealed.folder)
        (sealed.folder / "manifest.json").write_bytes(whole)


def test_a_manifest_time_without_zone_is_refused(sealed: Snapshot) -> None:
    rewrite(sealed, as_of="2026-11-24T10:15:00")
    reason(sealed.folder)


def gap(snapshot: Snapshot, file: EvidenceFile) -> EvidenceError:
    with pytest.raises(EvidenceError) as caught:
        snapshot.read(file)
    assert caught.value.stage == "read"
    assert file.path in caught.value.message
    return caught.value


def test_evidence_that_was_touched_is_not_read(sealed: Snapshot) -> None:
    file = evidence_of(sealed, ACCOUNT)
    path = sealed.folder / file.path
    content = path.read_bytes()
    for changed in (content + b"\n", content[:-1], b"", content.replace(b"true", b"TRUE")):
        path.write_bytes(changed)
        assert gap(sealed, file).code == "EvidenceChanged"
    path.write_bytes(content)
    assert sealed.read(file) == content
    path.unlink()
    assert gap(sealed, file).code == "EvidenceMissing"
    path.mkdir()
    assert gap(sealed, file).code == "EvidenceMissing"


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "evidence/../../secret",
        "evidence/../manifest.json",
        "manifest.json",
        "/etc/hostname",
        "evidence/link",
        "evidence/folder/secret",
        "evidence-of-others/secret",
    ],
)
def test_a_path_out_of_the_evidence_is_not_followed(sealed: Snapshot, path: str) -> None:
    secret = b"secret"
    outside = sealed.folder.parent / "secret"
    outside.write_bytes(secret)
    (sealed.folder / "evidence" / "link").symlink_to(outside)
    (sealed.folder / "evidence" / "folder").symlink_to(outside.parent)
    (sealed.folder / "evidence-of-others").mkdir()
    (sealed.folder / "evidence-of-others" / "secret").write_bytes(secret)
    file = dataclasses.replace(evidence_of(sealed, ACCOUNT), path=path, sha256=hashlib.sha256(secret).hexdigest())
    assert gap(sealed, file).code == "EvidenceOutside"


def test_a_snapshot_may_be_moved(sealed: Snapshot, tmp_path: Path) -> None:
    moved = sealed.folder.rename(tmp_path / "archived")
    opened = Snapshot.open(moved)
    assert opened.read(evidence_of(opened, ACCOUNT)) == REPORTS[ACCOUNT]


def make_snapshot(out: Path, name: str, manifest: bool = True) -> Path:
    folder = out / name
    folder.mkdir(parents=True)
    if manifest:
        (folder / "manifest.json").write_text("{}")
    return folder


def test_the_newest_is_the_one_that_was_started_last_and_sealed(tmp_path: Path) -> None:
    make_snapshot(tmp_path, "o-zzzz-20260101T000000Z")
    newest = make_snapshot(tmp_path, "o-aaaa-20261124T101500Z")
    make_snapshot(tmp_path, "o-aaaa-20261123T235959Z")
    make_snapshot(tmp_path, "o-aaaa-20270101T000000Z", manifest=False)
    make_snapshot(tmp_path, "copy of o-aaaa-20280101T000000Z (1)")
    make_snapshot(tmp_path, "20290101T000000Z")
    (tmp_path / "o-aaaa-20300101T000000Z").write_text("a file")
    assert newest_snapshot(tmp_path) == newest


@pytest.mark.parametrize("made", [True, False])
def test_without_a_snapshot_the_place_is_named(tmp_path: Path, made: bool) -> None:
    out = tmp_path / "out"
    if made:
        make_snapshot(out, "o-aaaa-20270101T000000Z", manifest=False)
    with pytest.raises(SnapshotError) as caught:
        newest_snapshot(out)
    assert str(caught.value) == f"there is no snapshot below {out}; make one with 'auditor run' or name one"


def test_a_place_that_cannot_hold_a_snapshot_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SnapshotError, match=f"cannot make the folder {tmp_path / 'file'}: "):
        SnapshotWriter.create(tmp_path / "file", "o-abc", AS_OF)


def test_other_kinds_of_evidence_lie_beside_the_report(tmp_path: Path) -> None:
    writer = SnapshotWriter.create(tmp_path, "o-abc", AS_OF)
    for kind, suffix in ((CREDENTIAL_REPORT, "csv"), ("password-policy", "json")):
        file = writer.store(ACCOUNT, Evidence(kind, b"{}", suffix, "request-9", AS_OF))
        assert file.path == f"evidence/{ACCOUNT}/{kind}.{suffix}"
        assert (file.request_id, file.generated_at) == ("request-9", None)
    writer.seal(stored(tmp_path / "x", {}).manifest)
