"""The journal of a snapshot that is being collected: what is known to be whole when a run was cut off."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from auditor.errors import SnapshotError, clean
from auditor.model import AccountRecord, Caller, Organization, OrganizationRecord
from auditor.store.files import private

NAME = "journal.jsonl"


@dataclass(frozen=True)
class Attempt:
    """One run into a snapshot: the first, or one that resumes it. Times are UTC."""

    number: int
    tool_version: str
    organization: Organization
    caller: Caller
    as_of: AwareDatetime
    started_at: AwareDatetime
    settings: Mapping[str, Any] = field(default_factory=dict)


_ATTEMPT: TypeAdapter[Attempt] = TypeAdapter(Attempt)
_RECORD: TypeAdapter[AccountRecord] = TypeAdapter(AccountRecord)
_COMMON: TypeAdapter[OrganizationRecord] = TypeAdapter(OrganizationRecord)


def read_attempts(folder: Path) -> list[Attempt]:
    """The attempts that a journal tells of, without holding it; none where there is no journal."""
    try:
        *lines, _torn = (folder / NAME).read_bytes().split(b"\n")
    except OSError:
        return []
    begun = [line for line in lines if line.startswith(b'{"attempt": {')]
    try:
        return [_ATTEMPT.validate_python(json.loads(line)["attempt"]) for line in begun]
    except (ValueError, RecursionError) as error:
        problem = first_problem(error) if isinstance(error, ValidationError) else str(error)
        raise SnapshotError(f"{folder / NAME} was not written by this program: {problem}") from error


def first_problem(error: ValidationError) -> str:
    """``accounts.0.account.id: String should match pattern ...``"""
    detail = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}".removeprefix(": ")


class Journal:
    """Lines of JSON, an attempt or an account's outcome each, passed to the operating system as they are written.

    After a power cut the disk may lack the last lines, or files that a line names: whoever resumes compares the files
    with the hashes in their lines.

    Only one process at a time may hold it. ``attempts``, ``records`` (the last of each account) and ``organization``
    (the last record of the organization as a whole) are what was there.
    """

    def __init__(self, folder: Path) -> None:
        """Open, lock and read; a line that was torn off is thrown away. Raises SnapshotError."""
        self.attempts: list[Attempt] = []
        self.records: dict[str, AccountRecord] = {}
        self.organization: OrganizationRecord | None = None
        try:
            self._file: BinaryIO = open(folder / NAME, "a+b", opener=private)  # noqa: SIM115 -- Path has none
        except OSError as error:
            raise SnapshotError(f"cannot write {folder / NAME}: {error.strerror}") from error
        self._lock(folder)
        self._read(folder)

    def begin(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self._append({"attempt": _ATTEMPT.dump_python(attempt, mode="json")})
        self.flush()

    def record(self, record: AccountRecord) -> None:
        self._append(_RECORD.dump_python(record, mode="json"))

    def record_organization(self, record: OrganizationRecord) -> None:
        self._append({"organization": _COMMON.dump_python(record, mode="json")})

    def flush(self) -> None:
        """Wait until all lines are on the disk. Raises SnapshotError."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise SnapshotError(f"cannot write the journal: {error.strerror}") from error

    def close(self) -> None:
        with suppress(OSError):  # what a full disk did not take was told when it was written
            self._file.close()

    def _lock(self, folder: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise SnapshotError(f"another run is writing to {folder}; wait for it, or stop it") from None

    def _read(self, folder: Path) -> None:
        try:
            self._file.truncate(self._read_lines())
        except ValidationError as error:
            self._file.close()
            raise SnapshotError(f"{folder / NAME} was not written by this program: {first_problem(error)}") from error

    def _read_lines(self) -> int:
        """The length in bytes of what is whole."""
        whole = 0
        for length, line in self._lines():
            if "attempt" in line and "outcome" not in line:
                self.attempts.append(_ATTEMPT.validate_python(line["attempt"]))
            elif "organization" in line:
                self.organization = _COMMON.validate_json(json.dumps(line["organization"]))
            else:
                record = _RECORD.validate_json(json.dumps(line))
                self.records[record.account.id] = record
            whole += length
        return whole

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every whole line with its length in bytes, up to the first that is torn."""
        self._file.seek(0)
        for raw in self._file:
            try:
                line = json.loads(raw)
            except (ValueError, RecursionError):
                return
            if not raw.endswith(b"\n") or not isinstance(line, dict):
                return
            yield len(raw), line

    def _append(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(clean(json.dumps(line, ensure_ascii=False)).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise SnapshotError(f"cannot write the journal: {error.strerror}") from error
