"""Files that are whole or not there, and private whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.errors import SnapshotError
from auditor.store.files import atomic_path, check_writable, make_folder, write_bytes


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o007])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_bytes(target, b"one")
    assert (target.read_bytes(), mode(target)) == (b"one", 0o600)
    target.chmod(0o644)
    write_bytes(target, b"two")
    assert (target.read_bytes(), mode(target)) == (b"two", 0o600)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.usefixtures("umask")
def test_a_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    assert make_folder(folder) == folder
    assert mode(folder) == 0o700
    assert make_folder(folder) == folder


def test_parents_are_for_their_owner_only_too(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        make_folder(tmp_path / "reports" / "quarter")
    finally:
        os.umask(before)
    assert mode(tmp_path / "reports") == 0o700


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_bytes(target, b"old")
    with atomic_path(target) as temporary:
        assert (mode(temporary), temporary.parent) == (0o600, tmp_path)
        temporary.write_bytes(b"new")
    with pytest.raises(KeyError), atomic_path(target):
        raise KeyError
    assert target.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_nothing_is_seen_before_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        assert not target.exists()
        temporary.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"


def test_a_disk_that_is_full_is_one_sentence(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    with pytest.raises(SnapshotError) as caught, atomic_path(target):
        raise OSError(28, "No space left on device")
    assert str(caught.value) == f"cannot write {target}: No space left on device"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing/a.json", "file/a.json"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SnapshotError) as caught:
        write_bytes(tmp_path / place, b"x")
    assert str(caught.value).startswith(f"cannot write {tmp_path / place}: ")


def test_a_folder_cannot_replace_a_file_nor_a_file_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SnapshotError) as caught:
            make_folder(folder)
        assert str(caught.value).startswith(f"cannot make the folder {folder}: ")
    with pytest.raises(SnapshotError, match="cannot write"):
        write_bytes(tmp_path / "folder", b"x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_check_writable_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(SnapshotError, match="cannot make the folder"):
        check_writable(tmp_path / "file")


def test_a_folder_that_exists_but_may_not_be_written_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    # As root, whom no mode stops, the refusal itself must be played.
    monkeypatch.setattr("auditor.store.files.tempfile.TemporaryFile", refuse)
    with pytest.raises(SnapshotError) as caught:
        check_writable(tmp_path)
    assert str(caught.value) == f"cannot write to the folder {tmp_path}: Permission denied"
