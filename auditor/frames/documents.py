"""The JSON evidence of a snapshot, read and turned into rows of units; what cannot be used is told by account."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor import evidence
from auditor.errors import EvidenceError
from auditor.frames.kinds import TABLES
from auditor.frames.kinds.account_tags import tags_by_account
from auditor.frames.tables import Row, Table
from auditor.model import ACCOUNT_TAGS, AccountRecord, EvidenceFile, EvidenceGap, OrganizationRecord, Outcome, Unit
from auditor.snapshot import ORGANIZATION_FOLDER, Snapshot

NOT_COLLECTED = "not collected in this snapshot"
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


def with_gaps(records: Iterable[AccountRecord], collected: Mapping[str, Collected]) -> list[AccountRecord]:
    """The records with the gaps that were only found when their evidence was read."""
    return [_with_gaps(record, collected) for record in records]


def _with_gaps(record: AccountRecord, collected: Mapping[str, Collected]) -> AccountRecord:
    known = {gap.kind for gap in record.gaps}
    found = [
        c.gaps[record.account.id] for kind, c in collected.items() if record.account.id in c.gaps and kind not in known
    ]
    return dataclasses.replace(record, gaps=(*record.gaps, *found)) if found else record


def account_tags(snapshot: Snapshot) -> Mapping[str, Mapping[str, str]]:
    """Account id -> its tags, where they were collected and can be read."""
    record = snapshot.manifest.organization_record
    files = [file for file in record.evidence if file.kind == ACCOUNT_TAGS] if record else []
    try:
        return tags_by_account(evidence.read(snapshot.read(files[0]))) if files else {}
    except EvidenceError:
        return {}


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
        units = table.rows(owner, evidence.read(snapshot.read(file)))
        rows = {
            unit: [row | {"account_id": owner, "evidence_file": file.path} for row in units[unit]] for unit in units
        }
    except EvidenceError as error:
        collected.gaps[owner] = EvidenceGap(file.kind, error.stage, error.code, error.message)
        return
    for unit, found in rows.items():
        collected.rows[unit] += found
    collected.owners.add(owner)
