"""One zip with everything, verified with and without this program; what only looks like one is refused."""

from __future__ import annotations

import random
import shlex
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import AuditorError, DifferenceError, SnapshotError
from auditor.judge.assessing import assess
from auditor.report import write_reports
from auditor.store.seal import FileSigner, PublicKey, ZipContents, sign_snapshot, verify, write_bundle
from auditor.store.seal import zipped as limits
from tests.boxed import Completed
from tests.fork_server import run_command
from tests.sealing import copied, files_of, key_pair, state
from tests.support import ACCOUNT, OTHER, catalog, report, root, stored, unreachable, user

FLIPS = 300


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def snapshot(keys: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signed and reported."""
    reports = {ACCOUNT: report([root()]), OTHER: report([root(OTHER), user("ann", OTHER)])}
    made = stored(tmp_path_factory.mktemp("out"), reports, unreachable("444455556666"))
    sign_snapshot(made, FileSigner.read(keys[0], lambda _: None))
    write_reports(assess(made, catalog=catalog()), made.folder, ["csv", "json"])
    return made.folder


@pytest.fixture(scope="module")
def bundle(snapshot: Path, keys: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    return write_bundle(snapshot, target, PublicKey.read(keys[1]))[0]


def auditor(*arguments: str | Path) -> Completed:
    return run_command(arguments)


def bash(line: str, folder: Path) -> Completed:
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_identical_input_gives_identical_bytes(
    snapshot: Path, bundle: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    copy = copied(snapshot, tmp_path)
    for path in files_of(copy):
        path.touch()
        path.chmod(0o644)
    again, _ = write_bundle(copy, tmp_path / "again.zip", PublicKey.read(keys[1]))
    assert again.read_bytes() == bundle.read_bytes()
    assert again.stat().st_mode & 0o777 == 0o600


def test_it_holds_the_whole_snapshot_and_how_to_verify_it(snapshot: Path, bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        for path in files_of(snapshot):
            name = f"{snapshot.name}/{path.relative_to(snapshot).as_posix()}"
            assert archive.read(name) == path.read_bytes()
    added = {"README.txt", "bundle.sha256", "public-key.pem"}
    assert names == sorted(
        f"{snapshot.name}/{name}"
        for name in {*added, *(p.relative_to(snapshot).as_posix() for p in files_of(snapshot))}
    )


def test_an_auditor_verifies_it_with_sha256sum_and_openssl_as_the_readme_says(bundle: Path, tmp_path: Path) -> None:
    """The commands are taken from the page and really run."""
    shutil.unpack_archive(bundle, tmp_path)
    (folder,) = tmp_path.iterdir()
    text = (folder / "README.txt").read_text()
    place = f"{shlex.quote(str(tmp_path))}/"
    lines = [line[4:].replace("/tmp/", place) for line in text.splitlines() if line.startswith("    ")]
    assert len(lines) == 7
    done = [bash(line, folder) for line in lines]
    assert [d.returncode for d in done] == [0] * 7, [d.stderr for d in done]
    assert all(d.stdout.count(": OK") for d in done[:3])
    assert f"must print the root hash {done[3].stdout.split()[0]}" in text
    assert f"must print {done[4].stdout.split()[0]}" in text
    assert "Signature Verified Successfully" in done[6].stdout
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"false", b"true ", 1))
    assert bash(lines[1], folder).returncode != 0
    assert bash(lines[6], folder).returncode != 0


def test_verify_takes_the_zip_and_what_it_unpacks_to(bundle: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.unpack_archive(bundle, tmp_path)
    (folder,) = tmp_path.iterdir()
    before = state(tmp_path), bundle.read_bytes()
    for place in (bundle, folder):
        result = auditor("verify", place, "--public-key", keys[1])
        assert result.returncode == 0, result.stdout + result.stderr
        assert "the signature is good" in result.stdout
    assert (state(tmp_path), bundle.read_bytes()) == before, "nothing was unpacked or written"
    for name in ("README.txt", "public-key.pem"):
        (folder / name).write_text("x")
        assert auditor("verify", folder).returncode == 7
        shutil.rmtree(folder)
        shutil.unpack_archive(bundle, tmp_path)
    again, _ = write_bundle(folder, tmp_path / "again.zip", PublicKey.read(keys[1]))
    assert again.read_bytes() == bundle.read_bytes()


def test_a_snapshot_with_a_difference_is_not_bundled(snapshot: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    copy = copied(snapshot, tmp_path)
    (copy / "findings.csv").write_text("nothing failed\n")
    for more in ((), ("--public-key", keys[1])):
        result = auditor("bundle", copy, *more)
        assert result.returncode == 7
        assert "cannot be bundled, it was changed after it was sealed: findings.csv" in result.stderr
    assert {p.name for p in tmp_path.iterdir()} == {copy.name}
    _, stranger = key_pair(tmp_path, name="stranger")
    result = auditor("bundle", snapshot, "--to", tmp_path / "x.zip", "--public-key", stranger)
    assert result.returncode == 7
    assert not (tmp_path / "x.zip").exists()


def test_the_place_of_a_bundle(snapshot: Path, tmp_path: Path) -> None:
    copy = copied(snapshot, tmp_path)
    result = auditor("bundle", copy)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == str(tmp_path / f"{snapshot.name}.zip")
    assert "give --public-key" in result.stderr
    for place, said in ((copy / "bundle.zip", "lies in the snapshot"), (tmp_path, "is a folder")):
        refused = auditor("bundle", copy, "--to", place)
        assert refused.returncode == 2
        assert said in refused.stderr
    assert auditor("verify", copy).returncode == 0


def test_an_unsigned_bundle_says_so(tmp_path: Path) -> None:
    made = stored(tmp_path / "out", {ACCOUNT: report([root()])})
    path, found = write_bundle(made.folder, tmp_path / "b.zip")
    assert found.signature == "not signed"
    with zipfile.ZipFile(path) as archive:
        text = archive.read(f"{made.folder.name}/README.txt").decode()
    assert "This snapshot is not signed" in text
    assert "reports.sha256\n" not in text
    assert "openssl" not in text


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_flipped_bit_of_a_bundle_is_found_or_changes_nothing_that_is_in_it(bundle: Path, tmp_path: Path) -> None:
    """Times and permissions in its headers are the only bits that do not matter."""
    whole, sound, chance = bundle.read_bytes(), contents(bundle), random.Random(7)
    damaged, unseen = tmp_path / "damaged.zip", 0
    for _ in range(FLIPS):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(flipped)
        try:
            with ZipContents(damaged) as found:
                unchanged = verify(found).unchanged
        except (SnapshotError, DifferenceError):
            continue
        if unchanged:
            unseen += 1
            assert contents(damaged) == sound
    assert unseen < FLIPS / 10


Change = Callable[[zipfile.ZipInfo], None]


def forged(target: Path, *entries: tuple[str, bytes], change: Change | None = None) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(info)
            archive.writestr(info, content)
    return target


def renamed(target: Path, old: bytes, new: bytes) -> Path:
    assert len(old) == len(new)
    target.write_bytes(target.read_bytes().replace(old, new))
    return target


def link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


@pytest.mark.parametrize(
    "name",
    [
        *("../evil", "o-x/../../evil", "/etc/evil", "o-x//evil", "o-x/./evil", "..", "C:/evil", "C:evil"),
        *("o-x/a\nb", "o-x/\x1b[31m", "\\\\server\\evil"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    result = auditor("verify", forged(tmp_path / "b.zip", (name, b"x")))
    assert result.returncode == 2
    assert "is refused" in result.stderr
    assert "\x1b" not in result.stderr


def test_backslashes_links_twins_and_locked_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    cases = {
        "points outside": renamed(forged(path, ("o-x/..+evil", b"x")), b"..+evil", b"..\\evil"),
        "a link": forged(tmp_path / "1.zip", ("o-x/a", b"/etc/passwd"), change=link),
        "two entries have this name": renamed(
            forged(tmp_path / "2.zip", ("o-x/a", b"1"), ("o-x/b", b"2")), b"o-x/b", b"o-x/a"
        ),
        "encrypted": locked(forged(tmp_path / "3.zip", ("o-x/a", b"1"))),
        "compression method is unknown": forged(
            tmp_path / "4.zip", ("o-x/a", b"1"), change=lambda i: setattr(i, "compress_type", 12)
        ),
    }
    for said, place in cases.items():
        with pytest.raises(SnapshotError, match=said):
            ZipContents(place)
    with pytest.raises(SnapshotError, match="two entries have this name"):
        ZipContents(forged(tmp_path / "5.zip", ("o-x/a", b"1"), ("o-x/A", b"2")))


def locked(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\1\2")
    content[start + 8] |= 1
    path.write_bytes(content)
    return path


def test_zip_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = forged(tmp_path / "bomb.zip", *((f"o-x/{n}", bytes(10 << 20)) for n in range(8)))
    with pytest.raises(SnapshotError, match="would unpack to 83,886,080"):
        ZipContents(bomb)
    monkeypatch.setattr(limits, "LARGEST_TOTAL", 1 << 20)
    with pytest.raises(SnapshotError, match="would unpack to"):
        ZipContents(forged(tmp_path / "large.zip", ("o-x/a", random.Random(1).randbytes(2 << 20))))
    monkeypatch.setattr(limits, "MOST_ENTRIES", 3)
    with pytest.raises(SnapshotError, match="4 entries are more than a bundle can have"):
        ZipContents(forged(tmp_path / "many.zip", *((f"o-x/{n}", b"") for n in range(4))))


def test_an_entry_that_lies_about_its_size_gives_no_more_than_that(tmp_path: Path) -> None:
    path = forged(tmp_path / "b.zip", ("o-x/manifest.json", bytes(1 << 20)))
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", 1 << 20), struct.pack("<L", 10)))
    with ZipContents(path) as found:
        assert found.files == {"manifest.json": 10}
        assert not verify(found).unchanged


def test_something_around_a_zip_is_refused(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    for place, content in {"before": b"x" + whole, "after": whole + b"x", "cut": whole[:-9], "none": b""}.items():
        (tmp_path / place).write_bytes(content)
        with pytest.raises(DifferenceError, match="is not a bundle, or is damaged"):
            ZipContents(tmp_path / place)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_a_zip_holds_is_told_and_never_a_crash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.zip"
    names = st.sampled_from(["manifest.json", "evidence.sha256", "reports.sha256", "summary.json", "manifest.sig", "x"])
    raw = st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b"[" * 9000, b'{"files": 3}', b"null"]))
    made = forged(path, *data.draw(st.dictionaries(names.map("o-x/{}".format), raw, max_size=6)).items())
    content = bytearray(made.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    made.write_bytes(content)
    try:
        with ZipContents(made) as found:
            assert not verify(found).unchanged
    except AuditorError as error:
        told = str(error)
        assert str(path) in told


def test_a_zip_made_by_hand_of_a_whole_snapshot_is_fine(snapshot: Path, tmp_path: Path) -> None:
    made = shutil.make_archive(str(tmp_path / "byhand"), "zip", snapshot.parent, snapshot.name)
    with ZipContents(Path(made)) as found:
        assert verify(found).unchanged
