"""An endpoint that stands between a boxed organization and the auditor, and does not always tell the truth."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp import web

Lie = Callable[[str, bytes], bytes | AsyncIterator[bytes]]
"""From the name of an operation and the honest answer to another, or to one that comes in pieces."""
_HOPS = {"content-length", "transfer-encoding", "connection", "content-encoding"}


@contextmanager
def lying(honest: str, lie: Lie) -> Iterator[str]:
    """Serve on the loopback, in a thread; yields the endpoint's URL."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    served: list[str] = []

    async def begin() -> web.AppRunner:
        app = web.Application()

        async def answer(request: web.Request) -> web.StreamResponse:
            return await _answered(request, honest, lie)

        app.router.add_route("*", "/{any:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        served.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        ready.set()
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(begin())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10), "the endpoint does not come up"
    try:
        yield served[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _answered(request: web.Request, honest: str, lie: Lie) -> web.StreamResponse:
    body = await request.read()
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOPS}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(request.method, f"{honest}{request.raw_path}", data=body, headers=headers) as answer,
    ):
        told = lie(_operation(request, body), await answer.read())
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOPS}
        if isinstance(told, bytes):
            return web.Response(status=answer.status, headers=kept, body=told)
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        async for piece in told:
            await response.write(piece)
        return response


def _operation(request: web.Request, body: bytes) -> str:
    """``ListAccounts``, whichever protocol the service speaks."""
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    pairs = dict(pair.partition("=")[::2] for pair in body.decode("latin-1").split("&"))
    return pairs.get("Action", request.path)
