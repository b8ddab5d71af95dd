"""Keys of pseudonyms: what is one, and one sentence for what is none."""

from __future__ import annotations

import base64
import random
import subprocess
from pathlib import Path

import pytest

from auditor.errors import ConfigurationError
from auditor.report.redaction import fingerprint, read_key
from auditor.report.redaction.key import is_open_to_others

KEY = bytes(range(100, 132))

# The same in every process: tests are told apart by it.
RANDOM = random.Random(1).randbytes(5000)


def stored(folder: Path, content: bytes) -> Path:
    file = folder / "key"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "content",
    [
        KEY.hex().encode(),
        KEY.hex().upper().encode() + b"\n",
        base64.b64encode(KEY) + b"\n",
        KEY,
    ],
    ids=["hex", "upper hex", "base64", "raw"],
)
def test_a_key_is_hexadecimal_base64_or_raw(tmp_path: Path, content: bytes) -> None:
    assert read_key(stored(tmp_path, content)) == KEY


def test_what_openssl_makes_is_a_key(tmp_path: Path) -> None:
    made = subprocess.run(["openssl", "rand", "-hex", "32"], capture_output=True, check=True).stdout
    assert read_key(stored(tmp_path, made)) == bytes.fromhex(made.decode())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "at least 32 bytes, this one 0"),
        (b"\n", "at least 32 bytes, this one 0"),
        (KEY[:31].hex().encode(), "at least 32 bytes, this one 31"),
        (RANDOM[:31], "at least 32 bytes, this one 31"),
        (b"correct horse battery staple is no key at all!", "random bytes"),
        (b"a" * 64, "not random"),
        (b"\xff" * 40, "not random"),
        (RANDOM, "more than 4,096"),
    ],
)
def test_anything_else_is_none(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        read_key(stored(tmp_path, content))
    assert str(caught.value).startswith(f"{tmp_path / 'key'}: ")
    assert str(caught.value).endswith("create one: openssl rand -hex 32 > FILE")


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="the key cannot be read"):
        read_key(tmp_path / name)


def test_a_key_that_others_can_read_is_noticed(tmp_path: Path) -> None:
    file = stored(tmp_path, KEY)
    for mode, is_open in ((0o600, False), (0o640, True), (0o604, True), (0o400, False)):
        file.chmod(mode)
        assert is_open_to_others(file) is is_open


def test_a_fingerprint_tells_keys_apart_and_not_what_they_are() -> None:
    assert fingerprint(KEY) == fingerprint(bytes(KEY))
    assert fingerprint(KEY) != fingerprint(KEY[::-1])
    assert len(fingerprint(KEY)) == 16
