"""Wires the AWS layer to the orchestrator."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

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
    of_root: Collector | None

    def enter(self, caller: Caller) -> Access:
        return AwsAccess(self.clients, self.calls, role_settings(self.settings, caller, self.collectors), caller)


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
            of_root=aws.of_root,
            resume=resume,
            retry_gaps=retry_gaps,
            stop=_stop_on_interrupt(progress),
            statistics=aws.calls.statistics,
            catalog=catalog,
        )


async def reach_in_aws(settings: Settings, progress: Progress, kinds: Collection[str] | None = None) -> list[Reached]:
    """Try every account's role and, with ``kinds``, all that collecting those takes; see ``reach_accounts``."""
    async with _connected(settings, _listed(settings), kinds or (), progress) as aws:
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
            root_audit=aws.of_root is not None,
        )


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
    async with open_clients(settings.profile, settings.region, settings.concurrency, progress.ask) as clients:
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
        of_root = root_collector(clients, kinds)
        yield _Connection(settings, clients, calls, discovery, collectors, common, of_root)
