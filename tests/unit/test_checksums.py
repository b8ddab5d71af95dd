"""Checksum files: written one way, read however damaged, and understood by sha256sum."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.store.checksums import checksum_lines, read_checksums

DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
names = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=20)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(st.dictionaries(names, digests, min_size=1, max_size=8))
def test_what_is_written_is_read(sums: dict[str, str]) -> None:
    found = read_checksums(checksum_lines(sums))
    assert (found.sha256, found.problems) == (sums, ())


@given(st.dictionaries(names, digests, min_size=1, max_size=5), st.data())
def test_every_flipped_bit_is_seen(sums: dict[str, str], data: st.DataObject) -> None:
    """In what it says, or as a problem of its own."""
    whole = bytearray(checksum_lines(sums))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = read_checksums(bytes(whole))
    assert found.sha256 != sums or found.problems


@given(st.binary(max_size=200))
def test_bytes_of_other_hands_are_never_a_crash(content: bytes) -> None:
    found = read_checksums(content)
    assert found.problems or checksum_lines(found.sha256) == content


@pytest.mark.parametrize(
    "content",
    [
        f"{DIGEST}  b\n{DIGEST}  a\n",
        f"{DIGEST}  a\n{DIGEST}  a\n",
        f"{DIGEST.upper()}  a\n",
        f"{DIGEST} *a\n",
        f"{DIGEST}  a",
        f"{DIGEST}  a\r\n",
        f"{DIGEST}  a\n\n",
        f"# note\n{DIGEST}  a\n",
        f"\\{DIGEST}  a\n",
        "",
    ],
)
def test_any_other_spelling_is_a_problem(content: str) -> None:
    assert read_checksums(content.encode()).problems


def test_sha256sum_reads_every_name(tmp_path: Path) -> None:
    texts = ("plain", "with space", "back\\slash", "new\nline", "carriage\rreturn", "ünï", "-dash", "*star")
    for name in texts:
        (tmp_path / name).write_text(name)
    lines = checksum_lines({name: hashlib.sha256(name.encode()).hexdigest() for name in texts})
    (tmp_path / "sums").write_bytes(lines)
    command = ["sha256sum", "--check", "--strict", "sums"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("OK")) == (0, len(texts)), done.stdout + done.stderr
