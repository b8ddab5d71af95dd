"""Finds the workbook that was sent out, and proves that it is what this program wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel

from auditor.errors import SnapshotError, WorkbookError

_NAME = "audit.xlsx"


class _File(BaseModel):
    sha256: str


class _Summary(BaseModel):
    files: dict[str, _File]


def original_of(folder: Path, named: Path | None) -> tuple[Path, bool]:
    """The workbook in the snapshot's ``folder``, or another one that was ``named``, and whether it is proven.

    That in the folder has to be the one that ``summary.json`` names; of another it is told whether it is named there.
    Raises SnapshotError and WorkbookError.
    """
    files = _files(folder)
    path = named or folder / _NAME
    if named is None and _NAME not in files:
        raise WorkbookError(f"{folder} has no {_NAME}; name the workbook that was sent out with --original")
    sha256 = _sha256(path)
    if named is not None:
        return path, sha256 in {file.sha256 for file in files.values()}
    if sha256 != files[_NAME].sha256:
        raise WorkbookError(
            f"{path} is not the file that its summary.json names, so it proves nothing; "
            "name the workbook that was sent out with --original"
        )
    return path, True


def _files(folder: Path) -> dict[str, _File]:
    path = folder / "summary.json"
    try:
        return _Summary.model_validate_json(path.read_bytes()).files
    except OSError as error:
        raise SnapshotError(f"{folder} has no reports: {path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SnapshotError(f"{path} is damaged: {str(error).splitlines()[0]}") from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WorkbookError(f"{path}: cannot be read: {error.strerror or error}") from error
