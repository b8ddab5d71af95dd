"""What became of each account of a run, in memory and in the journal, until the snapshot is sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.collect.discovery import Discovery, Places, placed
from auditor.collect.gathering import failed
from auditor.errors import EvidenceError, SnapshotError
from auditor.journal import Attempt
from auditor.model import (
    Account,
    AccountRecord,
    CatalogStamp,
    Evidence,
    EvidenceFile,
    EvidenceGap,
    OrganizationRecord,
    Outcome,
    outcome_of,
    reason_of,
)
from auditor.settings import Settings
from auditor.snapshot import SCHEMA_VERSION, Manifest, Snapshot, SnapshotWriter
from auditor.statistics import RunStatistics

INTERRUPTED = EvidenceError("collect", "Interrupted", "the run was interrupted before this account was done")
RUN_TIMEOUT = EvidenceError("collect", "RunTimeout", "the run ended at its time limit before this account was done")
_TO_DO_AGAIN = {INTERRUPTED.code, RUN_TIMEOUT.code}


@dataclass(frozen=True)
class Kinds:
    """The kinds of evidence that are collected of each account, and of the organization."""

    account: Sequence[str]
    organization: Sequence[str] = ()


class Ledger:
    """Records of all accounts that are known so far; those kept from earlier attempts are not collected again."""

    def __init__(
        self,
        settings: Settings,
        discovery: Discovery,
        kinds: Kinds,
        statistics: RunStatistics,
        resume: Path | None,
        *,
        retry_gaps: bool,
        catalog: CatalogStamp | None = None,
    ) -> None:
        self._settings, self._discovery, self._kinds = settings, discovery, kinds
        self._statistics, self._retry_gaps, self._catalog = statistics, retry_gaps, catalog
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._accounts: dict[str, Account] = {}
        self._records: dict[str, AccountRecord] = {}
        self._organization: OrganizationRecord | None = None
        self._writer = SnapshotWriter.resume(resume) if resume else None
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether this attempt has written anything."""
        return self._begun

    @property
    def folder(self) -> Path:
        return self._store.folder

    def expects(self, account: Account, exclusion: str) -> bool:
        """Take note of a listed account; whether it is to be collected."""
        self._accounts[account.id] = account
        if exclusion:
            self.finish(AccountRecord(account, Outcome.EXCLUDED, exclusion, attempt=self._number))
            return False
        kept = self._kept(account.id)
        if kept:
            self._records[account.id] = replace(kept, account=account)
        return kept is None

    def store(self, owner: str, evidence: Evidence) -> EvidenceFile:
        return self._store.store(owner, evidence)

    def record(self, account: Account, files: Sequence[EvidenceFile], gaps: Sequence[EvidenceGap]) -> AccountRecord:
        """An account's outcome; the gaps of its earlier attempts stay with it."""
        before = self._store.journal.records.get(account.id)
        outcome = outcome_of(gaps, self._kinds.account)
        reason = reason_of(gaps, files) if outcome is Outcome.NOT_ASSESSED else ""
        return AccountRecord(account, outcome, reason, tuple(files), tuple(gaps), self._number, _gaps_before(before))

    @property
    def has_organization(self) -> bool:
        """Whether an earlier attempt has collected what belongs to the organization, and it still stands."""
        before = self._store.journal.organization
        if before is None or (before.gaps and (self._retry_gaps or _cut_off(before.gaps))):
            return False
        if not all(self._store.is_whole(file) for file in before.evidence):
            return False
        self._organization = before
        return True

    def finish_organization(self, files: Sequence[EvidenceFile], gaps: Sequence[EvidenceGap]) -> None:
        """Take note of the evidence of the organization as a whole."""
        earlier = _gaps_before(self._store.journal.organization)
        self._organization = OrganizationRecord(tuple(files), tuple(gaps), self._number, earlier)
        self._store.journal.record_organization(self._organization)

    def finish(self, record: AccountRecord) -> None:
        self._store.journal.record(record)
        self._records[record.account.id] = record

    def seal(self, places: Places, unfinished: EvidenceError | None = None) -> Snapshot:
        """Write the manifest. ``unfinished`` says why accounts without an outcome have none."""
        for account_id, account in self._accounts.items():
            if account_id not in self._records and unfinished:
                self.finish(self.record(account, (), [failed(kind, unfinished) for kind in self._kinds.account]))
        if self._organization is None and unfinished and self._kinds.organization:
            self.finish_organization((), [failed(kind, unfinished) for kind in self._kinds.organization])
        records = sorted(self._records.values(), key=lambda r: r.account.id)
        first = self._store.journal.attempts[0]
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            snapshot_id=self._store.snapshot_id,
            tool_version=__version__,
            organization=first.organization,
            caller=self._discovery.caller,
            as_of=first.as_of,
            started_at=first.started_at,
            finished_at=datetime.now(UTC).replace(microsecond=0),
            interrupted=unfinished is not None,
            settings=_recorded(self._settings),
            accounts=tuple(replace(r, account=placed(r.account, places)) for r in records),
            organization_record=self._organization,
            attempts=tuple(self._store.journal.attempts),
            run=self._statistics.figures(),
            catalog=self._catalog,
        )
        return self._store.seal(manifest)

    def close(self) -> None:
        if self._writer:
            self._writer.journal.close()

    @property
    def _number(self) -> int:
        return self._store.journal.attempts[-1].number

    @property
    def _store(self) -> SnapshotWriter:
        """Made with the first account, so that a scope that names nothing leaves no folder behind."""
        if self._writer is None:
            self._writer = SnapshotWriter.create(self._settings.out, self._discovery.organization.id, self._now)
        if not self._begun:
            self._begin(self._writer)
        return self._writer

    def _begin(self, writer: SnapshotWriter) -> None:
        attempts, organization = writer.journal.attempts, self._discovery.organization
        if attempts and attempts[0].organization.id != organization.id:
            raise SnapshotError(
                f"{writer.folder} is of {attempts[0].organization.id}, but these credentials are of {organization.id}"
            )
        self._begun = True
        started_at = self._now if attempts else writer.started_at
        as_of = self._settings.as_of or started_at
        writer.journal.begin(
            Attempt(
                number=len(attempts) + 1,
                tool_version=__version__,
                organization=organization,
                caller=self._discovery.caller,
                as_of=as_of,
                started_at=started_at,
                settings=_recorded(self._settings),
            )
        )

    def _kept(self, account_id: str) -> AccountRecord | None:
        """The outcome of an earlier attempt that still stands."""
        record = self._store.journal.records.get(account_id)
        if record is None or record.outcome is Outcome.EXCLUDED:
            return None
        if record.gaps:
            return None if self._retry_gaps or _cut_off(record.gaps) else record
        return record if all(self._store.is_whole(file) for file in record.evidence) else None


def _cut_off(gaps: Sequence[EvidenceGap]) -> bool:
    return any(gap.code in _TO_DO_AGAIN for gap in gaps)


def _gaps_before(record: AccountRecord | OrganizationRecord | None) -> tuple[EvidenceGap, ...]:
    return (*record.earlier_gaps, *record.gaps) if record else ()


def _recorded(settings: Settings) -> dict[str, Any]:
    """The settings without what may be a secret."""
    values = settings.model_dump(mode="json")
    return values | {"external_id": "(set)" if settings.external_id else None}
