"""Wires the AWS layer to the orchestrator."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from auditor.aws.assume import AwsAccess, RoleSettings, session_policy
from auditor.aws.calls import Calls
from auditor.aws.organization import AwsDirectory
from auditor.aws.session import Clients, open_clients
from auditor.cli.collectors import account_collectors, organization_collectors
from auditor.collect import (
    Access,
    Collector,
    Directory,
    Discovery,
    FileDirectory,
    Progress,
    Reached,
    collect,
    reach_accounts,
    read_accounts_file,
)
from auditor.files import check_writable
from auditor.model import OU_TREE, Account, Caller, CatalogStamp
from auditor.scope import Scope
from auditor.settings import Settings
from auditor.snapshot import Snapshot


@dataclass(frozen=True)
class _Connection:
    """The open clients and what is made of them."""

    settings: Settings
    clients: Clients
    calls: Calls
    discovery: Discovery
    collectors: Sequence[Collector]
    common: Sequence[Collector]

    def enter(self, caller: Caller) -> Access:
        return AwsAccess(self.clients, self.calls, self._role(caller), caller)

    def _role(self, caller: Caller) -> RoleSettings:
        settings = self.settings
        needed = [action for collector in self.collectors for action in collector.actions]
        return RoleSettings(
            name=settings.role,
            session_name=settings.session_name,
            duration=settings.session_duration,
            partition=settings.partition or caller.partition,
            external_id=settings.external_id,
            policy=session_policy(needed) if settings.session_policy else None,
        )


async def collect_from_aws(
    settings: Settings,
    kinds: Collection[str],
    progress: Progress,
    *,
    resume: Path | None = None,
    retry_gaps: bool = False,
    catalog: CatalogStamp | None = None,
) -> Snapshot:
    """Collect the ``kinds`` of evidence of the organization into a snapshot; see ``auditor.collect.collect``.

    The first Ctrl-C winds the run down, the second leaves at once. Whether the result can be written is found out
    before the first call, not after an hour.
    """
    listed = _listed(settings)
    check_writable(settings.out)
    async with _connected(settings, listed, kinds, progress) as aws:
        return await collect(
            settings,
            aws.discovery,
            aws.enter,
            aws.collectors,
            progress,
            common=aws.common,
            resume=resume,
            retry_gaps=retry_gaps,
            stop=_stop_on_interrupt(progress),
            statistics=aws.calls.statistics,
            catalog=catalog,
        )


async def reach_in_aws(settings: Settings, progress: Progress) -> list[Reached]:
    """Try every account's role; see ``auditor.collect.reach_accounts``."""
    async with _connected(settings, _listed(settings), (), progress) as aws:
        return await reach_accounts(aws.discovery, aws.enter, progress)


def _stop_on_interrupt(progress: Progress) -> asyncio.Event:
    """An event that the first Ctrl-C or SIGTERM sets.

    The journal is flushed line by line, so the second may just leave.
    """
    stop = asyncio.Event()

    def interrupted() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()
        progress.say("stopping: what is in flight has 10 seconds; Ctrl-C again leaves at once")

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted)
    return stop


def _listed(settings: Settings) -> list[Account] | None:
    return read_accounts_file(settings.accounts_file) if settings.accounts_file else None


@asynccontextmanager
async def _connected(
    settings: Settings, listed: list[Account] | None, kinds: Collection[str], progress: Progress
) -> AsyncIterator[_Connection]:
    async with open_clients(settings.profile, settings.region, settings.concurrency) as clients:
        calls = Calls(settings.concurrency)
        progress.watch(calls.statistics)
        aws = AwsDirectory(clients, calls, keep_tree=OU_TREE in kinds)
        directory: Directory = aws
        if listed is not None:
            directory = FileDirectory(listed, aws)
            aws.listed.set_result([account.id for account in listed])
        discovery = Discovery(directory, Scope.of(settings), progress)
        collectors = account_collectors(clients, settings, kinds)
        common = organization_collectors(clients, settings, kinds, aws)
        yield _Connection(settings, clients, calls, discovery, collectors, common)
