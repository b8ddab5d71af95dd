"""Where may be written: never through a link that somebody else may have meant, nor where everybody may change it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.errors import SnapshotError
from auditor.store.files import atomic_path, check_writable, make_folder, sweep, write_bytes
from auditor.store.journal import Journal
from auditor.store.snapshot import SnapshotWriter
from tests.support import AS_OF

SOMEBODY_ELSE = 54321


@pytest.fixture
def link_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A link to a sound folder that belongs to neither this user nor root."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    if os.geteuid() == 0:
        os.lchown(link, SOMEBODY_ELSE, SOMEBODY_ELSE)
    else:  # only root can give a link away; then this process plays another user
        monkeypatch.setattr("auditor.store.files.os.geteuid", lambda: SOMEBODY_ELSE)
    return link


@pytest.mark.parametrize("target", ["missing", "file", "folder"])
def test_it_refuses_to_write_through_a_symlink(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    link = tmp_path / "audit.xlsx"
    link.symlink_to(tmp_path / target)
    with pytest.raises(SnapshotError) as caught:
        write_bytes(link, b"x")
    assert str(caught.value) == (f"cannot write {link}: it is a symbolic link; remove it, or name the file it leads to")
    assert (tmp_path / "file").read_text() == "kept"
    assert link.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["audit.xlsx", "file", "folder"]


@pytest.mark.parametrize("below", ["", "deeper", "deeper/../deepest"])
def test_it_refuses_to_follow_a_link_of_another_user(link_of_another: Path, below: str) -> None:
    for write in (lambda p: write_bytes(p / "a.json", b"x"), make_folder, check_writable):
        with pytest.raises(SnapshotError, match=rf"cannot write below {link_of_another}: .* of another user"):
            write(link_of_another / below)
    assert list((link_of_another.parent / "real").iterdir()) == []


def test_a_link_that_leads_over_somebody_elses_is_refused_too(tmp_path: Path, link_of_another: Path) -> None:
    (tmp_path / "mine").symlink_to("link/../link")
    with pytest.raises(SnapshotError, match="of another user"):
        make_folder(tmp_path / "mine" / "deeper")


@pytest.mark.parametrize("leads_to", ["real", "../{here}/real", "{tmp_path}/real"])
def test_ones_own_link_to_a_folder_is_followed(tmp_path: Path, leads_to: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "reports").symlink_to(leads_to.format(tmp_path=tmp_path, here=tmp_path.name))
    write_bytes(make_folder(tmp_path / "reports" / "quarter") / "a.json", b"x")
    check_writable(tmp_path / "reports")
    assert (tmp_path / "real" / "quarter" / "a.json").read_bytes() == b"x"


def test_links_in_a_circle_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(SnapshotError, match="cannot write to the folder"):
        make_folder(tmp_path / "a" / "deeper")


@pytest.mark.parametrize("below", [".", "new", "new/deeper", "old"])
def test_it_refuses_to_write_into_a_world_writable_folder_without_the_sticky_bit(tmp_path: Path, below: str) -> None:
    shared = tmp_path / "shared"
    (shared / "old").mkdir(parents=True)
    shared.chmod(0o777)
    for write in (lambda p: write_bytes(p / "a.json", b"x"), make_folder, check_writable):
        with pytest.raises(SnapshotError) as caught:
            write(shared / below)
        assert str(caught.value) == (
            f"cannot write below {shared}: everybody may change what is in it, and it has no sticky bit; "
            f"'chmod o-w {shared}' mends that"
        )
    assert [p.name for p in shared.rglob("*")] == ["old"]
    shared.chmod(0o1777)
    write_bytes(make_folder(shared / below) / "a.json", b"x")


@pytest.mark.parametrize(
    "place", ["evidence", "evidence/000000000007", "evidence/000000000007/credential-report.csv", "audit.xlsx", "x/y"]
)
def test_a_snapshot_with_a_link_in_it_is_not_gone_on_with(tmp_path: Path, place: str) -> None:
    writer = SnapshotWriter.create(tmp_path / "out", "o-test", AS_OF)
    writer.journal.close()
    (tmp_path / "elsewhere").mkdir()
    link = writer.folder / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")  # one's own: who unpacks a snapshot owns what is in it
    with pytest.raises(SnapshotError) as caught:
        SnapshotWriter.resume(writer.folder)
    assert str(caught.value) == f"cannot write to {writer.folder}: {link} in it is a symbolic link"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_journal_is_never_appended_to_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "bashrc").write_text("kept")
    (tmp_path / "journal.jsonl").symlink_to("bashrc")
    with pytest.raises(SnapshotError, match=r"cannot write .*journal\.jsonl: "):
        Journal(tmp_path)
    assert (tmp_path / "bashrc").read_text() == "kept"


def test_temporary_files_stand_beside_their_targets_and_those_of_killed_programs_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".audit.xlsx.abc.part").write_text("of a program that was killed")
    with atomic_path(tmp_path / "a.json") as temporary:
        temporary.write_bytes(b"whole")
        assert temporary.parent == tmp_path
        sweep(tmp_path)  # as another process would, meanwhile
        check_writable(tmp_path)
        assert [p.name for p in tmp_path.iterdir()] == [temporary.name]
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
