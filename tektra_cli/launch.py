"""Makes sure that a daemon answers: finds it, or starts one and waits until it is ready.

When many commands start at once, a file lock beside the socket lets one of them start the daemon; the others wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tektra_cli.client import Client, error_of, shared_and_not_running
from tektra_cli.errors import CliError, DaemonUnreachable, StatusLine
from tektrad.paths import Paths, check_socket_path, find_paths, make_private, shared_by

POLL_SECONDS = 0.05
RETRY_SECONDS = 0.5
TAIL_LINES = 8
LOG_BYTES = 10 << 20
_PATH_VARIABLES = ("TEKTRA_CONFIG", "TEKTRA_DATA_DIR", "TEKTRA_STATE_DIR", "TEKTRA_CACHE_DIR", "TEKTRA_SOCKET")


def running() -> Client:
    """A client, whether or not a daemon is there: for commands that look and never start one."""
    return Client(find_paths().socket, shared_by())


def ensured() -> Client:
    """A client whose daemon runs; starts it unless TEKTRA_NO_AUTOSTART forbids that."""
    client = running()
    try:
        client.peer()
    except DaemonUnreachable:
        if client.shared_by is not None or os.environ.get("TEKTRA_NO_AUTOSTART"):
            raise
        start(find_paths())
    return client


def start(paths: Paths) -> bool:
    """Wait until a daemon is ready, starting one where needed; true when it was this call that started it.

    A shared daemon is started by its owner's service manager, never from here.
    """
    owner = shared_by()
    if owner is not None:
        if Client(paths.socket, owner).is_ready():
            return False
        raise shared_and_not_running(owner)
    check_socket_path(paths.socket)
    make_private(paths.socket.parent)
    deadline = time.monotonic() + _patience()
    client = Client(paths.socket)
    with StatusLine() as line:
        line.show("starting the daemon…")
        while True:
            with _turn(paths.socket.with_name("launch.lock")) as is_mine:
                if client.is_ready():
                    return False
                obstacle = _start_once(paths, deadline, line) if is_mine else None
                if is_mine and obstacle is None:
                    return True
            if time.monotonic() > deadline:
                raise _too_slow(paths, obstacle)
            time.sleep(RETRY_SECONDS if obstacle else POLL_SECONDS)


@contextlib.contextmanager
def _turn(lock: Path) -> Iterator[bool]:
    """Whether this command is the one that may start a daemon now."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start_once(paths: Paths, deadline: float, line: StatusLine) -> CliError | None:
    """Start one daemon; returns what it says when another one, not yet ready, holds the data directory."""
    reader, writer = os.pipe()
    try:
        try:
            process = _spawn(paths, writer)
        finally:
            os.close(writer)
        return _followed(reader, process, paths, deadline, line)
    finally:
        os.close(reader)


def _spawn(paths: Paths, ready: int) -> subprocess.Popen[bytes]:
    paths.log_file.parent.mkdir(parents=True, exist_ok=True)
    _keep_small(paths.log_file)
    log = os.open(paths.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "tektrad", "--ready-fd", str(ready)],
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(ready,),
            start_new_session=True,
        )
    finally:
        os.close(log)


def _keep_small(log: Path) -> None:
    """Put a long log aside as `daemon.log.1`, where the one before it makes way."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            log.replace(log.with_name(log.name + ".1"))


def _environment() -> dict[str, str]:
    """Ours, with paths made absolute, since the daemon starts in another directory."""
    given = {name: os.environ[name] for name in _PATH_VARIABLES if os.environ.get(name)}
    return {**os.environ, **{name: str(Path(path).expanduser().absolute()) for name, path in given.items()}}


def _followed(
    reader: int, process: subprocess.Popen[bytes], paths: Paths, deadline: float, line: StatusLine
) -> CliError | None:
    """Read the daemon's words until it is ready, gives up, ends, or takes too long."""
    for word in _words(reader, deadline, paths):
        if word.get("ready"):
            return None
        if "error" in word:
            error = error_of(word, "the daemon did not start")
            if error.code == "already_running":
                return error
            raise error
        line.show(f"starting the daemon: {word.get('step', '')}…")
    process.wait()
    raise DaemonUnreachable(f"the daemon ended while it started\n{_tail(paths.log_file)}".rstrip(), _look(paths))


def _words(reader: int, deadline: float, paths: Paths) -> Iterator[dict[str, Any]]:
    """The JSON lines that come through the pipe, until its other end is closed."""
    with open(reader, "rb", buffering=0, closefd=False) as pipe:
        pending = b""
        while True:
            if not select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise _too_slow(paths)
            piece = pipe.read(4096)
            if not piece:
                return
            *lines, pending = (pending + piece).split(b"\n")
            yield from (json.loads(text) for text in lines if text)


def _too_slow(paths: Paths, obstacle: CliError | None = None) -> CliError:
    message = f"no daemon was ready within {_patience():g} s"
    if obstacle is not None:
        return CliError("timeout", f"{message}: {obstacle.message}", obstacle.hint)
    return CliError("timeout", message, _look(paths))


def _patience() -> float:
    try:
        return float(os.environ.get("TEKTRA_START_TIMEOUT", "30"))
    except ValueError:
        return 30.0


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-TAIL_LINES:])


def _look(paths: Paths) -> str:
    return f"The whole log is {paths.log_file}"
