"""Who goes first when there are more calls than slots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from auditor.aws.slots import Slots
from tests.virtual_clock import at_once


@asynccontextmanager
async def taken(slots: Slots, *, patient: bool = False) -> AsyncIterator[None]:
    await slots.acquire(patient=patient)
    try:
        yield
    finally:
        slots.release()


async def holding(slots: Slots, name: str, order: list[str], *, patient: bool = False) -> None:
    async with taken(slots, patient=patient):
        order.append(name)
        await asyncio.sleep(0)


async def test_no_more_than_the_number_hold_one_at_a_time() -> None:
    slots, held, most = Slots(3), 0, 0

    async def hold() -> None:
        nonlocal held, most
        async with taken(slots):
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            held -= 1

    await asyncio.gather(*(hold() for _ in range(20)))
    assert (held, most) == (0, 3)


async def test_the_patient_let_all_others_pass_and_keep_their_own_order() -> None:
    slots, order = Slots(1), list[str]()
    async with asyncio.TaskGroup() as group:
        for name, patient in (("first", False), ("look 1", True), ("look 2", True), ("start 1", False)):
            group.create_task(holding(slots, name, order, patient=patient))
    assert order == ["first", "start 1", "look 1", "look 2"]


def test_neither_class_waits_without_end_for_the_other() -> None:
    """A minute in which either class alone would fill the slots: patient calls wait ten seconds, then both go on."""
    waited: dict[bool, list[float]] = {False: [], True: []}

    async def caller(slots: Slots, clock: Callable[[], float], *, patient: bool) -> None:
        while (began := clock()) < 60:
            async with taken(slots, patient=patient):
                waited[patient].append(clock() - began)
                await asyncio.sleep(0.5)

    async def main() -> None:
        slots, clock = Slots(4), asyncio.get_running_loop().time
        callers = (caller(slots, clock, patient=number % 2 == 0) for number in range(60))
        await asyncio.gather(*callers)

    at_once(main())
    assert 10 <= max(waited[True]) <= 20
    assert max(waited[False]) <= 20
    assert len(waited[True]) > 60
    assert len(waited[False]) > 60


async def test_a_slot_is_not_lost_when_who_waits_for_it_gives_up() -> None:
    slots, order = Slots(1), list[str]()
    async with taken(slots):
        gone = asyncio.create_task(holding(slots, "gone", order))
        handed = asyncio.create_task(holding(slots, "handed over", order))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    handed.cancel()  # the slot is its own already, but it has not run since
    for task in (gone, handed):
        with suppress(asyncio.CancelledError):
            await task
    await asyncio.wait_for(holding(slots, "next", order), timeout=1)
    assert order == ["next"]
