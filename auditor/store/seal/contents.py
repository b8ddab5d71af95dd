"""The files of a snapshot, wherever they lie: in a folder, or in a bundle that is not unpacked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from auditor.errors import SnapshotError
from auditor.model import FileStamp
from auditor.store.checksums import stamp_of

LARGEST = 512 << 20
"""Bytes of a file that is read as a whole: no manifest of 20,000 accounts comes near."""


class DamagedError(Exception):
    """A file cannot be read to its end; the text says why."""


class Contents(Protocol):
    """What is there, read only. ``where`` is for people, ``name`` what the snapshot's own name should be."""

    @property
    def where(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def files(self) -> Mapping[str, int]:
        """The size in bytes of every plain file by its name relative to the snapshot."""

    @property
    def oddities(self) -> Mapping[str, str]:
        """What is no plain file, and what it is instead."""

    def opened(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A context with one of ``files`` to be read. Raises DamagedError, also while it is read."""


def stamp(contents: Contents, name: str) -> FileStamp:
    """Hash and size of one file. Raises DamagedError."""
    with contents.opened(name) as file:
        return stamp_of(file)


def read(contents: Contents, name: str) -> bytes:
    """All of one file. Raises DamagedError, also for one that is too large."""
    if contents.files[name] > LARGEST:
        raise DamagedError(f"it has {contents.files[name]:,} bytes, which is more than such a file can need")
    with contents.opened(name) as file:
        return file.read(LARGEST + 1)


class FolderContents:
    """A snapshot's folder; links are not followed, and nothing but plain files is opened."""

    def __init__(self, folder: Path) -> None:
        """Raises SnapshotError when the folder cannot be listed."""
        self.where, self.files, self.oddities = folder, dict[str, int](), dict[str, str]()
        self.name = folder.resolve().name
        try:
            for entry in _walk(folder):
                self._take(entry)
        except OSError as error:
            raise SnapshotError(f"{error.filename or folder} cannot be read: {error.strerror}") from error

    def _take(self, entry: os.DirEntry[str]) -> None:
        name = Path(entry.path).relative_to(self.where).as_posix()
        if entry.is_symlink():
            self.oddities[name] = "a symbolic link"
        elif entry.is_dir(follow_symlinks=False):
            self.oddities[name] = "an empty folder"
        elif entry.is_file(follow_symlinks=False):
            self.files[name] = entry.stat(follow_symlinks=False).st_size
        else:
            self.oddities[name] = "neither a file nor a folder"

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with open(os.open(self.where / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise DamagedError("it was replaced while it was looked at")
                yield file
        except OSError as error:
            raise DamagedError(f"it cannot be read: {error.strerror}") from error


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below ``folder``; of folders only those that are empty."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            inside = list(_walk(Path(entry.path))) if entry.is_dir(follow_symlinks=False) else []
            yield from inside or (entry,)
