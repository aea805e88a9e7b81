"""The server on the socket: uvicorn, with peers known by the kernel's word."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tektrad.errors import CannotStart

PEER_UID = "tektra.peer_uid"
GRACE_SECONDS = 2
SETTLE_SECONDS = 5.0


class PeerProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, with the peer's uid (SO_PEERCRED) in every request's scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask the kernel who connected, once per connection."""
        super().connection_made(transport)
        self._peer_uid = peer_uid(transport.get_extra_info("socket"))

    def on_message_begin(self) -> None:
        """Begin a request and mark it with its peer."""
        super().on_message_begin()
        self.scope["extensions"] = {PEER_UID: {"uid": self._peer_uid}}


def peer_uid(sock: Any) -> int | None:
    """Return the uid of the process at the other end, as the kernel saw it when it connected; None if unknown."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return int(uid)


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers, which end the process by raising the signal again: ours is the staircase."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and say so."""
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to daemon.py."""
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, sock: socket.socket) -> AsyncIterator[None]:
    """Serve on `sock` inside the block; at its end stop accepting, and give the last bytes a moment to leave."""
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait([up, running], return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if running.done():
            raise CannotStart("the server did not start", "tektra daemon logs shows why.")
        yield
    finally:
        server.should_exit = True
        await running
        # Uvicorn cancels what is still running and leaves; those requests have answers to put into the store first.
        if server.server_state.tasks:
            await asyncio.wait(set(server.server_state.tasks), timeout=SETTLE_SECONDS)
        # A client that no longer reads would keep its connection, and the loop, from closing.
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
