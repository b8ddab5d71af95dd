"""What became of each account of a run, in memory and in the journal, until the snapshot is sealed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor import __version__, errors
from auditor.aws.statistics import RunStatistics
from auditor.collect.discovery import Discovery, Places, placed
from auditor.collect.gathering import failed
from auditor.collect.plan import RunPlan
from auditor.collect.state import RunState
from auditor.collect.team import PROCESS_ENDED
from auditor.errors import CALLER_CREDENTIALS, EvidenceError, SnapshotError
from auditor.model import (
    Account,
    AccountRecord,
    Evidence,
    EvidenceFile,
    EvidenceGap,
    OrganizationRecord,
    Outcome,
    outcome_of,
    reason_of,
)
from auditor.settings import Settings
from auditor.store.journal import Attempt
from auditor.store.snapshot import SCHEMA_VERSION, Manifest, Snapshot, SnapshotWriter

INTERRUPTED = EvidenceError("collect", "Interrupted", "the run was interrupted before this account was done")
NOT_LISTED = EvidenceError("discover", errors.NOT_LISTED, "the list of accounts ended before all were read")
RUN_TIMEOUT = EvidenceError("collect", "RunTimeout", "the run ended at its time limit before this account was done")
_LOST = "EvidenceLost"
_TO_DO_AGAIN = {INTERRUPTED.code, RUN_TIMEOUT.code, NOT_LISTED.code, CALLER_CREDENTIALS, _LOST, PROCESS_ENDED}
# Where AWS says of a call that gets into an account that credentials have run out, they are the caller's.
_ENTERING, _RUN_OUT = ("assume", "assume-root"), ("ExpiredToken", "ExpiredTokenException")


class Ledger:
    """Records of all accounts that are known so far; those kept from earlier attempts are not collected again."""

    def __init__(self, plan: RunPlan, discovery: Discovery, statistics: RunStatistics, state: RunState) -> None:
        self.state = state
        self.state.count = self._counted
        self._plan, self._discovery, self._statistics = plan, discovery, statistics
        self._retry_gaps = plan.resume.retry_gaps
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._accounts: dict[str, Account] = {}
        self._records: dict[str, AccountRecord] = {}
        self._organization: OrganizationRecord | None = None
        self._writer = SnapshotWriter.resume(plan.resume.folder) if plan.resume.folder else None
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether this attempt has written anything."""
        return self._begun

    @property
    def folder(self) -> Path:
        return self._store.folder

    @property
    def account_kinds(self) -> list[str]:
        """The kinds of evidence of each account."""
        return self._plan.account_kinds

    def expects(self, account: Account, exclusion: str) -> bool:
        """Take note of a listed account; whether it is to be collected."""
        self._accounts[account.id] = account
        if exclusion:
            self.finish(AccountRecord(account, Outcome.EXCLUDED, exclusion, attempt=self._number))
            return False
        kept = self._earlier_outcome(account.id)
        if kept:
            self._records[account.id] = replace(kept, account=account)
        return kept is None

    def store(self, owner: str, evidence: Evidence) -> EvidenceFile:
        return self._store.store(owner, evidence)

    def record(self, account: Account, files: Sequence[EvidenceFile], gaps: Sequence[EvidenceGap]) -> AccountRecord:
        """An account's outcome; the gaps of its earlier attempts stay with it."""
        before = self._store.journal.records.get(account.id)
        outcome = outcome_of(gaps, self._plan.account_kinds)
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
                self._leave_undone(account, unfinished)
        if self._organization is None and unfinished and self._plan.organization_kinds:
            self.finish_organization((), [failed(kind, unfinished) for kind in self._plan.organization_kinds])
        self._keep_what_was_not_listed_again(unfinished)
        self._drop_lost_evidence()
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
            settings=_recorded(self._plan.settings),
            accounts=tuple(replace(r, account=placed(r.account, places)) for r in records),
            organization_record=self._organization,
            attempts=tuple(self._store.journal.attempts),
            run=self._statistics.figures(),
            catalog=self._plan.catalog,
        )
        sealed = self._store.seal(manifest)
        self.state.sealed, self.state.unfinished = True, is_unfinished(manifest)
        return sealed

    def _leave_undone(self, account: Account, why: EvidenceError) -> None:
        """What an earlier attempt had of the account is worth more than nothing, gaps and all."""
        earlier = self._store.journal.records.get(account.id)
        if earlier and earlier.outcome is not Outcome.EXCLUDED and not _cut_off(earlier.gaps) and self._stands(earlier):
            self._records[account.id] = replace(earlier, account=account)
        else:
            self.finish(self.record(account, (), [failed(kind, why) for kind in self._plan.account_kinds]))

    def _keep_what_was_not_listed_again(self, unfinished: EvidenceError | None) -> None:
        """A run that ends before all accounts are listed says nothing of the others: what there is of them stays."""
        for account_id, earlier in self._store.journal.records.items() if unfinished else ():
            if account_id not in self._accounts and self._stands(earlier):
                self._records[account_id] = earlier

    def _stands(self, record: AccountRecord) -> bool:
        return all(self._store.is_whole(file) for file in record.evidence)

    def _drop_lost_evidence(self) -> None:
        """Wait until all evidence is on the disk; what is not there as it was collected becomes a gap."""
        common = self._organization.evidence if self._organization else ()
        lost = self._store.settle([*(f for r in self._records.values() for f in r.evidence), *common])
        for record in [r for r in self._records.values() if any(f.path in lost for f in r.evidence)]:
            files, gaps = _without(lost, record)
            outcome = outcome_of(gaps, self._plan.account_kinds)
            reason = reason_of(gaps, files) if outcome is Outcome.NOT_ASSESSED else ""
            self.finish(replace(record, evidence=files, gaps=gaps, outcome=outcome, reason=reason))
        if self._organization and any(file.path in lost for file in common):
            files, gaps = _without(lost, self._organization)
            self.finish_organization(files, gaps)

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    def _counted(self) -> tuple[int, int]:
        """Accounts in scope, and those that have an outcome which stands."""
        with_outcome = [record for record in self._records.values() if record.outcome is not Outcome.EXCLUDED]
        waiting = self._accounts.keys() - self._records.keys()
        return len(waiting) + len(with_outcome), sum(not _cut_off(record.gaps) for record in with_outcome)

    @property
    def _number(self) -> int:
        return self._store.journal.attempts[-1].number

    @property
    def _store(self) -> SnapshotWriter:
        """Made with the first account, so that a scope that names nothing leaves no folder behind."""
        if self._writer is None:
            self._writer = SnapshotWriter.create(self._plan.settings.out, self._discovery.organization.id, self._now)
        if not self._begun:
            self._begin(self._writer)
        return self._writer

    def _begin(self, writer: SnapshotWriter) -> None:
        attempts, organization = writer.journal.attempts, self._discovery.organization
        if attempts and attempts[0].organization.id != organization.id:
            raise SnapshotError(
                f"{writer.folder} belongs to {attempts[0].organization.id}, "
                f"but these credentials belong to {organization.id}"
            )
        self._begun, self.state.folder = True, writer.folder
        started_at = self._now if attempts else writer.started_at
        as_of = self._plan.settings.as_of or started_at
        writer.journal.begin(
            Attempt(
                number=len(attempts) + 1,
                tool_version=__version__,
                organization=organization,
                caller=self._discovery.caller,
                as_of=as_of,
                started_at=started_at,
                settings=_recorded(self._plan.settings),
            )
        )

    def _earlier_outcome(self, account_id: str) -> AccountRecord | None:
        """The outcome of an earlier attempt that still stands."""
        record = self._store.journal.records.get(account_id)
        if record is None or record.outcome is Outcome.EXCLUDED:
            return None
        if record.gaps and (self._retry_gaps or _cut_off(record.gaps)):
            return None
        return record if self._stands(record) else None


def _without(
    lost: Collection[str], record: AccountRecord | OrganizationRecord
) -> tuple[tuple[EvidenceFile, ...], tuple[EvidenceGap, ...]]:
    """Files and gaps of the record when the files whose paths are ``lost`` are not counted any more."""
    gone = [file for file in record.evidence if file.path in lost]
    known = {gap.kind for gap in record.gaps}
    gaps = [
        failed(file.kind, EvidenceError("seal", _LOST, f"{file.path} is not on the disk as it was collected"))
        for file in gone
        if file.kind not in known
    ]
    return tuple(file for file in record.evidence if file not in gone), (*record.gaps, *gaps)


def is_unfinished(manifest: Manifest) -> bool:
    """Whether ``--resume`` has something to do: what has a gap of AWS's own is for ``--retry-gaps``."""
    common = manifest.organization_record
    return (
        manifest.interrupted
        or any(_cut_off(record.gaps) for record in manifest.accounts)
        or bool(common and _cut_off(common.gaps))
    )


def _cut_off(gaps: Sequence[EvidenceGap]) -> bool:
    return any(gap.code in _TO_DO_AGAIN or (gap.stage in _ENTERING and gap.code in _RUN_OUT) for gap in gaps)


def _gaps_before(record: AccountRecord | OrganizationRecord | None) -> tuple[EvidenceGap, ...]:
    return (*record.earlier_gaps, *record.gaps) if record else ()


def _recorded(settings: Settings) -> dict[str, Any]:
    """The settings without what may be a secret."""
    values = settings.model_dump(mode="json")
    return values | {"external_id": "(set)" if settings.external_id else None}
