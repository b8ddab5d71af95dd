"""The further processes of a run, played by tasks: who gets which account, and what becomes of lost ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiobotocore.credentials import AioCredentials

from auditor.aws.lending import BorrowedCredentials, Lender
from auditor.aws.statistics import RunStatistics
from auditor.collect.account_queue import AccountQueue
from auditor.collect.channel import Channel, ChannelClosedError, Message
from auditor.collect.team import ACCOUNT, ProcessFailedError, Team
from auditor.errors import EvidenceError, WrongAccountError
from auditor.model import Account

NO_FIGURES = {"calls": {}, "throttles": {}, "retries": 0, "seconds": {}, "peak_memory_mib": 1}
PLAN = {"concurrency": 100}
ACCOUNTS = [Account(f"{number:012d}") for number in range(1, 8)]


async def test_a_queue_ends_when_all_that_was_taken_is_done() -> None:
    queue = AccountQueue()
    queue.put(ACCOUNTS[0])
    first = await queue.take()
    queue.all_listed()
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done(), "the first may be put back"
    assert first
    queue.put_back(first)
    assert await waiting == first
    queue.done()
    assert [await queue.take(), await queue.take()] == [None, None]


async def test_a_queue_without_accounts_ends() -> None:
    queue = AccountQueue()
    waiting = [asyncio.create_task(queue.take()) for _ in range(3)]
    queue.all_listed()
    assert await asyncio.gather(*waiting) == [None, None, None]


class Desk:
    """Seven accounts."""

    snapshot = "reports/o-1"

    def __init__(self) -> None:
        self.queue, self.finished, self.given_up = AccountQueue(), list[str](), dict[str, str]()
        for account in ACCOUNTS:
            self.queue.put(account)
        self.queue.all_listed()

    async def take(self) -> Account | None:
        return await self.queue.take()

    def finish(self, account: Account, files: object, gaps: object) -> None:
        self.finished.append(account.id)
        self.queue.done()

    def give_back(self, account: Account) -> None:
        self.queue.put_back(account)

    def give_up(self, account: Account, error: EvidenceError) -> None:
        self.given_up[account.id] = error.code
        self.queue.done()


class Nobody:
    """Lends nothing."""

    def __init__(self, _access: object) -> None: ...
    async def lend(self, way: str, account: Account, expired: str) -> Message:
        return {"keys": [way, account.id, expired], "seconds": None}

    def forget(self, account_id: str) -> None: ...


Play = Callable[[Channel], Awaitable[None]]


class Played:
    """A process whose work is ``play``; it ends like one that is killed when that raises EOFError."""

    pid = 17

    def __init__(self, own: socket.socket, play: Play) -> None:
        self._task = asyncio.create_task(self._run(own, play))

    async def _run(self, own: socket.socket, play: Play) -> int:
        channel = Channel(_asked_nothing, lambda _: None)
        await channel.open(own)
        exchanging = asyncio.create_task(channel.run())
        try:
            await play(channel)
            channel.tell(done=True, statistics=NO_FIGURES)
        except EOFError:
            return -9
        finally:
            await channel.close()
            exchanging.cancel()
        return 0

    async def end(self) -> int:
        await asyncio.wait((self._task,), timeout=1)
        self._task.cancel()
        return self._task.result() if self._task.done() else -9


async def _asked_nothing(question: Message) -> Message:
    raise AssertionError(question)


async def worked(*plays: Play, plan: Message = PLAN) -> tuple[Desk, list[str]]:
    """What came of processes that play these, in the order in which they are started."""
    desk, said, waiting = Desk(), list[str](), list(plays)

    async def start(theirs: socket.socket) -> Any:
        return Played(theirs.dup(), waiting.pop(0))

    team = Team(len(plays), start, plan, Nobody, said.append, RunStatistics())
    async with asyncio.timeout(20):
        await team.work(desk, None)
    return desk, said


async def collect_all(channel: Channel) -> None:
    while (answer := await channel.ask(want="account"))["account"]:
        finish(channel, answer)


def finish(channel: Channel, answer: Message) -> None:
    channel.tell(finished=answer["account"]["id"], files=[], gaps=[], statistics=NO_FIGURES | {"retries": 1})


async def test_every_account_is_collected_by_one_of_them() -> None:
    desk, said = await worked(collect_all, collect_all)
    assert sorted(desk.finished) == [account.id for account in ACCOUNTS]
    assert not said


async def test_none_gets_many_more_than_the_others_however_early_it_asks() -> None:
    got: dict[str, list[str]] = {"early": [], "late": []}

    async def watch(channel: Channel) -> None:
        asking = [asyncio.create_task(channel.ask(want="account")) for _ in ACCOUNTS]
        await asyncio.sleep(0.2)
        assert sum(task.done() for task in asking) == 2, "as many as it may be ahead of the one that has none"
        while asking:
            answer = await asking.pop(0)
            if answer["account"]:
                got["early"].append(answer["account"]["id"])
                finish(channel, answer)

    async def late(channel: Channel) -> None:
        await asyncio.sleep(0.4)
        while (answer := await channel.ask(want="account"))["account"]:
            got["late"].append(answer["account"]["id"])
            finish(channel, answer)

    desk, said = await worked(watch, late, plan={"concurrency": 2})
    assert sorted(got["early"] + got["late"]) == sorted(desk.finished) == [account.id for account in ACCOUNTS]
    assert not said


async def test_each_is_told_the_plan_and_gets_credentials_of_its_own_accounts() -> None:
    async def play(channel: Channel) -> None:
        assert await channel.ask(want="plan") == PLAN
        answer = await channel.ask(want="account")
        assert answer["snapshot"] == "reports/o-1"
        account = ACCOUNT.validate_python(answer["account"])
        loan = await channel.ask(way="root", account=account.id, expired="old")
        assert loan["keys"] == ["root", account.id, "old"]
        finish(channel, answer)
        await collect_all(channel)

    desk, _ = await worked(play)
    assert len(desk.finished) == len(ACCOUNTS)


async def die_with_two(channel: Channel) -> None:
    for _ in range(2):
        await channel.ask(want="account")
    raise EOFError


async def test_accounts_of_one_that_ends_go_to_the_others() -> None:
    desk, said = await worked(die_with_two, collect_all)
    assert sorted(desk.finished) == [account.id for account in ACCOUNTS]
    assert said == ["collecting process 17 ended unexpectedly (signal 9) with 2 accounts; the run goes on without it"]


async def test_accounts_that_were_lost_twice_are_gaps_and_the_rest_is_for_the_first_process() -> None:
    async def die_with_all(channel: Channel) -> None:
        for _ in ACCOUNTS[2:]:
            await channel.ask(want="account")
        lost = [await channel.ask(want="account") for _ in range(2)]
        assert len(lost) == 2
        raise EOFError

    async def die_later(channel: Channel) -> None:
        await asyncio.sleep(0.2)  # until the other has ended with all of them
        await die_with_two(channel)

    desk, said = await worked(die_with_all, die_later)
    assert desk.given_up == {ACCOUNTS[0].id: "ProcessEnded", ACCOUNTS[1].id: "ProcessEnded"}
    assert len(said) == 2
    rest = [await desk.take() for _ in ACCOUNTS[2:]]
    assert [account and account.id for account in rest] == [account.id for account in ACCOUNTS[2:]]


async def test_a_message_that_breaks_off_is_the_end_of_a_process() -> None:
    async def break_off(channel: Channel) -> None:
        await channel.ask(want="account")
        assert channel._writer
        channel._writer.write(b'{"tell": {"finished": "0000')
        raise EOFError

    desk, said = await worked(break_off, collect_all)
    assert sorted(desk.finished) == [account.id for account in ACCOUNTS]
    assert len(said) == 1


@pytest.mark.parametrize(
    ("name", "expected"), [("WrongAccountError", WrongAccountError), ("KeyError", ProcessFailedError)]
)
async def test_what_must_end_the_run_does(name: str, expected: type[Exception]) -> None:
    async def fail(channel: Channel) -> None:
        channel.tell(failed=name, message="mixed up")
        await asyncio.sleep(60)

    with pytest.RaisesGroup(expected, flatten_subgroups=True):
        await worked(fail)


async def test_nobody_waits_for_an_answer_of_one_that_has_ended() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(_asked_nothing, lambda _: None)
    await channel.open(ours)
    exchanging = asyncio.create_task(channel.run())
    asking = asyncio.create_task(channel.ask(want="anything"))
    await asyncio.sleep(0)
    theirs.close()
    with pytest.raises(ChannelClosedError):
        await asking
    await exchanging
    with pytest.raises(ChannelClosedError):
        channel.tell(say="anything")


class Source:
    """Credentials that are others each time they are renewed, but for the last."""

    def __init__(self, *keys: str) -> None:
        self._keys, self.asked = list(keys), 0

    @property
    def seconds_of_use(self) -> float:
        return 60.0

    async def current(self) -> AioCredentials:
        return AioCredentials(self._keys[0], "secret", "token")

    async def renewed(self, _expired: AioCredentials) -> AioCredentials:
        self.asked += 1
        self._keys = self._keys[1:] or self._keys
        return await self.current()


class Opened:
    def __init__(self, source: Source) -> None:
        self.source = source


def borrowed(source: Source | EvidenceError) -> BorrowedCredentials:
    class Access:
        async def open(self, _account: Account) -> Opened:
            if isinstance(source, EvidenceError):
                raise source
            return Opened(source)

    access: Any = Access()
    lender = Lender(access)

    async def borrow(way: str, account_id: str, expired: str) -> Any:
        return await lender.lend(way, Account(account_id), expired)

    return BorrowedCredentials(borrow, "role", ACCOUNTS[0].id)


async def test_credentials_are_borrowed_once_and_renewed_together() -> None:
    source = Source("first", "second")
    credentials = borrowed(source)
    first = await credentials.current()
    assert await credentials.current() is first
    renewed = await asyncio.gather(credentials.renewed(first), credentials.renewed(first))
    assert [c.access_key for c in renewed] == ["second", "second"]
    assert source.asked == 1


async def test_credentials_that_cannot_be_renewed_are_the_same_ones() -> None:
    credentials = borrowed(Source("only"))
    first = await credentials.current()
    assert await credentials.renewed(first) is first


async def test_why_there_are_none_is_told_as_it_is_in_one_process() -> None:
    with pytest.raises(EvidenceError) as caught:
        await borrowed(EvidenceError("assume", "AccessDenied", "no", "r-1")).current()
    error = caught.value
    assert (error.stage, error.code, error.message, error.request_id) == ("assume", "AccessDenied", "no", "r-1")
