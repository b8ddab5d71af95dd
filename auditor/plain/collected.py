"""What a manifest says was collected: accounts, their places, evidence files and gaps, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.plain.trouble import UnusableError
from auditor.plain.words import ORGANIZATION


@dataclass(frozen=True)
class File:
    """An evidence file; ``path`` is relative to the snapshot's folder."""

    kind: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Owner:
    """Whose evidence it is: an account, or ORGANIZATION. ``gaps`` are the kinds of evidence that are known to lack."""

    id: str
    name: str
    ou_path: str
    ou_ids: tuple[str, ...]
    excluded: bool
    files: Mapping[str, File]
    gaps: frozenset[str]


@dataclass(frozen=True)
class Collected:
    """One snapshot; ``accounts`` are those of the organization in the order of their ids."""

    folder: Path
    organization_id: str
    management: Owner | None
    is_alone: bool
    accounts: tuple[Owner, ...]
    common: Owner
    partition: str = "aws"

    @property
    def in_scope(self) -> tuple[Owner, ...]:
        return tuple(account for account in self.accounts if not account.excluded)

    def has_heard_of(self, kind: str) -> bool:
        """Whether this kind of evidence was asked for anywhere."""
        return any(kind in owner.files or kind in owner.gaps for owner in (*self.in_scope, self.common))

    def content(self, file: File) -> bytes:
        """The very bytes that were collected; UnusableError where they are not there, or have changed."""
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
    accounts = sorted((_account(record) for record in manifest["accounts"]), key=lambda account: account.id)
    organization = manifest["organization"]
    management_id = organization["management_account_id"]
    common = manifest.get("organization_record") or {"evidence": [], "gaps": []}
    return Collected(
        folder=folder,
        organization_id=organization["id"],
        management=next((account for account in accounts if account.id == management_id), None),
        is_alone=organization["id"] == management_id,
        accounts=tuple(accounts),
        common=_owner(ORGANIZATION, {}, common),
        partition=manifest["caller"]["arn"].split(":")[1],
    )


def _account(record: Mapping[str, Any]) -> Owner:
    return _owner(record["account"]["id"], record["account"], record, record["outcome"] == "excluded")


def _owner(name: str, account: Mapping[str, Any], record: Mapping[str, Any], excluded: bool = False) -> Owner:
    files = [File(file["kind"], file["path"], file["sha256"]) for file in record["evidence"]]
    return Owner(
        id=name,
        name=account.get("name", ""),
        ou_path=account.get("ou_path", ""),
        ou_ids=tuple(account.get("ou_ids", ())),
        excluded=excluded,
        files={file.kind: file for file in reversed(files)},
        gaps=frozenset(gap["kind"] for gap in record["gaps"]),
    )
