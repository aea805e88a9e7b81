"""Other servers beside which Tektra is measured: their processes, and when they are quiet."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from tektra_models.worker import die_with_parent
from tests.bench.requests import Server, connected
from tests.harness import Tektra

START_SECONDS = 120
STOP_SECONDS = 10
LAST_WORDS = 2000
QUIET_S = 0.5
QUIET_SHARE = 0.05
"""Of a core, under which servers count as quiet."""
MOST_UNREST_S = 30.0
KEEPING_BEGINS_S = 1.2
"""Tektra writes attention states a second after its last request."""


@dataclass
class Peer:
    """One command that serves /v1; `ready` is a route that answers 200 once the model is loaded."""

    name: str
    command: Sequence[str]
    socket: Path | int
    ready: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start the process and wait until it is ready; gives the seconds that it took."""
        if isinstance(self.socket, Path):
            self.socket.unlink(missing_ok=True)  # llama-server leaves its own behind, and then cannot listen there
        begun = time.perf_counter()
        with tempfile.TemporaryFile() as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            while not self._is_ready():
                if self.process.poll() is not None or time.perf_counter() - begun > START_SECONDS:
                    self.stop()
                    log.seek(max(0, log.seek(0, os.SEEK_END) - LAST_WORDS))
                    said = log.read().decode("utf-8", "replace")
                    raise RuntimeError(f"{self.name} did not start: {' '.join(self.command)}\n{said}")
                time.sleep(0.01)
        return time.perf_counter() - begun

    def stop(self) -> None:
        """End the process, by force if it does not end by itself; idempotent."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def _is_ready(self) -> bool:
        try:
            with closing(connected(self)) as connection:
                connection.request("GET", self.ready)
                return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def settle(servers: Collection[Server]) -> None:
    """Wait until no server computes or writes any more, so that none slows down the next one that is measured."""
    time.sleep(KEEPING_BEGINS_S)
    deadline = time.monotonic() + MOST_UNREST_S
    while time.monotonic() < deadline:
        before = _spent(servers)
        time.sleep(QUIET_S)
        if _spent(servers) - before < QUIET_S * QUIET_SHARE:
            return


def _spent(servers: Collection[Server]) -> float:
    """Seconds of processors that the servers' processes have taken so far."""
    spent = 0.0
    for process in (process for server in servers for process in _processes(server)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent += times.user + times.system
    return spent


def _processes(server: Server) -> list[psutil.Process]:
    if isinstance(server, Tektra):
        daemon = psutil.Process(server.pid())
        return [daemon, *daemon.children(recursive=True)]
    assert isinstance(server, Peer)
    return [] if server.process is None else [psutil.Process(server.process.pid)]
