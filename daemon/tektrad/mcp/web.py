"""Reaching an MCP server by HTTP: no more than it may say, in plain bytes, and nothing of the environment.

Loaded when it is needed: the HTTP client takes its time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

import httpx2

CONNECT_S = 15.0
MOST_BYTES = 16 << 20
"""Of all that a server says while one answer is waited for."""
EACH_BYTES = 64 << 10
"""What an answer counts at least, so that there are not many without a word."""


class Flood(httpx2.ReadError):
    """It says more than anybody asked for, or packs what it says."""


class Counted(httpx2.AsyncBaseTransport):
    """Counts what comes, and ends it when it is too much."""

    def __init__(self, end: Callable[[str], None]) -> None:
        """`end` hears why nothing more is read."""
        self._inner = httpx2.AsyncHTTPTransport()
        self._left = MOST_BYTES
        self._end = end
        self.trouble = ""
        """Why a request came to nothing, the last time one did."""

    def asked(self) -> None:
        """Somebody asks something: what came before is not counted any more."""
        self._left = MOST_BYTES

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """As the transport beneath, with a stream that is counted."""
        self.take(EACH_BYTES)
        try:
            answer = await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            self.trouble = str(error) or type(error).__name__
            raise
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise self._flood("it packs what it says, though nobody asked it to")
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        stream = _Stream(answer.stream, self)
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=stream, extensions=answer.extensions)

    def take(self, count: int) -> None:
        """Count so many bytes; raises Flood where they are too many."""
        self._left -= count
        if self._left < 0:
            raise self._flood(f"it says more than {MOST_BYTES >> 20} MiB for one answer")

    def _flood(self, why: str) -> Flood:
        self._end(why)
        return Flood(why)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, counted: Counted) -> None:
        self._inner = inner
        self._counted = counted

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            self._counted.take(len(piece))
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def client(transport: Counted, headers: Mapping[str, str], seconds: float) -> httpx2.AsyncClient:
    """A client without proxies, cookies and passwords of the user's other tools."""
    return httpx2.AsyncClient(
        transport=transport,
        headers={"User-Agent": "tektra", "Accept-Encoding": "identity", **headers},
        follow_redirects=False,
        trust_env=False,
        timeout=httpx2.Timeout(seconds, connect=min(CONNECT_S, seconds)),
    )
