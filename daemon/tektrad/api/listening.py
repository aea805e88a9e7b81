"""The socket in its place: bound by us, and watched while the daemon runs.

It is 0600 in a 0700 directory of ours; of a shared daemon 0660 in a 0750 one, both with its group.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from tektrad.clock import Clock
from tektrad.errors import AlreadyRunning, CannotStart
from tektrad.paths import UnsafePath, check_socket_path, make_private, make_shared
from tektrad.trust.alarms import Alarms

LISTEN_FD = 3
BACKLOG = 256
WATCH_S = 10.0
"""Seconds between two looks at the socket's place."""


class SocketTaken(CannotStart):
    """Something that is none of ours lies where the socket belongs."""


@contextlib.asynccontextmanager
async def listening(path: Path, shared_group: str, clock: Clock, alarms: Alarms) -> AsyncIterator[socket.socket]:
    """The socket, and an alarm where something else lies in its place: before, meanwhile, or at the end.

    Raises what `bound_socket` raises.
    """
    try:
        with bound_socket(path, shared_group) as sock:
            place = Place(path, alarms)
            watching = asyncio.create_task(place.watch(clock))
            try:
                yield sock
            finally:
                watching.cancel()
                await place.look()
    except SocketTaken:
        await alarms.sound("socket_taken", None, {"socket": str(path), "when": "before it started"})
        raise


class Place:
    """Where the socket lies, and which file lay there last."""

    def __init__(self, path: Path, alarms: Alarms) -> None:
        self._path, self._alarms = path, alarms
        self._known = _lying_at(path)

    async def watch(self, clock: Clock) -> None:
        """Look now and then."""
        while True:
            await clock.sleep(WATCH_S)
            await self.look()

    async def look(self) -> None:
        """Sound an alarm if another file lies there than before."""
        found, known = _lying_at(self._path), self._known
        self._known = found
        if found != known:
            await self._alarms.sound("socket_taken", None, {"socket": str(self._path), "when": "while the daemon ran"})


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
        ours = _lying_at(path)
        try:
            yield sock
        finally:
            with contextlib.suppress(OSError):
                if _lying_at(path) == ours:
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


def _lying_at(path: Path) -> int | None:
    """Which file lies there, if any does."""
    try:
        return path.lstat().st_ino
    except OSError:
        return None
