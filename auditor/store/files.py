"""Writing files that are whole, private and where they seem to be: a temporary file beside the target, then a rename.

Where may be written is decided here for everything that is written:

* The target is no symbolic link. Whoever put it there meant another file to be replaced.
* On the way to it, a link is followed only if it belongs to this user or to root. A link of one's own (``reports`` on
  another disk, ``latest``) is an ordinary way to name a folder; somebody else's leads where somebody else wants it.
* A snapshot holds no links at all, its owner's neither (``refuse_links``): a snapshot is handed on, and whoever unpacks
  one becomes the owner of what somebody else has put into it.
* No folder on the way is one that everybody may write to, unless its sticky bit keeps them from what is not theirs.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from auditor.errors import SnapshotError

UNFINISHED = ".part"
"""The end of the name of a file that is still being written."""
_MOST_LINKS = 40  # on one way, as in the kernel
# There is no such folder, or a file system that does not write names by itself (some of a network).
_NO_NAMES_TO_FLUSH = (errno.ENOENT, errno.ENOTDIR, errno.EINVAL, errno.ENOTSUP)


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a private (0600) temporary path that becomes ``target`` when the block ends well, else vanishes.

    Waits until the content is on the disk. Raises SnapshotError.
    """
    check_place(target.parent)
    if target.is_symlink():
        raise SnapshotError(f"cannot write {target}: it is a symbolic link; remove it, or name the file it leads to")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=UNFINISHED, dir=target.parent)
    except OSError as error:
        raise SnapshotError(f"cannot write {target}: {error.strerror}") from error
    temporary = Path(name)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # tells ``sweep`` that somebody still writes
        yield temporary
        flush(temporary)
        temporary.replace(target)
    except OSError as error:
        raise SnapshotError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """A private (0700) folder in ``parent`` that is there for the block; that of a killed program is removed.

    Raises SnapshotError where it cannot be made.
    """
    sweep(make_folder(parent))
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=UNFINISHED, dir=parent))
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # tells ``sweep`` that it is in use
    except OSError as error:
        raise SnapshotError(f"cannot write to the folder {parent}: {error.strerror}") from error
    try:
        yield folder
    finally:
        _remove_scratch(folder)
        os.close(descriptor)


def _remove_scratch(folder: Path) -> None:
    """Renamed first: what another machine still writes there finds no folder, instead of keeping it from going."""
    gone = folder.with_name(f".{folder.name}")
    with suppress(OSError):
        folder.rename(gone)
    for place in (gone, folder):
        shutil.rmtree(place, ignore_errors=True)


def write_bytes(target: Path, content: bytes) -> None:
    """Write ``content`` atomically, mode 0600."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def make_folder(folder: Path) -> Path:
    """Make ``folder`` (0700) and its parents; raise SnapshotError where that cannot or must not be done."""
    check_place(folder)
    try:
        _make(folder)
    except OSError as error:
        raise SnapshotError(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
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


def private(path: str, flags: int) -> int:
    """An ``opener`` for ``open``: a file that is made is 0600 whatever the umask, a link is not followed."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def check_writable(folder: Path) -> None:
    """Raise SnapshotError now, rather than after an hour of collecting, when nothing can be written to ``folder``.

    What a killed program has left unfinished in it is removed.
    """
    try:
        with tempfile.TemporaryFile(dir=make_folder(folder)):
            pass
    except OSError as error:
        raise SnapshotError(f"cannot write to the folder {folder}: {error.strerror}") from error
    sweep(folder)


def check_place(folder: Path) -> None:
    """Raise SnapshotError where somebody else decides what becomes of a file in ``folder``; see the rules above."""
    try:
        for step in _steps(folder):
            _refuse_unsafe(step, os.lstat(step))
    except (FileNotFoundError, NotADirectoryError):  # the rest is made below what was looked at, or cannot be
        return
    except OSError as error:
        raise SnapshotError(f"cannot write to the folder {folder}: {error.strerror}") from error


def refuse_links(snapshot: Path) -> None:
    """Raise SnapshotError if there is a symbolic link anywhere in a snapshot's folder."""
    for parent, folders, files in os.walk(snapshot):
        folders.sort()
        for name in sorted((*folders, *files)):
            if os.path.islink(os.path.join(parent, name)):  # noqa: PTH114, PTH118 -- a Path each would cost seconds
                raise SnapshotError(f"cannot write to {snapshot}: {Path(parent, name)} in it is a symbolic link")


def sweep(folder: Path) -> None:
    """Remove the temporary files in ``folder`` that nobody writes any more: their programs were killed."""
    for path in folder.glob(f".*{UNFINISHED}"):
        with suppress(OSError):
            _remove_unless_locked(path)


def _remove_unless_locked(path: Path) -> None:
    is_folder = path.is_dir() and not path.is_symlink()
    descriptor = os.open(path, (os.O_RDONLY if is_folder else os.O_RDWR) | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path) if is_folder else path.unlink()
    finally:
        os.close(descriptor)


def _steps(folder: Path) -> Iterator[str]:
    """Everything that is passed on the way to ``folder``, links and what they lead to included, as the kernel does."""
    at, links = "/", 0
    ahead = [*reversed((Path.cwd() / folder).parts[1:])]
    while ahead:
        name = ahead.pop()
        if name == "..":
            at = at.rpartition("/")[0] or "/"
            continue
        step = f"{at.rstrip('/')}/{name}"
        yield step
        if stat.S_ISLNK(os.lstat(step).st_mode):
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            leads = Path(step).readlink()
            at = "/" if leads.is_absolute() else at
            ahead += reversed([part for part in leads.parts if part != "/"])
        else:
            at = step


def _refuse_unsafe(step: str, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        if found.st_uid not in (0, os.geteuid()):
            raise SnapshotError(
                f"cannot write below {step}: it is a symbolic link of another user (id {found.st_uid}); "
                "only your own and those of root are followed"
            )
    elif stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise SnapshotError(
            f"cannot write below {step}: everybody may change what is in it, and it has no sticky bit; "
            f"'chmod o-w {step}' mends that"
        )


def flush(path: Path) -> None:
    """Wait until the content of a file is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where there is one. Raises SnapshotError."""
    try:
        flush(folder.resolve())
    except OSError as error:
        if error.errno not in _NO_NAMES_TO_FLUSH:
            raise SnapshotError(f"cannot write to the folder {folder}: {error.strerror}") from error
