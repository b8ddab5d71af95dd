"""Wires the AWS layer to the orchestrator."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from auditor.aws.access import AwsAccess
from auditor.aws.assume import RoleSettings, session_policy
from auditor.aws.calls import Calls
from auditor.aws.organization import AwsDirectory
from auditor.aws.probes import Permissions
from auditor.aws.session import Clients, open_clients
from auditor.cli.collectors import (
    account_actions,
    account_collectors,
    organization_actions,
    organization_collectors,
    root_collector,
)
from auditor.cli.console import remark
from auditor.cli.processes import own_share, team_of
from auditor.cli.signals import heeded, leave_terminal
from auditor.collect import (
    Access,
    Collector,
    Collectors,
    Directory,
    Discovery,
    FileDirectory,
    Progress,
    Reached,
    Resume,
    RunPlan,
    RunState,
    collect,
    reach_accounts,
    read_accounts_file,
)
from auditor.collect.scope import Scope
from auditor.model import OU_TREE, Account, Caller, CatalogStamp
from auditor.settings import Settings
from auditor.store.files import check_writable
from auditor.store.snapshot import Snapshot


@dataclass(frozen=True)
class _Connection:
    """The open clients and what is made of them."""

    settings: Settings
    clients: Clients
    calls: Calls
    discovery: Discovery
    collectors: Collectors

    def enter(self, caller: Caller) -> Access:
        role = role_settings(self.settings, caller, self.collectors.accounts)
        return AwsAccess(self.clients, self.calls, role, caller)


def role_settings(settings: Settings, caller: Caller, collectors: Sequence[Collector]) -> RoleSettings:
    """How the role of an account is assumed, and no more than ``collectors`` need is done with it."""
    needed = [action for collector in collectors for action in collector.actions]
    return RoleSettings(
        name=settings.role,
        session_name=settings.session_name,
        duration=settings.session_duration,
        partition=settings.partition or caller.partition,
        external_id=settings.external_id,
        policy=session_policy(needed) if settings.session_policy else None,
        source_identity=settings.source_identity,
        tags=settings.session_tags,
    )


async def collect_from_aws(
    settings: Settings,
    kinds: Collection[str],
    progress: Progress,
    *,
    resume: Resume | None = None,
    catalog: CatalogStamp | None = None,
    state: RunState | None = None,
    at_once: Callable[[], None] = lambda: None,
) -> Snapshot:
    """Collect the ``kinds`` of evidence of the organization into a snapshot; see ``auditor.collect.collect``.

    The first Ctrl-C winds the run down, the second leaves; ``at_once`` says how to go on before it does. Whether the
    result can be written is found out before the first call, not after an hour.
    """
    listed = _accounts_of_file(settings)
    resume = resume or Resume()
    check_writable(resume.folder or settings.out)
    async with _connected(settings, listed, kinds, progress, own_share(settings)) as aws:
        team = team_of(settings, kinds, progress, aws.calls.statistics)
        return await collect(
            RunPlan(settings, aws.collectors, resume, catalog, team),
            aws.discovery,
            aws.enter,
            progress,
            stop=_stop_on_interrupt(progress, at_once),
            statistics=aws.calls.statistics,
            state=state,
        )


async def reach_in_aws(settings: Settings, progress: Progress, kinds: Collection[str] | None = None) -> list[Reached]:
    """Try every account's role and, with ``kinds``, all that collecting those takes; see ``reach_accounts``."""
    async with _connected(settings, _accounts_of_file(settings), kinds or (), progress) as aws:
        checker = None
        if kinds is not None:
            needed = account_actions(kinds), organization_actions(kinds)
            checker = Permissions(aws.clients, *needed, settings.regions)
        return await reach_accounts(
            aws.discovery,
            aws.enter,
            progress,
            checker,
            settings.account_timeout,
            root_audit=aws.collectors.root is not None,
        )


def _stop_on_interrupt(progress: Progress, at_once: Callable[[], None]) -> asyncio.Event:
    """An event that the first Ctrl-C, SIGTERM or SIGHUP sets.

    The journal is flushed line by line, so the second may just leave. SIGHUP comes from the kernel and from the shell
    when a terminal is closed, so a second one of those means nothing.
    """
    stop = asyncio.Event()

    def interrupted(number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            leave_terminal()
        elif stop.is_set():
            at_once()
            os._exit(130)
        if not stop.is_set():
            stop.set()
            progress.say("stopping: calls in flight have 10 seconds; press Ctrl-C again to stop at once")

    for number in heeded():
        asyncio.get_running_loop().add_signal_handler(number, interrupted, number)
    return stop


def _accounts_of_file(settings: Settings) -> list[Account] | None:
    if settings.accounts_file is None:
        return None
    return read_accounts_file(settings.accounts_file, (lambda _: None) if settings.quiet else remark)


@asynccontextmanager
async def _connected(
    settings: Settings,
    listed: list[Account] | None,
    kinds: Collection[str],
    progress: Progress,
    concurrency: int | None = None,
) -> AsyncIterator[_Connection]:
    async with open_clients(settings.profile, settings.region, settings.concurrency, progress.ask) as clients:
        calls = Calls(concurrency or settings.concurrency, say=progress.say)
        progress.watch(calls.statistics)
        aws = AwsDirectory(clients, calls, keep_tree=OU_TREE in kinds, say=progress.say)
        directory: Directory = aws
        if listed is not None:
            directory = FileDirectory(listed, aws)
            aws.listed.set_result([account.id for account in listed])
        discovery = Discovery(directory, Scope.of(settings), progress)
        collectors = Collectors(
            account_collectors(clients, settings, kinds),
            organization_collectors(clients, settings, kinds, aws),
            root_collector(clients, kinds),
        )
        yield _Connection(settings, clients, calls, discovery, collectors)
