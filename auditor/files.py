"""Writing files that are whole or not there: a temporary file beside the target, then a rename."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from auditor.errors import SnapshotError


@contextmanager
def atomic_path(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a private (0600) temporary path that becomes ``target`` when the block ends well, else vanishes.

    ``durable`` waits until the content is on the disk.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise SnapshotError(f"cannot write {target}: {error.strerror}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if durable:
            _flush(temporary)
        temporary.replace(target)
    except OSError as error:
        raise SnapshotError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(target: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``content`` atomically, mode 0600; ``durable=False`` saves the wait for the disk."""
    with atomic_path(target, durable=durable) as temporary:
        temporary.write_bytes(content)


def make_folder(folder: Path) -> Path:
    """Make ``folder`` (0700) and its parents; raise SnapshotError where that cannot be done."""
    try:
        _make(folder)
    except OSError as error:
        raise SnapshotError(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)  # whatever the umask


def remove(path: Path) -> None:
    """Remove a file or a link, where there is one. Raises SnapshotError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SnapshotError(f"cannot remove {path}: {error.strerror}") from error


def keep_only(folder: Path, known: Collection[Path]) -> None:
    """Remove every file below ``folder`` that is not ``known``, and what is then empty; no link is followed."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in [*folder.iterdir()]:
        if path.is_dir() and not path.is_symlink():
            keep_only(path, known)
        elif path not in known:
            remove(path)
    with suppress(OSError):  # it holds something
        folder.rmdir()


def remove_torn(folder: Path, names: Iterable[str]) -> None:
    """Remove what ``atomic_path`` leaves beside ``names`` when its process is killed."""
    for name in names:
        for path in folder.glob(f".{glob.escape(name)}.????????"):
            remove(path)


def check_writable(folder: Path) -> None:
    """Raise SnapshotError now, rather than after an hour of collecting, when nothing can be written to ``folder``."""
    try:
        with tempfile.TemporaryFile(dir=make_folder(folder)):
            pass
    except OSError as error:
        raise SnapshotError(f"cannot write to the folder {folder}: {error.strerror}") from error


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
