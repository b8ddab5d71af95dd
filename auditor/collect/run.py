"""One collection run: every account in scope becomes evidence or a gap, whatever happens on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from auditor.aws.statistics import RunStatistics
from auditor.collect.account_queue import AccountQueue
from auditor.collect.assessing import Assessor
from auditor.collect.discovery import Discovery
from auditor.collect.gathering import Gathering, failed
from auditor.collect.interface import Access, Progress
from auditor.collect.ledger import INTERRUPTED, NOT_LISTED, RUN_TIMEOUT, Ledger
from auditor.collect.plan import RunPlan
from auditor.collect.state import RunState
from auditor.collect.worker import ACCOUNTS_PER_CALL
from auditor.errors import (
    AccessError,
    AuditorError,
    EvidenceError,
    InterruptedRunError,
    SnapshotError,
    UnfinishedRunError,
)
from auditor.model import Account, Caller, EvidenceFile, EvidenceGap
from auditor.store.snapshot import ORGANIZATION_FOLDER, Snapshot

_GRACE = 10.0  # seconds for what is in flight when the operator stops a run


async def collect(
    plan: RunPlan,
    discovery: Discovery,
    enter: Callable[[Caller], Access],
    progress: Progress,
    *,
    stop: asyncio.Event | None = None,
    statistics: RunStatistics | None = None,
    state: RunState | None = None,
) -> Snapshot:
    """Collect and seal a snapshot below the plan's ``settings.out``, or go on with an earlier one.

    ``stop``, once set, starts nothing more, waits ten seconds for what is in flight and seals what there is. ``state``
    is kept up to date for whoever has to say how far the run came. Where the list of accounts breaks off, those that
    are known are collected.

    Raises AccessError, ScopeError or SnapshotError before any role is assumed, WrongAccountError when evidence was
    mixed up, UnfinishedRunError when the disk does not take it, and InterruptedRunError, the snapshot sealed, when
    the run is stopped or its task cancelled.
    """
    ledger = Ledger(plan, discovery, statistics or RunStatistics(), state or RunState())
    run = _Run(plan, discovery, progress, ledger)
    try:
        return await _sealed(run, plan.settings.run_timeout, enter, stop)
    except SnapshotError as error:
        raise _with_way_on(error, ledger) from error
    except ExceptionGroup as group:
        raise _with_way_on(_cause(group), ledger) from group
    finally:
        discovery.close()
        ledger.close()


async def _sealed(
    run: _Run, run_timeout: float, enter: Callable[[Caller], Access], stop: asyncio.Event | None
) -> Snapshot:
    """The snapshot of a run that went to its end, or came to its time limit."""
    discovery, ledger = run.discovery, run.ledger
    try:
        async with _stopping(run, stop), asyncio.timeout(run_timeout):
            await discovery.start()
            await run.work(enter(discovery.caller))
            places = await discovery.places()
        return ledger.seal(places, NOT_LISTED if run.listing_problem else None)
    except TimeoutError:
        if not ledger.begun:
            raise AccessError(f"AWS did not list any account within {run_timeout:g} seconds") from None
        run.progress.say(
            f"the run did not end within {run_timeout:g} seconds; the snapshot was sealed with what was collected"
        )
        return ledger.seal(discovery.places_so_far(), RUN_TIMEOUT)
    except asyncio.CancelledError:
        if not ledger.begun:
            raise
        raise InterruptedRunError(ledger.seal(discovery.places_so_far(), INTERRUPTED).folder) from None


class _Run:
    """Lists accounts and works on them at the same time."""

    def __init__(self, plan: RunPlan, discovery: Discovery, progress: Progress, ledger: Ledger) -> None:
        self._settings, self._collectors, self._team = plan.settings, plan.collectors, plan.team
        self.discovery, self.progress, self.ledger = discovery, progress, ledger
        self._accounts, self._own = AccountQueue(), AccountQueue()
        self._in_flight = 0
        self._idle, self._listing = asyncio.Event(), asyncio.Event()
        self.is_winding_down = False
        self.listing_problem: AccessError | None = None

    async def work(self, access: Access) -> None:
        assessor = Assessor(self._collectors, self._settings.account_timeout, self.ledger.store, access)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._list())
            group.create_task(self._organization(access))
            group.create_task(self._collect(AccountDesk(self, self._own, access), assessor))
            group.create_task(self._collect_all(AccountDesk(self, self._accounts, access), assessor, access))

    async def wind_down(self) -> None:
        """Start nothing more; return when nothing is in flight, or after the grace."""
        self.is_winding_down = True
        if self._in_flight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), _GRACE)

    async def _organization(self, access: Access) -> None:
        """Beside the accounts, once the first one is known: a scope that names nothing leaves no folder behind."""
        await self._listing.wait()
        if not self._collectors.organization or self.discovery.alone or self.ledger.has_organization:
            return
        store = partial(self.ledger.store, ORGANIZATION_FOLDER)
        gathering = Gathering(self.discovery.organization.id, self._collectors.organization, store)
        await gathering.run(access.organization())
        self.ledger.finish_organization(gathering.files, gathering.gaps)

    async def _list(self) -> None:
        try:
            async for account, exclusion in self.discovery.accounts():
                self._listing.set()
                if self.ledger.expects(account, exclusion):
                    self.progress.found(1)
                    is_own = account.id == self.discovery.caller.account_id
                    (self._own if is_own else self._accounts).put(account)
            self.ledger.state.all_listed = True
        except AccessError as error:
            if not self.ledger.begun:
                raise
            self.listing_problem = error
            self.progress.say(f"the list of accounts is not complete: {error}")
        self._listing.set()
        self._accounts.all_listed()
        self._own.all_listed()

    async def _collect_all(self, desk: AccountDesk, assessor: Assessor, access: Access) -> None:
        """By the further processes, where there are any; what is left when none of them is there any more, here."""
        if self._team:
            await self._team.work(desk, access)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._settings.concurrency * ACCOUNTS_PER_CALL):
                group.create_task(self._collect(desk, assessor))

    async def _collect(self, desk: AccountDesk, assessor: Assessor) -> None:
        while (account := await desk.take()) is not None:
            gathering = await assessor.assess(account)
            desk.finish(account, gathering.files, gathering.gaps)

    def count_in_flight(self, more: int) -> None:
        self._in_flight += more
        if not self._in_flight and self.is_winding_down:
            self._idle.set()


class AccountDesk:
    """Hands out accounts of one queue, as long as there is room for them, and takes back what came of them."""

    def __init__(self, run: _Run, accounts: AccountQueue, access: Access) -> None:
        self._run, self._accounts, self._access = run, accounts, access

    @property
    def snapshot(self) -> str:
        return str(self._run.ledger.folder)

    async def take(self) -> Account | None:
        account = await self._accounts.take()
        if account is None:
            return None
        try:
            await self._access.room()
        except BaseException:
            self._accounts.put_back(account)
            raise
        if self._run.is_winding_down:
            self._accounts.put_back(account)
            return None
        self._run.count_in_flight(1)
        return account

    def finish(self, account: Account, files: Sequence[EvidenceFile], gaps: Sequence[EvidenceGap]) -> None:
        record = self._run.ledger.record(account, files, gaps)
        self._run.ledger.finish(record)
        self._run.progress.finished(record)
        self._accounts.done()
        self._run.count_in_flight(-1)

    def give_back(self, account: Account) -> None:
        self._accounts.put_back(account)
        self._run.count_in_flight(-1)

    def give_up(self, account: Account, error: EvidenceError) -> None:
        self.finish(account, (), [failed(kind, error) for kind in self._run.ledger.account_kinds])


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


def _with_way_on(error: BaseException, ledger: Ledger) -> BaseException:
    """An error of the disk in the middle of a run names the snapshot, so that the run can be resumed."""
    if isinstance(error, SnapshotError) and ledger.begun:
        return UnfinishedRunError(str(error), ledger.folder)
    return error


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of this project's errors in a group, else the first of all: one mistake is told, not all at once."""
    own = group.subgroup(AuditorError)
    first = (own or group).exceptions[0]
    return _cause(first) if isinstance(first, BaseExceptionGroup) else first
