"""One collection run: every account in scope becomes evidence or a gap, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from auditor import __version__
from auditor.collect.discovery import Discovery, Places, placed
from auditor.collect.interface import Access, Collector, Progress
from auditor.errors import AuditorError, EvidenceError, InterruptedRunError
from auditor.model import Account, AccountRecord, Caller, EvidenceFile, EvidenceGap, Outcome
from auditor.settings import Settings
from auditor.snapshot import SCHEMA_VERSION, Manifest, Snapshot, SnapshotWriter

# While a report is being generated its account has no call in flight, so more accounts are open than calls.
_ACCOUNTS_PER_CALL = 8
_INTERRUPTED = EvidenceError("collect", "Interrupted", "the run was interrupted before this account was done")


async def collect(
    settings: Settings,
    discovery: Discovery,
    enter: Callable[[Caller], Access],
    collectors: Sequence[Collector],
    progress: Progress,
) -> Snapshot:
    """Collect and seal a snapshot below ``settings.out``.

    Raises AccessError or ScopeError before any role is assumed, WrongAccountError when evidence was mixed up, and
    InterruptedRunError, the snapshot sealed, when the task is cancelled.
    """
    run = _Run(settings, discovery, collectors, progress)
    try:
        await discovery.start()
        await run.work(enter(discovery.caller))
        return run.seal(await discovery.places(), interrupted=False)
    except asyncio.CancelledError:
        if not run.begun:
            raise
        raise InterruptedRunError(run.seal(discovery.places_so_far(), interrupted=True).folder) from None
    except ExceptionGroup as group:
        raise _cause(group) from group
    finally:
        discovery.close()


class _Run:
    """The state of one run: which accounts there are, and what became of each."""

    def __init__(
        self, settings: Settings, discovery: Discovery, collectors: Sequence[Collector], progress: Progress
    ) -> None:
        self._settings, self._discovery = settings, discovery
        self._collectors, self._progress = collectors, progress
        self._started_at = datetime.now(UTC).replace(microsecond=0)
        self._writer: SnapshotWriter | None = None
        self._accounts: dict[str, Account] = {}
        self._records: dict[str, AccountRecord] = {}
        self._waiting: asyncio.Queue[Account | None] = asyncio.Queue()

    @property
    def begun(self) -> bool:
        return self._writer is not None

    @property
    def _store(self) -> SnapshotWriter:
        """Made with the first account, so that a scope that names nothing leaves no folder behind."""
        if self._writer is None:
            self._writer = SnapshotWriter.create(self._settings.out, self._discovery.organization.id, self._started_at)
        return self._writer

    async def work(self, access: Access) -> None:
        """List accounts and work on them at the same time."""
        workers = self._settings.concurrency * _ACCOUNTS_PER_CALL
        async with asyncio.TaskGroup() as group:
            group.create_task(self._list(workers))
            for _ in range(workers):
                group.create_task(self._take(access))

    async def _list(self, workers: int) -> None:
        async for account, exclusion in self._discovery.accounts():
            self._accounts[account.id] = account
            if exclusion:
                self._finish(AccountRecord(account, Outcome.EXCLUDED, exclusion))
            else:
                self._progress.found(1)
                self._waiting.put_nowait(account)
        for _ in range(workers):
            self._waiting.put_nowait(None)

    async def _take(self, access: Access) -> None:
        while (account := await self._waiting.get()) is not None:
            self._finish(await self._assess(account, access))

    async def _assess(self, account: Account, access: Access) -> AccountRecord:
        try:
            calls = await access.open(account)
        except EvidenceError as error:
            return _record(account, (), [_gap(c.kind, error) for c in self._collectors])
        files: list[EvidenceFile] = []
        gaps: list[EvidenceGap] = []
        for collector in self._collectors:
            try:
                await self._gather(account, calls, collector, files)
            except EvidenceError as error:
                gaps.append(_gap(collector.kind, error))
        return _record(account, files, gaps)

    async def _gather(self, account: Account, calls: Any, collector: Collector, files: list[EvidenceFile]) -> None:
        """Keep the evidence even where it cannot be used: an auditor may want to see why."""
        evidence = await collector.collect(account, calls)
        unusable: EvidenceError | None = None
        try:
            collector.check(account, evidence)
        except EvidenceError as error:
            unusable = error
        files.append(self._store.store(account.id, evidence))
        if unusable:
            raise unusable

    def _finish(self, record: AccountRecord) -> None:
        self._records[record.account.id] = record
        self._store.record(record)
        if record.outcome is not Outcome.EXCLUDED:
            self._progress.finished(record)

    def seal(self, places: Places, *, interrupted: bool) -> Snapshot:
        for account_id, account in self._accounts.items():
            if account_id not in self._records:
                self._finish(_record(account, (), [_gap(c.kind, _INTERRUPTED) for c in self._collectors]))
        records = sorted(self._records.values(), key=lambda r: r.account.id)
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            snapshot_id=self._store.snapshot_id,
            tool_version=__version__,
            organization=self._discovery.organization,
            caller=self._discovery.caller,
            as_of=self._settings.as_of or self._store.started_at,
            started_at=self._store.started_at,
            finished_at=datetime.now(UTC).replace(microsecond=0),
            interrupted=interrupted,
            settings=_recorded(self._settings),
            accounts=tuple(replace(r, account=placed(r.account, places)) for r in records),
        )
        return self._store.seal(manifest)


def _record(account: Account, files: Sequence[EvidenceFile], gaps: Sequence[EvidenceGap]) -> AccountRecord:
    if not gaps:
        return AccountRecord(account, Outcome.ASSESSED, evidence=tuple(files))
    reason = "; ".join(dict.fromkeys(f"{gap.stage}: {gap.code}" for gap in gaps))
    return AccountRecord(account, Outcome.NOT_ASSESSED, reason, tuple(files), tuple(gaps))


def _gap(kind: str, error: EvidenceError) -> EvidenceGap:
    return EvidenceGap(kind, error.stage, error.code, error.message)


def _recorded(settings: Settings) -> dict[str, Any]:
    """The settings without what may be a secret."""
    values = settings.model_dump(mode="json")
    return values | {"external_id": "(set)" if settings.external_id else None}


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of this project's errors in a group, else the first of all: one mistake is told, not all at once."""
    own = group.subgroup(AuditorError)
    first = (own or group).exceptions[0]
    return _cause(first) if isinstance(first, BaseExceptionGroup) else first
