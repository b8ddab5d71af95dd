"""One collection run: every account in scope becomes evidence or a gap, whatever happens on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

from auditor.collect.discovery import Discovery
from auditor.collect.gathering import Gathering
from auditor.collect.interface import Access, Collector, Progress
from auditor.collect.ledger import INTERRUPTED, RUN_TIMEOUT, Kinds, Ledger
from auditor.errors import (
    AccessError,
    AuditorError,
    EvidenceError,
    InterruptedRunError,
    SnapshotError,
    UnfinishedRunError,
)
from auditor.model import Account, AccountRecord, Caller, CatalogStamp
from auditor.settings import Settings
from auditor.snapshot import ORGANIZATION_FOLDER, Snapshot
from auditor.statistics import RunStatistics

# While a report is being generated its account has no call in flight, so more accounts are open than calls.
_ACCOUNTS_PER_CALL = 32
_GRACE = 10.0  # seconds for what is in flight when the operator stops a run


async def collect(
    settings: Settings,
    discovery: Discovery,
    enter: Callable[[Caller], Access],
    collectors: Sequence[Collector],
    progress: Progress,
    *,
    common: Sequence[Collector] = (),
    of_root: Collector | None = None,
    resume: Path | None = None,
    retry_gaps: bool = False,
    stop: asyncio.Event | None = None,
    statistics: RunStatistics | None = None,
    catalog: CatalogStamp | None = None,
) -> Snapshot:
    """Collect and seal a snapshot below ``settings.out``, or go on with ``resume``.

    ``collectors`` bring the evidence of each account, ``common`` that of the organization as a whole, ``of_root``
    what can be read about the root of an account that there was no other way into. ``retry_gaps`` tries the accounts
    with gaps again. ``catalog`` is what they are collected for. ``stop``, once set, starts nothing more, waits ten
    seconds for what is in flight and seals what there is.

    Raises AccessError, ScopeError or SnapshotError before any role is assumed, WrongAccountError when evidence was
    mixed up, UnfinishedRunError when the disk does not take it, and InterruptedRunError, the snapshot sealed, when
    the run is stopped or its task cancelled.
    """
    kinds = Kinds([c.kind for c in collectors], [c.kind for c in common])
    figures = statistics or RunStatistics()
    ledger = Ledger(settings, discovery, kinds, figures, resume, retry_gaps=retry_gaps, catalog=catalog)
    run = _Run(settings, discovery, (collectors, common, of_root), progress, ledger)
    try:
        async with _stopping(run, stop), asyncio.timeout(settings.run_timeout):
            await discovery.start()
            await run.work(enter(discovery.caller))
            places = await discovery.places()
        return ledger.seal(places)
    except TimeoutError:
        if not ledger.begun:
            raise AccessError(f"AWS did not list any account within {settings.run_timeout:g} seconds") from None
        progress.say(f"the run did not end within {settings.run_timeout:g} seconds; it was sealed with what it had")
        return ledger.seal(discovery.places_so_far(), RUN_TIMEOUT)
    except asyncio.CancelledError:
        if not ledger.begun:
            raise
        raise InterruptedRunError(ledger.seal(discovery.places_so_far(), INTERRUPTED).folder) from None
    except ExceptionGroup as group:
        raise _told(_cause(group), ledger) from group
    finally:
        discovery.close()
        ledger.close()


class _Run:
    """Lists accounts and works on them at the same time."""

    def __init__(
        self,
        settings: Settings,
        discovery: Discovery,
        collectors: tuple[Sequence[Collector], Sequence[Collector], Collector | None],
        progress: Progress,
        ledger: Ledger,
    ) -> None:
        self._settings, self._discovery, self._progress, self._ledger = settings, discovery, progress, ledger
        self._collectors, self._common, self._of_root = collectors
        self._workers = settings.concurrency * _ACCOUNTS_PER_CALL
        self._waiting: asyncio.Queue[Account | None] = asyncio.Queue()
        self._in_flight = 0
        self._idle, self._listing = asyncio.Event(), asyncio.Event()
        self._winding_down = False

    async def work(self, access: Access) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._list())
            group.create_task(self._organization(access))
            for _ in range(self._workers):
                group.create_task(self._take(access))

    async def wind_down(self) -> None:
        """Start nothing more; return when nothing is in flight, or after the grace."""
        self._winding_down = True
        if self._in_flight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), _GRACE)

    async def _organization(self, access: Access) -> None:
        """Beside the accounts, once the first one is known: a scope that names nothing leaves no folder behind."""
        await self._listing.wait()
        if not self._common or self._discovery.alone or self._ledger.has_organization:
            return
        store = partial(self._ledger.store, ORGANIZATION_FOLDER)
        gathering = Gathering(self._discovery.organization.id, self._common, store)
        await gathering.run(access.organization())
        self._ledger.finish_organization(gathering.files, gathering.gaps)

    async def _list(self) -> None:
        async for account, exclusion in self._discovery.accounts():
            self._listing.set()
            if self._ledger.expects(account, exclusion):
                self._progress.found(1)
                self._waiting.put_nowait(account)
        self._listing.set()
        for _ in range(self._workers):
            self._waiting.put_nowait(None)

    async def _take(self, access: Access) -> None:
        while (account := await self._waiting.get()) is not None:
            await access.room()
            if self._winding_down:
                return
            self._in_flight += 1
            try:
                record = await self._assessed(account, access)
                self._ledger.finish(record)
                self._progress.finished(record)
            finally:
                self._in_flight -= 1
                if not self._in_flight and self._winding_down:
                    self._idle.set()

    async def _assessed(self, account: Account, access: Access) -> AccountRecord:
        limit = self._settings.account_timeout
        gathering = Gathering(account.id, self._collectors, lambda evidence: self._ledger.store(account.id, evidence))
        try:
            async with asyncio.timeout(limit):
                await self._gather(gathering, account, access)
        except TimeoutError:
            gathering.give_up(
                EvidenceError("collect", "AccountTimeout", f"the account was not done within {limit:g} seconds")
            )
        return self._ledger.record(account, gathering.files, gathering.gaps)

    async def _gather(self, gathering: Gathering, account: Account, access: Access) -> None:
        try:
            calls = await access.open(account)
        except EvidenceError as error:
            gathering.give_up(error)
            if self._of_root:
                await self._gather_root(gathering, self._of_root, account, access)
        else:
            await gathering.run(calls)

    async def _gather_root(self, gathering: Gathering, of_root: Collector, account: Account, access: Access) -> None:
        gathering.add(of_root)
        try:
            calls = await access.open_root(account)
        except EvidenceError as error:
            gathering.give_up(error)
        else:
            await gathering.run(calls)


@contextlib.asynccontextmanager
async def _stopping(run: _Run, stop: asyncio.Event | None) -> AsyncIterator[None]:
    """While open, a set ``stop`` winds the run down and then cancels the task that holds this context."""
    task = asyncio.current_task()

    async def watch() -> None:
        if stop and task:
            await stop.wait()
            await run.wind_down()
            task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
        if stop and stop.is_set():
            raise asyncio.CancelledError
    finally:
        watcher.cancel()


def _told(error: BaseException, ledger: Ledger) -> BaseException:
    """What could not be written in the middle of a run is told with how to go on."""
    if isinstance(error, SnapshotError) and ledger.begun:
        return UnfinishedRunError(str(error), ledger.folder)
    return error


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of this project's errors in a group, else the first of all: one mistake is told, not all at once."""
    own = group.subgroup(AuditorError)
    first = (own or group).exceptions[0]
    return _cause(first) if isinstance(first, BaseExceptionGroup) else first
