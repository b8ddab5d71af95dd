"""Checksum files that ``sha256sum -c`` reads, and hashes of files."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from auditor.model import FileStamp
from auditor.store.files import flush_names

EVIDENCE_FILE = "evidence.sha256"
"""Lists manifest.json, journal.jsonl, all evidence and, where there is one, manifest.sig."""
REPORTS_FILE = "reports.sha256"
"""Lists what the last report wrote."""

_BLOCK = 1 << 20
_FLUSHES = 16
"""Files that are waited for at the same time: the disk then takes many in one go."""
_LINE = re.compile(r"(\\?)([0-9a-f]{64})  (.+)", re.DOTALL)
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ESCAPED = {escape: character for character, escape in _ESCAPES.items()}


@dataclass(frozen=True)
class Checksums:
    """What a checksum file says: ``sha256`` by name, and what is wrong with the file itself, one sentence each."""

    sha256: Mapping[str, str]
    problems: tuple[str, ...] = field(default=())


def stamp_of(file: IO[bytes], most: int | None = None) -> FileStamp:
    """Hash and size of what is still to be read of ``file``, or of ``most`` bytes of it, without holding it."""
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK if most is None else min(_BLOCK, most - size)):
        digest.update(block)
        size += len(block)
    return FileStamp(digest.hexdigest(), size)


def stamp_at(path: Path) -> FileStamp:
    """Hash and size of the file at ``path``."""
    with path.open("rb") as file:
        return stamp_of(file)


def settle(folder: Path, stamps: Mapping[str, FileStamp]) -> set[str]:
    """Wait until files are on the disk to stay, and look at each; the names of those that are not as ``stamps`` says.

    8,000 files take about a second this way, and half a minute one file after another.
    """

    def unsettled(names: Sequence[str]) -> list[str]:
        return [name for name in names if not _is_settled(f"{folder}/{name}", stamps[name])]

    def flush_folders(folders: Sequence[str]) -> None:
        for name in folders:
            flush_names(folder / name)

    with ThreadPoolExecutor(_FLUSHES) as pool:
        lost = {name for names in pool.map(unsettled, _shares(list(stamps))) for name in names}
        list(pool.map(flush_folders, _shares(sorted({name.rpartition("/")[0] for name in stamps}))))
    return lost


def _shares(names: Sequence[str]) -> list[Sequence[str]]:
    """One for each thread: a task for each file would cost more than the file."""
    return [names[first::_FLUSHES] for first in range(_FLUSHES)]


def _is_settled(path: str, stamp: FileStamp) -> bool:
    """Whether the file is on the disk to stay, and what was written. No link is followed."""
    try:
        with open(path, "rb", buffering=0, opener=_no_link) as file:
            os.fsync(file.fileno())
            return stamp_of(file) == stamp
    except OSError:
        return False


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def checksum_lines(sha256: Mapping[str, str]) -> bytes:
    """The one way to write such a file: a line for each name, in the order of their bytes.

    Names are relative to the file's folder; a line break in one is written as GNU coreutils does.
    """
    lines = {_bytes(name): _line(name, digest) for name, digest in sha256.items()}
    return b"".join(lines[name] for name in sorted(lines))


def read_checksums(content: bytes) -> Checksums:
    """What a file says, however damaged; anything but ``checksum_lines`` of the same is a problem."""
    found: dict[str, str] = {}
    problems = []
    for number, line in enumerate(_text(content).removesuffix("\n").split("\n"), start=1):
        match = _LINE.fullmatch(line)
        if not match:
            problems.append(f"line {number} is not a sha256 and a name")
            continue
        name = _unescaped(match[3]) if match[1] else match[3]
        if name in found:
            problems.append(f"line {number} names {name} a second time")
        found.setdefault(name, match[2])
    if not problems and checksum_lines(found) != content:
        problems.append("it does not have the form that this program writes: order, spelling or line ends differ")
    return Checksums(found, tuple(problems))


def _line(name: str, digest: str) -> bytes:
    escaped = "".join(_ESCAPES.get(character, character) for character in name)
    return _bytes(f"{chr(92) if escaped != name else ''}{digest}  {escaped}\n")


def _unescaped(text: str) -> str:
    return re.sub(r"\\[\\nr]", lambda match: _ESCAPED[match[0]], text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
