"""The only file that speaks HTTP: requests and event streams to the daemon, over its Unix socket.

Every request opens its own connection, so a closed connection always means one thing: stop that work.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import threading
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tektra_cli.errors import CliError, DaemonUnreachable
from tektrad.paths import SHARED_BY, UnsafePath, check_private, check_socket_path

Document = dict[str, Any]

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
_LAST_EVENTS = ("finish", "done", "error")
CHUNK = 1 << 16
LOAD_SECONDS = 900.0
"""Reading a large model from a slow disk."""


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection whose other end is a Unix socket."""

    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("tektra", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_SECONDS)
        self.sock.connect(str(self._path))
        self.sock.settimeout(self.timeout)


class Hangup:
    """Ends one exchange from another thread, wherever it stands."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._happened = threading.Event()

    def hold(self, line: socket.socket) -> None:
        """Take the line that is to be cut; at once, where it was wanted before there was one."""
        with self._lock:
            self._socket = line
            if self._happened.is_set():
                self._cut()

    def hang_up(self) -> None:
        """Cut it: whoever reads there finds the end, and the daemon ends that work."""
        with self._lock:
            self._happened.set()
            self._cut()

    def wait(self) -> None:
        """Block until it happens."""
        self._happened.wait()

    def _cut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is closed already
                self._socket.shutdown(socket.SHUT_RDWR)


class Client:
    """The daemon behind one socket; holds no connection between calls."""

    def __init__(self, socket_path: Path, shared_by: int | None = None) -> None:
        """`shared_by` is whose shared daemon is trusted there; None: only our own."""
        self.socket_path = socket_path
        self.shared_by = shared_by

    def get(self, path: str, query: Mapping[str, Any] | None = None, timeout: float = ANSWER_SECONDS) -> Document:
        """The document at `path`."""
        return self._answer("GET", path, query, None, timeout)

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        query: Mapping[str, Any] | None = None,
        timeout: float | None = ANSWER_SECONDS,
    ) -> Document:
        """The document that answers `body`."""
        return self._answer("POST", path, query, body, timeout)

    def delete(self, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """The document that says what is gone."""
        return self._answer("DELETE", path, query, None, ANSWER_SECONDS)

    def events(
        self, path: str, body: Mapping[str, Any], hangup: Hangup | None = None
    ) -> Generator[Document, None, None]:
        """The events that answer `body`, the last of them `finish`, `done` or `error`; closing cancels the work.

        Nothing limits the wait for the next event: a long prompt on a slow machine is no error.
        """
        with self._exchange("POST", path, body, None, hangup) as response:
            _raise_for_error(response)
            for line in response:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    yield event
                    if event["type"] in _LAST_EVENTS:
                        return
            raise self._lost()

    def follow(
        self, path: str, query: Mapping[str, Any], timeout: float, hangup: Hangup | None = None
    ) -> Generator[tuple[str, Document | None], None, None]:
        """The ids of a stream, each with its event, or None for a sign of life; ends as the stream ends.

        Raises CliError also when nothing comes for `timeout` seconds.
        """
        with self._exchange("GET", f"{path}?{urlencode(query)}", None, timeout, hangup) as response:
            _raise_for_error(response)
            place, event = "", None
            for line in response:
                if line.startswith(b"id:"):
                    place = line[3:].strip().decode("utf-8", "replace")
                elif line.startswith(b"data:"):
                    event = _decoded(line[5:])
                elif not line.strip():
                    yield place, event
                    event = None

    def download(
        self, path: str, body: Mapping[str, Any], hangup: Hangup | None = None
    ) -> Generator[bytes, None, None]:
        """The bytes that answer `body`, as they come."""
        with self._exchange("POST", path, body, None, hangup) as response:
            _raise_for_error(response)
            while chunk := response.read(CHUNK):
                yield chunk

    def peer(self) -> tuple[int, int]:
        """The process id and user id that the kernel knows for the other end."""
        with contextlib.closing(self._connected(CONNECT_SECONDS)) as connection:
            return self._peer_of(connection)

    def is_ready(self) -> bool:
        """Whether a daemon answers and takes new work."""
        try:
            self.get("/readyz", timeout=CONNECT_SECONDS)
        except CliError:
            return False
        return True

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        timeout: float | None,
    ) -> Document:
        target = f"{path}?{urlencode(query)}" if query else path
        with self._exchange(method, target, body, timeout) as response:
            _raise_for_error(response)
            return _decoded(response.read())

    @contextlib.contextmanager
    def _exchange(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None,
        timeout: float | None,
        hangup: Hangup | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """One request on its own connection; whatever breaks on the way is told as what happened to the daemon."""
        encoded = None if body is None else json.dumps(body).encode()
        headers = {} if encoded is None else {"Content-Type": "application/json"}
        with contextlib.closing(self._connected(timeout)) as connection:
            if hangup is not None:
                hangup.hold(connection.sock)
            try:
                connection.request(method, target, encoded, headers)
                yield connection.getresponse()
            except TimeoutError as error:
                raise CliError("timeout", f"the daemon did not answer within {timeout:g} seconds", _LOOK) from error
            except (http.client.HTTPException, ConnectionError) as error:
                raise self._lost() from error

    def _connected(self, timeout: float | None) -> _UnixConnection:
        check_socket_path(self.socket_path)
        connection = _UnixConnection(self.socket_path, timeout)
        try:
            check_private(self.socket_path.parent, self.shared_by)
            connection.connect()
            self._peer_of(connection)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            connection.close()
            if self.shared_by is not None:
                raise shared_and_not_running(self.shared_by) from error
            raise DaemonUnreachable("the daemon is not running") from error
        except PermissionError as error:
            connection.close()
            if self.shared_by is None:
                raise
            raise CliError("forbidden", f"you may not connect to {self.socket_path}", _JOIN) from error
        except TimeoutError as error:
            connection.close()
            raise DaemonUnreachable(f"nobody takes the connection at {self.socket_path}", _LOOK) from error
        except (OSError, UnsafePath, CliError):
            connection.close()
            raise
        return connection

    def _peer_of(self, connection: _UnixConnection) -> tuple[int, int]:
        """Process and user of the other end; refuses a daemon of anybody but whom we trust."""
        import os

        size = struct.calcsize("3i")
        pid, uid, _ = struct.unpack("3i", connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        if self.shared_by is not None and uid != self.shared_by:
            raise CliError(
                "forbidden",
                f"the process that listens on the socket belongs to uid {uid}, and the shared daemon is uid "
                f"{self.shared_by}'s",
                f"Do not use it, and tell its owner. {SHARED_BY} and TEKTRA_SOCKET say which daemon is meant.",
            )
        if self.shared_by is None and uid != os.getuid():
            raise CliError(
                "forbidden",
                f"the process that listens on the socket belongs to uid {uid}, not to you",
                "Point TEKTRA_SOCKET or XDG_RUNTIME_DIR to a directory of your own; or, if you trust that user's "
                f"shared daemon, set {SHARED_BY}={uid}.",
            )
        return pid, uid

    def _lost(self) -> CliError:
        """The connection broke in the middle: is the daemon gone, or only this answer?"""
        try:
            with contextlib.closing(self._connected(CONNECT_SECONDS)) as connection:
                connection.request("GET", "/healthz")
                connection.getresponse()
        except (DaemonUnreachable, http.client.HTTPException, ConnectionError):
            return DaemonUnreachable("the daemon ended before its answer was complete", _LOOK)
        except (CliError, UnsafePath, OSError):
            pass
        return CliError("connection_lost", "the connection broke before the answer was complete", _LOOK)


def shared_and_not_running(uid: int) -> DaemonUnreachable:
    """What only its owner can mend."""
    return DaemonUnreachable(
        f"the shared daemon of uid {uid} is not running", f"Ask its owner, or set {SHARED_BY} to nothing for your own."
    )


_JOIN = "Its owner has to put you into its group, and to add you: tektra users add"
_LOOK = "See what happened with: tektra daemon logs"


def segment(name: str) -> str:
    """A name as one part of a URL's path."""
    return quote(name, safe="")


def _raise_for_error(response: http.client.HTTPResponse) -> None:
    if response.status >= 400:
        raise error_of(_decoded(response.read()), f"the daemon answered {response.status} {response.reason}")


def error_of(answer: Mapping[str, Any], otherwise: str) -> CliError:
    """What the daemon says went wrong, from an error body or an error event."""
    told = answer.get("error")
    if not isinstance(told, dict):
        return CliError("internal", otherwise, _LOOK)
    code, message, hint, param = (str(told.get(field) or "") for field in ("code", "message", "hint", "param"))
    details = told.get("details")
    known = details if isinstance(details, dict) else None
    return CliError(code or "internal", message or otherwise, hint, known, param=param)


def _decoded(body: bytes) -> Document:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {}
