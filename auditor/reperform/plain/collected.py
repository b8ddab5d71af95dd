"""What a manifest says was collected: accounts, their places, evidence files and gaps, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.reperform.plain.trouble import UnusableError
from auditor.reperform.plain.words import CREDENTIAL_REPORT, ORGANIZATION
from auditor.times import iso


@dataclass(frozen=True)
class File:
    """An evidence file; ``path`` is relative to the snapshot's folder, ``made`` when what it holds was made (UTC, as
    text; empty: not known)."""

    kind: str
    path: str
    sha256: str
    made: str = ""


@dataclass(frozen=True)
class Owner:
    """Whose evidence it is: an account, or ORGANIZATION. ``gaps`` are the kinds of evidence that are known to lack.

    ``partition`` is ``aws``, ``aws-us-gov``, ...: that of the account's own ARN, else the caller's.
    """

    id: str
    name: str
    ou_path: str
    ou_ids: tuple[str, ...]
    excluded: bool
    files: Mapping[str, File]
    gaps: frozenset[str]
    partition: str


@dataclass(frozen=True)
class Collected:
    """One snapshot; ``accounts`` are those of the organization in the order of their ids.

    ``management`` is None where that account was not listed; ``management_id`` is empty where nobody knows it.
    ``unusable`` grows while evidence is read: the paths of what is not there, or has changed.
    """

    folder: Path
    organization_id: str
    management: Owner | None
    is_alone: bool
    accounts: tuple[Owner, ...]
    common: Owner
    management_id: str = ""
    unusable: set[str] = field(default_factory=set)

    @property
    def in_scope(self) -> tuple[Owner, ...]:
        return tuple(account for account in self.accounts if not account.excluded)

    def has_heard_of(self, kind: str) -> bool:
        """Whether this kind of evidence was asked for anywhere."""
        return any(kind in owner.files or kind in owner.gaps for owner in (*self.in_scope, self.common))

    def content(self, file: File) -> bytes:
        """The very bytes that were collected; UnusableError where they are not there, or have changed."""
        try:
            return self._read(file)
        except UnusableError:
            self.unusable.add(file.path)
            raise

    def _read(self, file: File) -> bytes:
        path = (self.folder / file.path).resolve()
        if not path.is_relative_to((self.folder / "evidence").resolve()):
            raise UnusableError(f"{file.path} lies outside the snapshot")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UnusableError(f"{file.path}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise UnusableError(f"{file.path} is not the file that was collected")
        return content


def collected(folder: Path) -> Collected:
    """What ``manifest.json``, which must be in order, says of the snapshot in ``folder``."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    of_caller = manifest["caller"]["arn"].split(":")[1]
    accounts = sorted((_account(record, of_caller) for record in manifest["accounts"]), key=lambda owner: owner.id)
    organization = manifest["organization"]
    management_id = organization["management_account_id"]
    common = manifest.get("organization_record") or {"evidence": [], "gaps": []}
    return Collected(
        folder=folder,
        organization_id=organization["id"],
        management=next((account for account in accounts if account.id == management_id), None),
        is_alone=organization["id"] == management_id,
        accounts=tuple(accounts),
        common=_owner(ORGANIZATION, {}, common, of_caller),
        management_id=management_id,
    )


def _account(record: Mapping[str, Any], of_caller: str) -> Owner:
    return _owner(record["account"]["id"], record["account"], record, of_caller, record["outcome"] == "excluded")


def _owner(
    name: str, account: Mapping[str, Any], record: Mapping[str, Any], of_caller: str, excluded: bool = False
) -> Owner:
    arn = str(account.get("arn") or "").split(":")
    files = [File(file["kind"], file["path"], file["sha256"], _creation_time(file)) for file in record["evidence"]]
    return Owner(
        id=name,
        name=account.get("name", ""),
        ou_path=account.get("ou_path", ""),
        ou_ids=tuple(account.get("ou_ids", ())),
        excluded=excluded,
        files={file.kind: file for file in reversed(files)},
        gaps=frozenset(gap["kind"] for gap in record["gaps"]),
        partition=arn[1] if arn[0] == "arn" and len(arn) > 1 else of_caller,
    )


def _creation_time(file: Mapping[str, Any]) -> str:
    """A report is made some time before it is fetched."""
    moment = file.get("generated_at" if file["kind"] == CREDENTIAL_REPORT else "collected_at")
    return iso(datetime.fromisoformat(moment)) if moment else ""
