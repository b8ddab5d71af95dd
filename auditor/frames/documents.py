"""The JSON evidence of a snapshot, read and turned into rows of units; what cannot be used is told by account."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from auditor import evidence
from auditor.errors import EvidenceError
from auditor.evidence import Document
from auditor.frames.kinds import TABLES
from auditor.frames.kinds.account_tags import tags_by_account
from auditor.frames.tables import Row, Table, misfit
from auditor.model import ACCOUNT_TAGS, AccountRecord, EvidenceFile, EvidenceGap, OrganizationRecord, Outcome, Unit
from auditor.snapshot import ORGANIZATION_FOLDER, Snapshot

_NO_TAGS = "parameters or waivers depend on the tags of accounts, which this snapshot does not have"
NOT_COLLECTED = "not collected in this snapshot"
T = TypeVar("T")
Record = TypeVar("Record", AccountRecord, OrganizationRecord)
_ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)
Owner = str
"""An account's id, or ORGANIZATION_FOLDER."""


@dataclass
class Collected:
    """What one kind of evidence holds: rows by unit, who has such evidence, and why others have none.

    Each row has ``account_id`` and ``evidence_file`` besides what its table gives.
    """

    rows: dict[Unit, list[Row]] = field(default_factory=dict)
    owners: set[Owner] = field(default_factory=set)
    gaps: dict[Owner, EvidenceGap] = field(default_factory=dict)

    def why_not(self, owner: Owner) -> str:
        """Why the owner has no such evidence, or not all of it; empty where nothing is known to be missing."""
        gap = self.gaps.get(owner)
        return f"{gap.stage}: {gap.code}: {gap.message}" if gap else ""


def read_documents(
    snapshot: Snapshot, records: Iterable[AccountRecord], kinds: Collection[str]
) -> Mapping[str, Collected]:
    """Every table's kind that is among ``kinds``, with the evidence of all accounts in scope and the organization's.

    Partial evidence (some regions did not answer) counts as evidence and has a gap as well.
    """
    tables = {table.kind: table for table in TABLES if table.kind in kinds}
    found = {kind: Collected({unit: [] for unit in table.columns}) for kind, table in tables.items()}
    for owner, record in _owners(snapshot, records):
        _note_gaps(found, owner, record.gaps)
        for file in record.evidence:
            if file.kind in tables:
                _read(snapshot, tables[file.kind], found[file.kind], owner, file)
    return found


def with_gaps(record: Record, owner: Owner, collected: Mapping[str, Collected]) -> Record:
    """The record with the gaps that were only found when its evidence was read."""
    known = {gap.kind for gap in record.gaps}
    found: list[EvidenceGap] = [c.gaps[owner] for kind, c in collected.items() if owner in c.gaps and kind not in known]
    return dataclasses.replace(record, gaps=(*record.gaps, *found)) if found else record


def account_tags(snapshot: Snapshot) -> tuple[Mapping[str, Mapping[str, str]], EvidenceGap | None]:
    """Account id -> its tags, and why they are not known where they were not collected or cannot be read."""
    record = snapshot.manifest.organization_record
    files = [file for file in record.evidence if file.kind == ACCOUNT_TAGS] if record else []
    if not files:
        return {}, EvidenceGap(ACCOUNT_TAGS, "collect", "NotCollected", _NO_TAGS)
    try:
        return _made(lambda: tags_by_account(_document(snapshot, files[0]))), None
    except EvidenceError as error:
        return {}, EvidenceGap(ACCOUNT_TAGS, error.stage, error.code, error.message)


def _owners(
    snapshot: Snapshot, records: Iterable[AccountRecord]
) -> Iterator[tuple[Owner, AccountRecord | OrganizationRecord]]:
    for record in records:
        if record.outcome is not Outcome.EXCLUDED:
            yield record.account.id, record
    if snapshot.manifest.organization_record:
        yield ORGANIZATION_FOLDER, snapshot.manifest.organization_record


def _note_gaps(found: Mapping[str, Collected], owner: Owner, gaps: Iterable[EvidenceGap]) -> None:
    for gap in gaps:
        if gap.kind in found:
            found[gap.kind].gaps[owner] = gap


def _read(snapshot: Snapshot, table: Table, collected: Collected, owner: Owner, file: EvidenceFile) -> None:
    try:
        rows = _made(lambda: _rows(table, owner, _document(snapshot, file)))
    except EvidenceError as error:
        collected.gaps[owner] = EvidenceGap(file.kind, error.stage, error.code, error.message)
        return
    for unit, found in rows.items():
        collected.rows[unit] += [row | {"account_id": owner, "evidence_file": file.path} for row in found]
    collected.owners.add(owner)


def _document(snapshot: Snapshot, file: EvidenceFile) -> Document:
    """EvidenceError where it is another kind's, or holds nothing and does not say why: silence is no answer."""
    document = evidence.read(snapshot.read(file))
    if document.kind != file.kind:
        raise _malformed(f"it is evidence of the kind {document.kind!r}")
    if not document.answers and not document.omitted:
        raise _malformed("it holds no call, and does not say why none was needed")
    return document


def _rows(table: Table, owner: Owner, document: Document) -> dict[Unit, list[Row]]:
    found = {unit: list(rows) for unit, rows in table.rows(owner, document).items()}
    for unit, rows in found.items():
        for row in rows:
            if odd := misfit(row, table.columns[unit]):
                raise _malformed(f"line {row.get('line')}: {odd}")
    return found


def _made(make: Callable[[], T]) -> T:
    """What ``make`` returns; answers of a shape that AWS does not give are an EvidenceError, too."""
    try:
        return make()
    except _ODD as error:
        raise _malformed(f"an answer has not the shape that AWS gives: {type(error).__name__}: {error}") from error


def _malformed(why: str) -> EvidenceError:
    return EvidenceError("validate", "MalformedEvidence", why)
