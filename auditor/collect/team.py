"""The further processes of a run, seen from the first one, which hands out accounts and credentials."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from pydantic import TypeAdapter

from auditor.aws.events import LOGGER
from auditor.aws.statistics import RunStatistics
from auditor.collect.channel import Channel, Message
from auditor.errors import AuditorError, EvidenceError, SnapshotError, WrongAccountError
from auditor.model import Account, EvidenceFile, EvidenceGap

PROCESS_ENDED = "ProcessEnded"
_MOST_LOSSES = 2
"""So often an account may be in a process that ends before it is done: it may be what ends them."""
FILES: TypeAdapter[tuple[EvidenceFile, ...]] = TypeAdapter(tuple[EvidenceFile, ...])
GAPS: TypeAdapter[tuple[EvidenceGap, ...]] = TypeAdapter(tuple[EvidenceGap, ...])
ACCOUNT: TypeAdapter[Account] = TypeAdapter(Account)
_ERRORS: Mapping[str, type[AuditorError]] = {error.__name__: error for error in (SnapshotError, WrongAccountError)}


class ProcessFailedError(RuntimeError):
    """A mistake in the program, met in another process."""


class Process(Protocol):
    """One further process."""

    @property
    def pid(self) -> int: ...

    async def end(self) -> int | None:
        """End it, if it has not ended by itself; its exit code, negative for a signal."""


class Lender(Protocol):
    """Gets credentials for accounts that another process collects."""

    async def lend(self, way: str, account: Account, expired: str) -> Mapping[str, Any]: ...
    def forget(self, account_id: str) -> None: ...


class Desk(Protocol):
    """What the run does for its processes."""

    async def take(self) -> Account | None:
        """The next account, None when there will be no other."""

    def finish(self, account: Account, files: tuple[EvidenceFile, ...], gaps: tuple[EvidenceGap, ...]) -> None: ...
    def give_back(self, account: Account) -> None:
        """Somebody else has to collect it."""

    def give_up(self, account: Account, error: EvidenceError) -> None:
        """Nobody collects it in this run."""

    @property
    def snapshot(self) -> str:
        """The path of the snapshot's folder."""


@dataclass(frozen=True)
class Team:
    """``count`` processes, which ``start`` starts with their end of a socket. ``plan`` is what each is told first; its
    ``concurrency`` is how many calls each may make at the same time."""

    count: int
    start: Callable[[socket.socket], Awaitable[Process]]
    plan: Mapping[str, Any]
    lender: Callable[[Any], Lender]
    say: Callable[[str], None]
    statistics: RunStatistics

    async def work(self, desk: Desk, access: Any) -> None:
        """Let the processes collect; returns when there is nothing left to collect, or nobody to do it."""
        shared = _Shared(desk, self.lender(access), _Balance(self.count, self.plan["concurrency"]))
        async with asyncio.TaskGroup() as group:
            for number in range(self.count):
                group.create_task(_Member(self, number, shared).work())


class _Balance:
    """How many accounts each process has: none gets many more than the others, however early it asks for them."""

    def __init__(self, count: int, most_ahead: int) -> None:
        self._most_ahead = most_ahead
        self._accounts = dict.fromkeys(range(count), 0)
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def turn(self, number: int) -> None:
        """Wait until the process may have another account; one call at a time for each process."""
        while not self._is_next(number):
            self._waiting[number] = asyncio.get_running_loop().create_future()
            await self._waiting[number]

    def count(self, number: int, accounts: int) -> None:
        self._accounts[number] = accounts
        self._wake()

    def leave(self, number: int) -> None:
        """The process has ended."""
        self._accounts.pop(number, None)
        self._wake()

    def _is_next(self, number: int) -> bool:
        return self._accounts[number] < min(self._accounts.values()) + self._most_ahead

    def _wake(self) -> None:
        for number in [number for number in self._waiting if number in self._accounts and self._is_next(number)]:
            waiting = self._waiting.pop(number)
            if not waiting.done():
                waiting.set_result(None)


@dataclass(frozen=True)
class _Shared:
    """What all processes have in common; ``losses`` counts how often an account was lost with its process."""

    desk: Desk
    lender: Lender
    balance: _Balance
    losses: Counter[str] = field(default_factory=Counter)


class _Member:
    """One process, and the accounts that it has."""

    def __init__(self, team: Team, number: int, shared: _Shared) -> None:
        self._team, self._number, self._shared = team, number, shared
        self._desk, self._lender = shared.desk, shared.lender
        self._accounts: dict[str, Account] = {}
        self._door = asyncio.Lock()
        self._channel = Channel(self._answer, self._hear)
        self._is_done = False

    async def work(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            process = await self._team.start(theirs)
        finally:
            theirs.close()
        try:
            await self._channel.open(ours)
            await self._channel.run()
        finally:
            self._shared.balance.leave(self._number)
            code = await process.end()
        if not self._is_done:
            self._replace(process.pid, code)

    def _replace(self, pid: int, code: int | None) -> None:
        """The process has ended before its work did."""
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        many = f"{len(self._accounts)} account" + ("" if len(self._accounts) == 1 else "s")
        self._team.say(f"collecting process {pid} ended unexpectedly ({how}) with {many}; the run goes on without it")
        for account in self._accounts.values():
            self._lender.forget(account.id)
            self._shared.losses[account.id] += 1
            if self._shared.losses[account.id] < _MOST_LOSSES:
                self._desk.give_back(account)
            else:
                text = f"{_MOST_LOSSES} processes that collected this account ended before it was done ({how})"
                self._desk.give_up(account, EvidenceError("collect", PROCESS_ENDED, text))

    async def _answer(self, question: Message) -> Message:
        match question:
            case {"want": "plan"}:
                return self._team.plan
            case {"want": "account"}:
                return await self._hand_out()
            case {"way": way, "account": account_id, "expired": expired}:
                return await self._lender.lend(way, self._accounts[account_id], expired)
        raise ProcessFailedError(f"a process asked {question!r}")

    async def _hand_out(self) -> Message:
        async with self._door:
            await self._shared.balance.turn(self._number)
            account = await self._desk.take()
            if account is None:
                return {"account": None}
            self._accounts[account.id] = account
            self._shared.balance.count(self._number, len(self._accounts))
        return {"account": ACCOUNT.dump_python(account, mode="json"), "snapshot": self._desk.snapshot}

    def _hear(self, told: Message) -> None:
        match told:
            case {"finished": account_id, "files": files, "gaps": gaps, "statistics": counted}:
                self._team.statistics.add(self._number, counted)
                self._lender.forget(account_id)
                account = self._accounts.pop(account_id)
                self._shared.balance.count(self._number, len(self._accounts))
                self._desk.finish(account, FILES.validate_python(files), GAPS.validate_python(gaps))
            case {"done": True, "statistics": counted}:
                self._team.statistics.add(self._number, counted)
                self._is_done = True
            case {"say": sentence}:
                self._team.say(sentence)
            case {"logger": name, "level": level, "message": message, "fields": fields}:
                _log(name, level, message, fields)
            case {"failed": name, "message": message}:
                raise _ERRORS.get(name, partial(ProcessFailedError, name))(message)


def _log(name: str, level: int, message: str, fields: Mapping[str, Any] | None) -> None:
    """Log here what was logged there: an event with its fields, or what another library warns of."""
    if fields is not None:
        LOGGER.log(level, message, extra={"fields": fields})
    else:
        logging.getLogger(name).log(level, "%s", message)
