"""Evidence is written whole, private, and into the folder that was checked."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from auditor.errors import SnapshotError
from auditor.store.evidence_files import EvidenceFiles


@pytest.fixture
def files(tmp_path: Path) -> EvidenceFiles:
    return EvidenceFiles(tmp_path)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folders_and_files_are_for_their_owner_only(tmp_path: Path, files: EvidenceFiles, umask: int) -> None:
    before = os.umask(umask)
    try:
        files.write("111122223333", "summary.json", b"one")
    finally:
        os.umask(before)
    modes = {p.relative_to(tmp_path).as_posix(): stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert modes == {
        "evidence": 0o700,
        "evidence/111122223333": 0o700,
        "evidence/111122223333/summary.json": 0o600,
    }


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, files: EvidenceFiles) -> None:
    files.write("111122223333", "a.json", b"a longer one")
    with (tmp_path / "evidence/111122223333/a.json").open("rb") as reader:
        files.write("111122223333", "a.json", b"two")
        assert reader.read() == b"a longer one"
    assert [p.name for p in (tmp_path / "evidence/111122223333").iterdir()] == ["a.json"]
    assert (tmp_path / "evidence/111122223333/a.json").read_bytes() == b"two"


def test_a_folder_that_is_there_already_is_used(tmp_path: Path, files: EvidenceFiles) -> None:
    (tmp_path / "evidence/111122223333").mkdir(parents=True)
    files.write("111122223333", "a.json", b"x")
    assert (tmp_path / "evidence/111122223333/a.json").read_bytes() == b"x"


@pytest.mark.parametrize("place", ["evidence", "evidence/111122223333", "evidence/111122223333/a.json"])
def test_nothing_is_written_through_a_link(tmp_path: Path, files: EvidenceFiles, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"mine")
    link = tmp_path / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere / "file" if place.endswith("json") else elsewhere)
    with pytest.raises(SnapshotError, match=r"cannot (write|make)"):
        files.write("111122223333", "a.json", b"x")
    assert [p.name for p in elsewhere.iterdir()] == ["file"]
    assert (elsewhere / "file").read_bytes() == b"mine"


def test_a_folder_that_is_exchanged_meanwhile_gets_nothing(tmp_path: Path, files: EvidenceFiles) -> None:
    files.write("111122223333", "a.json", b"x")
    (tmp_path / "evidence").rename(tmp_path / "moved")
    (tmp_path / "other").mkdir()
    (tmp_path / "evidence").symlink_to(tmp_path / "other")
    files.write("111122223333", "b.json", b"x")
    files.write("444455556666", "a.json", b"x")
    assert not [*(tmp_path / "other").iterdir()]
    assert (tmp_path / "moved/444455556666/a.json").is_file()


def test_what_cannot_be_written_is_told_and_leaves_nothing_behind(tmp_path: Path, files: EvidenceFiles) -> None:
    (tmp_path / "evidence/111122223333/a.json").mkdir(parents=True)
    with pytest.raises(SnapshotError, match=r"cannot write .*evidence/111122223333/a\.json: Is a directory"):
        files.write("111122223333", "a.json", b"x")
    assert [p.name for p in (tmp_path / "evidence/111122223333").iterdir()] == ["a.json"]


def test_an_account_whose_folder_is_gone_is_told(tmp_path: Path, files: EvidenceFiles) -> None:
    files.write("111122223333", "a.json", b"x")
    (tmp_path / "evidence/111122223333/a.json").unlink()
    (tmp_path / "evidence/111122223333").rmdir()
    with pytest.raises(SnapshotError, match="No such file or directory"):
        files.write("111122223333", "a.json", b"x")


def test_closed_files_hold_no_descriptor(tmp_path: Path, files: EvidenceFiles) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    files.write("111122223333", "a.json", b"x")
    assert len([*Path("/proc/self/fd").iterdir()]) == before + 1
    files.close()
    files.close()
    assert len([*Path("/proc/self/fd").iterdir()]) == before
