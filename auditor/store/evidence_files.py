"""Writing the evidence of a snapshot: many small files, so what is the same for all of them is done once."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from auditor.errors import SnapshotError, clean
from auditor.model import Evidence, EvidenceFile
from auditor.store.files import UNFINISHED, make_folder

EVIDENCE = "evidence"
"""The folder of a snapshot that holds a folder for each owner."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class EvidenceFiles:
    """Writes ``evidence/<owner>/<name>`` of one snapshot.

    Each folder on the way is checked when the first file is written, by the rules of ``auditor.store.files``. From then
    on the folder itself is held, not its name, so no later change of a folder above it leads a file elsewhere.
    """

    def __init__(self, snapshot: Path) -> None:
        self._path = snapshot / EVIDENCE
        self._folder: int | None = None
        self._owners: set[str] = set()

    def store(self, owner: str, evidence: Evidence) -> EvidenceFile:
        """Keep the exact bytes of one piece of evidence. Raises SnapshotError."""
        name = f"{evidence.kind}.{evidence.suffix}"
        self.write(owner, name, evidence.content)
        return EvidenceFile(
            kind=evidence.kind,
            path=f"{EVIDENCE}/{owner}/{name}",
            sha256=hashlib.sha256(evidence.content).hexdigest(),
            size=len(evidence.content),
            request_id=clean(evidence.request_id),
            collected_at=evidence.collected_at,
            generated_at=evidence.generated_at,
        )

    def write(self, owner: str, name: str, content: bytes) -> None:
        """Write a whole file (0600) under its name, on the disk to stay once it is settled. Raises SnapshotError."""
        try:
            self._write(self._opened(), owner, name, content)
        except OSError as error:
            raise SnapshotError(f"cannot write {self._path / owner / name}: {error.strerror or error}") from error

    def close(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
        self._folder = None

    def _opened(self) -> int:
        if self._folder is None:
            self._folder = os.open(make_folder(self._path), _FOLDER)
        return self._folder

    def _write(self, folder: int, owner: str, name: str, content: bytes) -> None:
        self._make_owner(folder, owner)
        target, temporary = f"{owner}/{name}", f"{owner}/.{name}.{os.getpid()}{UNFINISHED}"
        if _is_link(folder, target):
            raise SnapshotError(
                f"cannot write {self._path / target}: it is a symbolic link; remove it, or name the file it leads to"
            )
        try:
            _write_new(folder, temporary, content)
            os.rename(temporary, target, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise

    def _make_owner(self, folder: int, owner: str) -> None:
        if owner in self._owners:
            return
        try:
            os.mkdir(owner, 0o700, dir_fd=folder)
            os.chmod(owner, 0o700, dir_fd=folder)  # whatever the umask
        except FileExistsError:
            if _is_link(folder, owner):
                raise SnapshotError(f"cannot write below {self._path / owner}: it is a symbolic link") from None
        self._owners.add(owner)


def _write_new(folder: int, name: str, content: bytes) -> None:
    descriptor = os.open(name, _NEW, 0o600, dir_fd=folder)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _is_link(folder: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode)
    except FileNotFoundError:
        return False
