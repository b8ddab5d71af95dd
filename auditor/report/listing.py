"""``reports.sha256``: what the last report wrote, so that everything in the folder can be verified."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from auditor.model import FileStamp
from auditor.store.checksums import REPORTS_FILE, checksum_lines, read_checksums, stamp_at
from auditor.store.files import remove, sweep, write_bytes

_SEALED = {"manifest.json", "manifest.sig", "journal.jsonl", "evidence.sha256", "evidence"}
"""Never a report's to remove, whatever an edited list says."""


def name_in(folder: Path, path: Path) -> str:
    """How the list calls a file."""
    return path.relative_to(folder).as_posix()


def remove_leftovers(folder: Path, written: Collection[str]) -> tuple[Path, ...]:
    """Remove what the last report wrote, this one did not, and nobody has touched since; returns what went.

    A file that was edited is kept: it is somebody's work, and 'auditor verify' tells of it.
    """
    for place in sorted({(folder / name).parent for name in (*written, REPORTS_FILE)}):
        sweep(place)
    gone = tuple(_leftovers(folder, written))
    for path in gone:
        remove(path)
    return gone


def write_list(folder: Path, stamps: Mapping[str, FileStamp]) -> Path:
    """Write ``reports.sha256`` about files in ``folder``."""
    path = folder / REPORTS_FILE
    write_bytes(path, checksum_lines({name: stamp.sha256 for name, stamp in stamps.items()}))
    return path


def _leftovers(folder: Path, written: Collection[str]) -> Iterator[Path]:
    for name, sha256 in _listed_checksums(folder).items():
        parts, path = PurePosixPath(name).parts, folder / name
        outside = name.startswith("/") or ".." in parts or not parts or parts[0] in _SEALED
        if outside or name in written or path.is_symlink() or not path.is_file():
            continue
        with suppress(OSError):
            if stamp_at(path).sha256 == sha256:
                yield path


def _listed_checksums(folder: Path) -> Mapping[str, str]:
    try:
        return read_checksums((folder / REPORTS_FILE).read_bytes()).sha256
    except OSError:
        return {}
