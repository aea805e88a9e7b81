"""Streaming answers: server-sent events, and work that ends when the client goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Send

from tektrad.api.render import describe, encode

T = TypeVar("T")
BEAT_S = 15.0
"""Seconds after which a silent stream says that it still is."""


def data_line(event: object) -> bytes:
    """One server-sent event."""
    return b"data: " + encode(event) + b"\n\n"


def place_line(place: str) -> bytes:
    """How far a stream is: no event, but where a client that comes back would go on."""
    return f": still here\nid: {place}\n\n".encode()


def placed_line(place: str, event: object) -> bytes:
    """One server-sent event with the id to come back with."""
    return f"id: {place}\n".encode() + data_line(event)


async def within_beat(work: Awaitable[T]) -> T | None:
    """What is waited for; None when it is time for a sign of life instead, and the waiting is over then."""
    try:
        async with asyncio.timeout(BEAT_S):
            return await work
    except TimeoutError:
        return None


class EventStream(StreamingResponse):
    """A stream of byte chunks whose source is closed whatever happens, also when the client goes away."""

    def __init__(self, source: AsyncGenerator[bytes, None]) -> None:
        super().__init__(source, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._source = source

    async def stream_response(self, send: Send) -> None:
        """Send all chunks, then close the source."""
        try:
            await super().stream_response(send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._source.aclose()


async def typed_events(events: AsyncGenerator[object, None]) -> AsyncGenerator[bytes, None]:
    """The `/api` form: one typed object a line; an error becomes the last event."""
    async with aclosing(events) as source:
        try:
            async for event in source:
                yield data_line(event)
        except Exception as error:  # noqa: BLE001  the stream has begun: the error can only be an event of it
            yield data_line({"type": "error", "error": describe(error)})


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Run `work` and cancel it when the client goes away; raises ClientDisconnect then."""
    task = asyncio.ensure_future(work)
    watch = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait([task, watch], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for each in (task, watch):
            if not each.done():
                each.cancel()
                await asyncio.wait([each])


async def _disconnected(request: Request) -> None:
    await request.body()  # what is still unread of the body comes before the disconnect
    while (await request.receive())["type"] != "http.disconnect":
        pass
