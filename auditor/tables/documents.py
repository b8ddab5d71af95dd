"""The JSON evidence of a snapshot, read and turned into rows of units; what cannot be used is told by account."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from auditor.errors import EvidenceError
from auditor.kinds import KINDS
from auditor.kinds.account_tags import accounts_without_answer, tags_by_account
from auditor.kinds.declaration import Kind, Row
from auditor.kinds.declaration import Owner as KindOwner
from auditor.model import ACCOUNT_TAGS, AccountRecord, EvidenceFile, EvidenceGap, OrganizationRecord, Outcome, Unit
from auditor.store import evidence
from auditor.store.evidence import Document, malformed
from auditor.store.snapshot import ORGANIZATION_FOLDER, Snapshot

_NO_TAGS = "parameters or waivers use account tags, which this snapshot does not have"
NOT_COLLECTED = "not collected in this snapshot"
T = TypeVar("T")
Record = TypeVar("Record", AccountRecord, OrganizationRecord)
_TYPES: Mapping[str, type] = {"str": str, "Int64": int, "boolean": bool}
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
    """Every kind with tables that is among ``kinds`` and belongs to accounts: the evidence of those in scope.

    Partial evidence (some regions did not answer) counts as evidence and has a gap as well.
    """
    found = _nothing_yet(kinds, of_organization=False)
    for record in records:
        if record.outcome is not Outcome.EXCLUDED:
            _read_all(snapshot, found, record.account.id, record, partition_of(record, snapshot))
    return found


def read_organization(snapshot: Snapshot, kinds: Collection[str]) -> Mapping[str, Collected]:
    """The same of the kinds that belong to the organization."""
    found = _nothing_yet(kinds, of_organization=True)
    if record := snapshot.manifest.organization_record:
        _read_all(snapshot, found, ORGANIZATION_FOLDER, record, partition="")
    return found


def _nothing_yet(kinds: Collection[str], *, of_organization: bool) -> dict[str, Collected]:
    chosen = {name: kind for name, kind in KINDS.items() if kind.tables and name in kinds}
    return {n: empty_collected(k) for n, k in chosen.items() if (k.owner is KindOwner.ORGANIZATION) == of_organization}


def _read_all(
    snapshot: Snapshot,
    found: Mapping[str, Collected],
    owner: Owner,
    record: AccountRecord | OrganizationRecord,
    partition: str,
) -> None:
    _note_gaps(found, owner, record.gaps)
    for file in record.evidence:
        if file.kind in found:
            _read(snapshot, KINDS[file.kind], found[file.kind], owner, file, partition)


def empty_collected(kind: Kind) -> Collected:
    return Collected({table.unit: [] for table in kind.tables})


def partition_of(record: AccountRecord, snapshot: Snapshot) -> str:
    """That of the account's own ARN, where Organizations told it, else the caller's: an organization is in one."""
    return record.account.partition or snapshot.manifest.caller.partition


def with_gaps(record: Record, owner: Owner, collected: Mapping[str, Collected]) -> Record:
    """The record with the gaps that were only found when its evidence was read."""
    known = {gap.kind for gap in record.gaps}
    found: list[EvidenceGap] = [c.gaps[owner] for kind, c in collected.items() if owner in c.gaps and kind not in known]
    return dataclasses.replace(record, gaps=(*record.gaps, *found)) if found else record


def account_tags(snapshot: Snapshot) -> tuple[Mapping[str, Mapping[str, str]], Collection[str], EvidenceGap | None]:
    """Account id -> its tags, the accounts whose tags were refused, and why none are known where they were not
    collected or cannot be read."""
    record = snapshot.manifest.organization_record
    files = [file for file in record.evidence if file.kind == ACCOUNT_TAGS] if record else []
    if not files:
        return {}, (), EvidenceGap(ACCOUNT_TAGS, "collect", "NotCollected", _NO_TAGS)
    try:
        document = _document(snapshot, files[0])
        return _result_of(lambda: tags_by_account(document)), accounts_without_answer(document), None
    except EvidenceError as error:
        return {}, (), EvidenceGap(ACCOUNT_TAGS, error.stage, error.code, error.message)


def _note_gaps(found: Mapping[str, Collected], owner: Owner, gaps: Iterable[EvidenceGap]) -> None:
    for gap in gaps:
        if gap.kind in found:
            found[gap.kind].gaps[owner] = gap


def _read(
    snapshot: Snapshot, kind: Kind, collected: Collected, owner: Owner, file: EvidenceFile, partition: str
) -> None:
    try:
        rows = _result_of(lambda: _rows(kind, owner, _document(snapshot, file)))
    except EvidenceError as error:
        collected.gaps[owner] = EvidenceGap(file.kind, error.stage, error.code, error.message)
        return
    for unit, found in rows.items():
        of_file = {"account_id": owner, "evidence_file": file.path}
        collected.rows[unit] += [row | _arn(row, partition) | of_file for row in found]
    collected.owners.add(owner)


def _arn(row: Row, partition: str) -> Row:
    return {"arn": f"arn:{partition}:{row['resource']}"} if "resource" in row else {}


def _document(snapshot: Snapshot, file: EvidenceFile) -> Document:
    """EvidenceError where it is another kind's, or holds nothing and does not say why: silence is no answer."""
    document = evidence.read(snapshot.read(file))
    if document.kind != file.kind:
        raise malformed(f"it is evidence of the kind {document.kind!r}")
    if not document.answers and not document.omitted:
        raise malformed("it has no API call and no reason why none was needed")
    return document


def _rows(kind: Kind, owner: Owner, document: Document) -> dict[Unit, list[Row]]:
    found = {unit: list(rows) for unit, rows in kind.rows_of(owner, document).items()}
    for table in kind.tables:
        dtypes = table.dtypes
        for row in found[table.unit]:
            if odd := _wrong_type(row, dtypes):
                raise malformed(f"line {row.get('line')}: {odd}")
    return found


def _wrong_type(row: Row, dtypes: Mapping[str, str]) -> str:
    """Which value of a row is not of its column's type; empty where all are, or are missing."""
    for name, dtype in (*dtypes.items(), ("name", "str"), ("arn", "str"), ("resource", "str")):
        value, wanted = row.get(name), _TYPES.get(dtype, str)
        if value is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            return f"{name} is {value!r:.100}"
    return ""


def _result_of(make: Callable[[], T]) -> T:
    """What ``make`` returns; answers of a shape that AWS does not give are an EvidenceError, too."""
    try:
        return make()
    except _ODD as error:
        raise malformed(
            f"an answer does not have the form that AWS returns: {type(error).__name__}: {error}"
        ) from error
