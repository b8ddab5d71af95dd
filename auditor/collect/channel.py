"""Messages between the processes of a run: one JSON object a line, over a socket that only the two of them have."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = Mapping[str, Any]
Handle = Callable[[Message], Awaitable[Message]]
"""Answers what the other side asks."""

_LONGEST = 64 << 20  # bytes of one message: gaps quote what AWS says


class ChannelClosedError(Exception):
    """The other process has ended."""


class Channel:
    """``ask`` waits for the other side's answer, ``tell`` does not. ``hear`` gets what is told, in its order."""

    def __init__(self, handle: Handle, hear: Callable[[Message], None]) -> None:
        self._handle, self._hear = handle, hear
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def ask(self, **question: Any) -> Message:
        """Raises ChannelClosedError when the other side ends before it answers."""
        number = next(self._numbers)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._send({"ask": question, "number": number})
            return await answer
        finally:
            self._waiting.pop(number, None)

    def tell(self, **message: Any) -> None:
        self._send({"tell": message})

    async def open(self, own: socket.socket) -> None:
        """Take over this process's end of the socket."""
        self._reader, self._writer = await asyncio.open_connection(sock=own, limit=_LONGEST)

    async def run(self) -> None:
        """Exchange messages until the other side closes its end. Raises what answering or hearing raises."""
        assert self._reader  # noqa: S101 -- opened before
        try:
            async with asyncio.TaskGroup() as group:
                with contextlib.suppress(ConnectionError):  # it was killed: as if it had ended by itself
                    while (line := await self._reader.readline()).endswith(b"\n"):  # else it ended in the middle
                        self._received(json.loads(line), group)
                for task in list(self._answering):  # nobody waits for these answers any more
                    task.cancel()
        finally:
            await self.close()

    async def close(self) -> None:
        """Send what is still to be sent, and no more."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ChannelClosedError())
        if self._writer:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def _received(self, message: Message, group: asyncio.TaskGroup) -> None:
        if "tell" in message:
            self._hear(message["tell"])
        elif "ask" in message:
            task = group.create_task(self._answer(message["number"], message["ask"]))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif (waiting := self._waiting.get(message["number"])) and not waiting.done():
            waiting.set_result(message["answer"])

    async def _answer(self, number: int, question: Message) -> None:
        answer = await self._handle(question)
        with contextlib.suppress(ChannelClosedError):
            self._send({"answer": answer, "number": number})

    def _send(self, message: Message) -> None:
        if self._writer is None or self._writer.is_closing():
            raise ChannelClosedError
        self._writer.write(json.dumps(message).encode() + b"\n")
