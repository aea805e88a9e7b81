"""A session with one MCP server, from its start to its end: the only file that knows the library that speaks MCP.

The library is loaded, in a thread, when the first server is spoken with: it takes a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from tektrad.errors import McpFailed
from tektrad.mcp.answer import Answer, answer
from tektrad.mcp.definitions import MOST_TOOLS, Definition, visible
from tektrad.mcp.program import Flood, Spoken
from tektrad.mcp.server import Server

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client import Transport

T = TypeVar("T")
Opening = Callable[["Session"], AbstractAsyncContextManager["Transport"]]
MOST_JUNK = 20
"""Lines that are no message: some programs greet before they speak."""
MOST_PAGES = 32
STOP_S = 5.0
_WORDS = 500


class Session:
    """One server that was started, or is connected; its calls may come at the same time."""

    def __init__(self, server: Server, opening: Opening) -> None:
        self._server = server
        self._client: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._wanted = asyncio.Event()
        self._closing = asyncio.Event()
        self._heard: Callable[[], object] = str
        self._broken: Callable[[], str] = str
        self.calls = 0
        """How many are under way."""
        self.is_stale = False
        """Whether it has said that it offers something else now."""
        self.why = ""
        """What ended it."""
        self._task = asyncio.create_task(self._lived(opening))

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._closing.is_set() or self._task.done()

    async def definitions(self) -> list[Definition]:
        """All that it offers; raises McpFailed."""
        return await self._asked(self._listed)

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool; raises McpFailed."""
        return await self._asked(lambda client: self._called(client, tool, arguments))

    async def stop(self) -> None:
        """End it."""
        self._closing.set()
        if self._client.done():
            await asyncio.wait([self._task], timeout=STOP_S)
        self._task.cancel()
        await asyncio.wait([self._task])

    def end(self, why: str) -> None:
        """Let it end; the first reason counts."""
        self.why = self.why or why
        self._closing.set()

    def counts(self, heard: Callable[[], None], broken: Callable[[], str]) -> None:
        """Call `heard` whenever an answer is asked for; `broken` says what the last trouble was on the way."""
        self._heard, self._broken = heard, broken

    @contextlib.asynccontextmanager
    async def lines(self, spoken: Spoken) -> AsyncIterator[Any]:
        """A program's lines as the library's streams of messages."""
        from mcp.shared.message import SessionMessage

        into, read = anyio.create_memory_object_stream[Any](0)
        write, out = anyio.create_memory_object_stream[Any](0)

        async def hear() -> None:
            from mcp_types import jsonrpc_message_adapter

            junk = 0
            async with into:
                try:
                    while (line := await self._next(spoken)) is not None:
                        try:
                            message = SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
                        except ValueError:
                            junk += bool(line.strip())
                            if junk > MOST_JUNK:
                                raise Flood(f"what it says is no JSON-RPC: {_shown(line)}") from None
                            continue
                        await into.send(message)
                except Flood as error:
                    self.end(str(error))
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    return
                self.end(spoken.why)

        async def speak() -> None:
            async with out:
                async for message in out:
                    text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                    await spoken.say(text.encode() + b"\n")

        async def watch() -> None:
            await spoken.ended()
            self.end(spoken.why)

        self.counts(spoken.asked, lambda: spoken.why)
        async with anyio.create_task_group() as group:
            for work in (hear, speak, watch):
                group.start_soon(work)
            try:
                yield read, write
            finally:
                group.cancel_scope.cancel()
                for stream in (into, read, write, out):
                    stream.close()

    async def _next(self, spoken: Spoken) -> bytes | None:
        """The next line, as long as somebody wants an answer."""
        await self._wanted.wait()
        return await spoken.line()

    async def _lived(self, opening: Opening) -> None:
        try:
            import mcp

            self._wanted.set()
            async with opening(self) as transport:
                client = mcp.Client(transport, cache=None, message_handler=self._told)
                async with client:
                    self._client.set_result(client)
                    self._rest()
                    await self._closing.wait()
        except Exception as error:  # noqa: BLE001  whatever a library makes of what a hostile server says
            self.why = self.why or _reason(error)
        finally:
            self._closing.set()
            if not self._client.done():
                self._client.cancel()

    async def _asked(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Something that needs an answer, within the server's time; an end of the session ends it too."""
        self.calls += 1
        self._wanted.set()
        self._heard()
        asking = asyncio.ensure_future(self._work(work))
        try:
            await asyncio.wait([asking, self._task], timeout=self._server.timeout, return_when=asyncio.FIRST_COMPLETED)
            if asking.done() and not asking.cancelled() and asking.exception() is None:
                return asking.result()
            raise await self._failure(asking)
        finally:
            asking.cancel()
            self.calls -= 1
            self._rest()

    async def _work(self, work: Callable[[Client], Awaitable[T]]) -> T:
        return await work(await asyncio.shield(self._client))

    async def _failure(self, asking: asyncio.Future[Any]) -> McpFailed:
        name = self._server.name
        if not asking.done() and not self._task.done():
            self.end("it was too slow")
            return McpFailed(f"{name} did not answer within {self._server.timeout:g} s", "Try it again.")
        error = None if not asking.done() or asking.cancelled() else asking.exception()
        if self._closing.is_set() or error is None:
            await asyncio.wait([self._task], timeout=STOP_S)
            return McpFailed(f"{name} gives no answer: {self.why or 'it has ended'}")
        said = _refusal(error)
        if said is None:
            self.end("it says what nobody understands")
            return McpFailed(f"{name} says what nobody understands: {_reason(error)}")
        if said:
            return McpFailed(f"{name} refuses: {said}")
        self.end(self._broken())
        return McpFailed(f"{name} gives no answer: {self.why}")

    async def _listed(self, client: Client) -> list[Definition]:
        from mcp_types import ListToolsRequest, ListToolsResult, PaginatedRequestParams

        found: list[Definition] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            params = PaginatedRequestParams(cursor=cursor) if cursor is not None else None
            # Not by the session's own method: it would keep the schemas, and check answers by them, for as long as
            # a hostile one takes, and fetch what they name.
            page = await client.session.send_request(ListToolsRequest(params=params), ListToolsResult)
            found += [
                _definition(tool.model_dump(mode="json", by_alias=True, exclude_none=True)) for tool in page.tools
            ]
            cursor = page.next_cursor
            if cursor is None or len(found) > MOST_TOOLS:
                break
        self.is_stale = False
        return found

    async def _called(self, client: Client, tool: str, arguments: Mapping[str, Any]) -> Answer:
        from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult

        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=dict(arguments)))
        result = await client.session.send_request(request, CallToolResult)
        said = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return answer(said.get("content", []), said.get("structuredContent"), bool(said.get("isError")))

    async def _told(self, message: Any) -> None:
        """What it says unasked: that its tools are others now; the rest is nothing to us."""
        self.is_stale = self.is_stale or getattr(message, "method", "") == "notifications/tools/list_changed"

    def _rest(self) -> None:
        """Hear nothing while nobody wants an answer."""
        if not self.calls:
            self._wanted.clear()


@contextlib.asynccontextmanager
async def by_http(session: Session, server: Server, headers: Mapping[str, str]) -> AsyncIterator[Any]:
    """An address, as the library reaches it."""
    from mcp.client.streamable_http import streamable_http_client

    from tektrad.mcp.web import Counted, client

    transport = Counted(session.end)
    session.counts(transport.asked, lambda: visible(transport.trouble, _WORDS) or "the connection was closed")
    async with client(transport, headers, server.timeout) as http:
        yield streamable_http_client(server.url, http_client=http)


def _definition(said: Mapping[str, Any]) -> Definition:
    return Definition(
        name=said["name"],
        title=said.get("title", ""),
        description=said.get("description", ""),
        input_schema=said.get("inputSchema", {}),
        output_schema=said.get("outputSchema"),
        annotations=said.get("annotations"),
    )


async def loaded() -> None:
    """Load the library, once; whoever makes a session has waited for that."""
    for name in ("mcp", "client"):  # it logs what servers say, which is not for our log
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    await asyncio.to_thread(importlib.import_module, "mcp")


def _refusal(error: BaseException) -> str | None:
    """What a server says against a request; empty: it is gone; None: it is something else that went wrong."""
    from mcp import MCPError
    from mcp_types import CONNECTION_CLOSED

    if not isinstance(error, MCPError):
        return None
    return "" if error.code == CONNECTION_CLOSED else visible(str(error), _WORDS)


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return visible(f"{str(error) or type(error).__name__}", _WORDS)


def _shown(line: bytes) -> str:
    return visible(line[:200].decode("utf-8", "replace"), 80)
