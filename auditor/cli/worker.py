"""A further process of a run, as ``auditor.cli.processes`` starts it: its argument is the number of its socket."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import traceback
from typing import Any

from auditor.aws.calls import Calls
from auditor.aws.events import LOGGER
from auditor.aws.lending import BorrowedAccess, Loan
from auditor.aws.session import open_account_clients
from auditor.cli.collectors import account_collectors, root_collector
from auditor.cli.loop import run_async
from auditor.collect import Collectors
from auditor.collect.channel import Channel, ChannelClosedError, Message
from auditor.collect.worker import AccountWorker
from auditor.errors import AuditorError
from auditor.settings import Settings, load_settings


def main() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):  # whoever started this process is told, and ends it
        signal.signal(number, signal.SIG_IGN)
    run_async(_work(socket.socket(fileno=int(sys.argv[1]))))


async def _work(own: socket.socket) -> None:
    channel = Channel(_answer_nothing, lambda _: None)
    await channel.open(own)
    exchanging, collecting = asyncio.create_task(channel.run()), asyncio.create_task(_collect(channel))
    await asyncio.wait((exchanging, collecting), return_when=asyncio.FIRST_COMPLETED)
    if exchanging.done():  # nobody is there any more to whom the rest would matter
        os._exit(1)
    if error := collecting.exception():
        _tell_failure(channel, error)
    await channel.close()
    exchanging.cancel()


async def _collect(channel: Channel) -> None:
    plan = await channel.ask(want="plan")
    _forward_log(channel, plan["level"])
    settings = load_settings(None, plan["settings"], read_file=False)
    await _collect_with(channel, settings, plan["kinds"], plan["concurrency"])


async def _collect_with(channel: Channel, settings: Settings, kinds: list[str], concurrency: int) -> None:
    async def borrow(way: str, account_id: str, expired: str) -> Loan:
        return await channel.ask(way=way, account=account_id, expired=expired)

    async with open_account_clients(settings.profile, settings.region, concurrency) as clients:
        calls = Calls(concurrency, say=lambda sentence: channel.tell(say=sentence))
        collectors = Collectors(account_collectors(clients, settings, kinds), root=root_collector(clients, kinds))
        access = BorrowedAccess(calls, borrow)
        worker = AccountWorker(channel, access, collectors, settings.account_timeout, calls.statistics)
        await worker.work(concurrency)


async def _answer_nothing(question: Message) -> Message:
    raise NotImplementedError(f"nobody asks this process anything: {question!r}")


def _tell_failure(channel: Channel, error: BaseException) -> None:
    """The first mistake of all: one is told, as in a run of one process."""
    while isinstance(error, BaseExceptionGroup):
        own = error.subgroup(AuditorError)
        error = (own or error).exceptions[0]
    is_own = isinstance(error, AuditorError)
    message = str(error) if is_own else "".join(traceback.format_exception(error))
    channel.tell(failed=type(error).__name__, message=message)


class _Forwarding(logging.Handler):
    """Hands what is logged here to the first process."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] | None = getattr(record, "fields", {}) if record.name == LOGGER.name else None
        try:
            self._channel.tell(logger=record.name, level=record.levelno, message=record.getMessage(), fields=fields)
        except ChannelClosedError:
            self.handleError(record)


def _forward_log(channel: Channel, level: int | None) -> None:
    """``level``: of the events that somebody listens to there; None where nobody does."""
    LOGGER.setLevel(logging.CRITICAL + 1 if level is None else level)
    logging.getLogger().addHandler(_Forwarding(channel))
    logging.captureWarnings(True)
