"""The loopback endpoint: takes every call, counts it, disturbs some, and hands the rest to their service."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import web

from auditor.sandbox.answers import Reply, failure, success
from auditor.sandbox.denials import Gates
from auditor.sandbox.disturbance import ConnectionLostError, Disturbance, RateLimits, UnknownServiceError
from auditor.sandbox.operations import Operation, Request, Served
from auditor.sandbox.services import CLIENTS, OPERATIONS
from auditor.sandbox.shapes import operation_model, read_parameters
from auditor.sandbox.wire import AwsError, Call, CutShortError, NoAnswerError, read_call

# Lets a reset be a reset (RST), not a polite end of the connection.
_LINGER_NOT = struct.pack("ii", 1, 0)
_ERROR_PAGE = "<!doctype html><html lang=en><title>500 Internal Server Error</title><h1>Internal Server Error</h1>"


class Endpoint:
    """One endpoint for all services; ``requests`` counts calls by operation, ``errors`` answers by code."""

    def __init__(self, served: Served, gates: Gates, requests: Counter[str], errors: Counter[str]) -> None:
        options = served.box.options
        self._latency, self._disturbance = options.latency, Disturbance(options)
        self._limits = RateLimits(options.rates)
        self._served, self._gates = served, gates
        self._requests, self._errors = requests, errors
        self._number = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        call = read_call(CLIENTS, request.headers, await request.read(), request.method, request.raw_path)
        self._requests[call.operation] += 1
        self._number += 1
        request_id = f"00000000-0000-4000-8000-{self._number:012x}"
        if self._latency:
            await asyncio.sleep(self._latency)
        try:
            reply = self._reply(call, request_id)
        except ConnectionLostError:
            self._errors["ConnectionReset"] += 1
            return _reset(request)
        except CutShortError as cut:
            self._errors["CutShort"] += 1
            return await _half(request, self._success(call, cut.answer, request_id))
        except UnknownServiceError:
            self._errors["UnknownService"] += 1
            return web.Response(status=500, text=_ERROR_PAGE, content_type="text/html")
        except NoAnswerError:
            await asyncio.Event().wait()
            raise
        headers = {"Content-Type": reply.content_type, "x-amzn-RequestId": request_id}
        if reply.code:
            headers["x-amzn-ErrorType"] = reply.code
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    def _reply(self, call: Call, request_id: str) -> Reply:
        try:
            answer = self._answer(call)
        except AwsError as error:
            reply = failure(CLIENTS.get(call.service, ""), call.operation, error, request_id)
            self._errors[reply.code] += 1
            return reply
        return self._success(call, answer, request_id)

    def _success(self, call: Call, answer: Mapping[str, Any], request_id: str) -> Reply:
        return success(CLIENTS[call.service], call.operation, answer, request_id)

    def _answer(self, call: Call) -> Mapping[str, Any]:
        self._disturbance.strike(call)
        identity = self._served.sessions.identify(call)
        self._limits.check(identity, call)
        operation = OPERATIONS.get((call.service, call.operation))
        if operation is None:
            raise AwsError("InvalidAction", f"Could not find operation {call.operation}")
        identity.require(call)
        self._gates.check(identity, operation, call.region)
        if operation.is_for_readers:
            self._served.readers.require(identity.account_id)
        return operation.answer(Request(self._served, identity, call, _parameters(operation, call)))


def _parameters(operation: Operation, call: Call) -> dict[str, Any]:
    try:
        return read_parameters(operation_model(operation.client, operation.name), call.given)
    except ValueError as error:
        raise AwsError("ValidationError", str(error)) from None


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
