"""The loopback endpoint: takes every call, counts it, disturbs some, and hands the rest to their service."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from random import Random

from aiohttp import web

from auditor.sandbox.answers import Reply, code_of, failure, success
from auditor.sandbox.gates import Gates
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.sessions import Operation, Sessions
from auditor.sandbox.wire import AwsError, Call, CutShortError, NoAnswerError, read_call

# Lets a reset be a reset (RST), not a polite end of the connection.
_LINGER_NOT = struct.pack("ii", 1, 0)


class ConnectionLostError(Exception):
    """The connection breaks before an answer."""


class Disturbance:
    """Deals out throttles, 503s and resets by their rates; the n-th draw of a seed is always the same."""

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._rng = Random(f"{options.seed}:disturbance")
        self._any = options.throttle_rate + options.error_rate + options.reset_rate > 0

    def strike(self, call: Call) -> None:
        """Raise what this call has to suffer, if anything."""
        if not self._any or call.service not in self._options.disturbed:
            return
        draw = self._rng.random()
        if draw < self._options.reset_rate:
            raise ConnectionLostError
        draw -= self._options.reset_rate
        if draw < self._options.error_rate:
            raise AwsError("ServiceUnavailable", "Service is unable to handle request.", 503)
        if draw - self._options.error_rate < self._options.throttle_rate:
            raise AwsError("Throttling", "Rate exceeded")


class Endpoint:
    """One endpoint for all services; ``requests`` counts calls by operation, ``errors`` answers by code."""

    def __init__(
        self,
        options: SandboxOptions,
        sessions: Sessions,
        gates: Gates,
        services: Mapping[str, Mapping[str, Operation]],
        requests: Counter[str],
        errors: Counter[str],
    ) -> None:
        self._latency, self._disturbance = options.latency, Disturbance(options)
        self._sessions, self._gates, self._services = sessions, gates, services
        self._requests, self._errors = requests, errors
        self._number = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        call = read_call(request.headers, await request.read(), request.method, request.raw_path)
        self._requests[call.operation] += 1
        self._number += 1
        request_id = f"00000000-0000-4000-8000-{self._number:012x}"
        if self._latency:
            await asyncio.sleep(self._latency)
        try:
            reply = self._answer(call, request_id)
        except ConnectionLostError:
            self._errors["ConnectionReset"] += 1
            return _reset(request)
        except CutShortError as cut:
            self._errors["CutShort"] += 1
            return await _half(request, success(call, str(cut), request_id))
        except NoAnswerError:
            await asyncio.Event().wait()
            raise
        headers = {"Content-Type": reply.content_type, "x-amzn-RequestId": request_id}
        if reply.error_type:
            headers["x-amzn-ErrorType"] = reply.error_type
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    def _answer(self, call: Call, request_id: str) -> Reply:
        try:
            self._disturbance.strike(call)
            identity = self._sessions.identify(call)
            operation = self._services.get(call.service, {}).get(call.operation)
            if operation is None:
                raise AwsError("InvalidAction", f"Could not find operation {call.operation}")
            identity.require(call)
            self._gates.check(identity, call)
            return success(call, operation(identity, call), request_id)
        except AwsError as error:
            self._errors[code_of(call.service, error.code)] += 1
            return failure(call, error, request_id)


def _reset(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        request.transport.abort()
    return web.Response()


async def _half(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """The first half of an answer whose length is promised in full."""
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


@contextlib.asynccontextmanager
async def listening(endpoint: Endpoint, port: int = 0) -> AsyncIterator[str]:
    """Serve on the loopback interface while the context is open; yields the endpoint's URL."""
    server = web.Server(endpoint.handle, access_log=None, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
        host, bound = runner.addresses[0][:2]
        yield f"http://{host}:{bound}"
    finally:
        await runner.cleanup()
