"""Who goes first when there are more calls than slots."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from auditor.aws.slots import Slots


async def holding(slots: Slots, name: str, order: list[str], *, patient: bool = False) -> None:
    async with slots.taken(patient=patient):
        order.append(name)
        await asyncio.sleep(0)


async def test_no_more_than_the_number_hold_one_at_a_time() -> None:
    slots, held, most = Slots(3), 0, 0

    async def hold() -> None:
        nonlocal held, most
        async with slots.taken():
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


async def test_a_slot_is_not_lost_when_who_waits_for_it_gives_up() -> None:
    slots, order = Slots(1), list[str]()
    async with slots.taken():
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
