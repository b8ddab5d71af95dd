"""A bundle looked at as it lies, without unpacking it; what no bundle of this program can be is refused."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from auditor.errors import DifferenceError, SnapshotError
from auditor.store.seal.contents import DamagedError
from auditor.store.snapshot import MANIFEST

MOST_ENTRIES = 500_000
LARGEST_DIRECTORY = 256 << 20  # bytes of the list of entries, which is held in memory
LARGEST_TOTAL = 64 << 30  # bytes; what is in it is hashed, and never held
LARGEST_RATIO = 200  # deflate can do 1,032; evidence and reports reach 40
_SMALL = 64 << 20  # bytes below which no ratio matters
_END, _END64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
_LOCATOR = 20  # bytes between the two where there are both
_FULL = 0xFFFF  # says that the numbers stand in the longer record
_TORN = (
    *(BadZipFile, LargeZipFile, EOFError, OSError, NotImplementedError, RuntimeError),
    *(struct.error, ValueError, IndexError, zlib.error),
)


class ZipContents:
    """The files of a zip; use it as a context. ``name`` is that of the folder they all are in."""

    def __init__(self, path: Path) -> None:
        """Raises SnapshotError for what is refused, DifferenceError for a zip that is torn."""
        self.where = path
        self.oddities: Mapping[str, str] = {}
        self._zip = _open(path)
        try:
            entries = _checked(path, self._zip.infolist())
        except SnapshotError:
            self._zip.close()
            raise
        folder = _common_folder(entries)
        self.name = folder or path.stem
        self._entries = {name[len(folder) + 1 if folder else 0 :]: entry for name, entry in entries.items()}
        self.files = {name: entry.file_size for name, entry in self._entries.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zip.close()

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """Never gives more than the size that the entry declares, and fails where its CRC differs."""
        try:
            with self._zip.open(self._entries[name]) as file:
                yield file
        except _TORN as error:
            raise DamagedError(f"it cannot be unpacked: {error}") from error


def _open(path: Path) -> ZipFile:
    try:
        with path.open("rb") as file:
            _refuse_long_list(path, file)
        return ZipFile(path)
    except _TORN as error:
        if isinstance(error, OSError) and error.strerror:
            raise SnapshotError(f"{path} cannot be read: {error.strerror}") from error
        raise DifferenceError(f"{path} is not a bundle, or is damaged: {error}") from error


def _refuse_long_list(path: Path, file: IO[bytes]) -> None:
    """Look at the end of the file only: zipfile reads the whole list of entries before anything can be asked of it."""
    end = file.seek(0, 2) - _END.size
    _, _, _, _, count, size, offset, comment = _record(file, end, _END, b"PK\5\6")
    if count == _FULL or offset == 0xFFFFFFFF:
        end -= _LOCATOR + _END64.size
        _, _, _, _, _, _, _, count, size, offset = _record(file, end, _END64, b"PK\6\6")
    if comment or offset + size != end:
        raise BadZipFile("there is data before, after or between its entries")
    if count > MOST_ENTRIES or size > LARGEST_DIRECTORY:
        raise SnapshotError(f"{path} is refused: {count:,} entries are more than a bundle can have")


def _record(file: IO[bytes], at: int, form: struct.Struct, sign: bytes) -> tuple[int, ...]:
    file.seek(max(at, 0))
    found = form.unpack(file.read(form.size))
    if found[0] != sign:
        raise BadZipFile("it does not end like a zip file")
    return found


def _checked(path: Path, entries: Iterable[ZipInfo]) -> dict[str, ZipInfo]:
    """The entries by name, folders left out. Raises SnapshotError for what no bundle has."""
    found: dict[str, ZipInfo] = {}
    seen: set[str] = set()
    unpacked = packed = 0
    for entry in entries:
        why = _why_refused(entry) or ("two entries have this name" if entry.filename.casefold() in seen else "")
        if why:
            raise SnapshotError(f"{path} is refused: {entry.filename!r}: {why}")
        seen.add(entry.filename.casefold())
        unpacked, packed = unpacked + entry.file_size, packed + entry.compress_size
        if not entry.is_dir():
            found[entry.filename] = entry
    if unpacked > LARGEST_TOTAL or (unpacked > _SMALL and unpacked > LARGEST_RATIO * packed):
        raise SnapshotError(f"{path} is refused: {packed:,} bytes would unpack to {unpacked:,}")
    return found


def _why_refused(entry: ZipInfo) -> str:
    name, mode = entry.filename, entry.external_attr >> 16
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
        return "the name points outside the bundle"
    if "\0" in entry.orig_filename or any(ord(character) < 32 for character in name):
        return "the name has control characters"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a link or a device"
    if entry.is_dir() and entry.file_size:
        return "a folder cannot have content"
    if entry.flag_bits & 0x41:
        return "it is encrypted"
    return "" if entry.compress_type in (ZIP_STORED, ZIP_DEFLATED) else "its compression method is unknown"


def _common_folder(names: Iterable[str]) -> str:
    """The one folder that everything is in, empty where the manifest lies at the top."""
    tops = {name.partition("/")[0] for name in names}
    return "" if MANIFEST in tops or len(tops) != 1 else tops.pop()
