"""The socket and the server on it: bound by us, peers known by the kernel's word.

It is 0600 in a 0700 directory of ours; of a shared daemon 0660 in a 0750 one, both with its group.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tektrad.errors import AlreadyRunning, CannotStart
from tektrad.paths import UnsafePath, check_socket_path, make_private, make_shared

PEER_UID = "tektra.peer_uid"
LISTEN_FD = 3
BACKLOG = 256
GRACE_SECONDS = 2
SETTLE_SECONDS = 5.0


class SocketTaken(CannotStart):
    """Something that is none of ours lies where the socket belongs."""


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


@contextlib.contextmanager
def bound_socket(path: Path, shared_group: str = "") -> Iterator[socket.socket]:
    """Bind and listen at `path` (or take the socket that systemd hands over) and remove the file at the end.

    Raises AlreadyRunning when somebody answers there, SocketTaken when something else lies there, CannotStart when the
    place is unsafe or cannot be used.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        with socket.socket(fileno=LISTEN_FD) as sock:
            yield sock
        return
    group = _group_id(shared_group) if shared_group else None
    try:
        check_socket_path(path)
        if group is None:
            make_private(path.parent)
        else:
            make_shared(path.parent, group)
        _remove_stale(path)
    except UnsafePath as error:
        raise CannotStart(error.message, error.hint) from error
    except OSError as error:
        raise CannotStart(f"the socket's directory {path.parent} cannot be used: {error}") from error
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
            if group is not None:
                os.chown(path, -1, group, follow_symlinks=False)
                path.chmod(0o660)
        except OSError as error:
            raise CannotStart(f"the socket {path} cannot be bound: {error}") from error
        finally:
            os.umask(before)
        sock.listen(BACKLOG)
        inode = path.lstat().st_ino
        try:
            yield sock
        finally:
            with contextlib.suppress(OSError):
                if path.lstat().st_ino == inode:
                    path.unlink()


def _group_id(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise CannotStart(
            f'shared_group names "{name}", and there is no such group', f"Make it: groupadd --system {name}"
        ) from error


def _remove_stale(path: Path) -> None:
    """Remove a socket that a killed daemon left behind; never one that answers, never anything else."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(info.st_mode) or info.st_uid != os.getuid():
        raise SocketTaken(f"{path} is in the way and is no socket of yours", "Move it away, or set TEKTRA_SOCKET.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise AlreadyRunning(f"another daemon answers at {path}", "Stop it first (tektra daemon stop).")
