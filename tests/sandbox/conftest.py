"""A sandbox on each level that this machine offers, and the things outside that nobody inside may reach."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tektrad.sandbox.confinement import Level, Limits, Outcome, Program
from tektrad.sandbox.identity import SANDBOX_ID, is_root, python
from tektrad.sandbox.sandbox import Sandbox


@dataclass
class Confined:
    """Runs programs at one level."""

    sandbox: Sandbox
    level: Level

    def run(
        self, program: tuple[str, ...], folder: Path | None = None, limits: Limits | None = None, stdin: bytes = b""
    ) -> tuple[Outcome, str]:
        """How it ended, and what it said."""

        async def work() -> Outcome:
            with contextlib.ExitStack() as held:
                where = folder or held.enter_context(self.sandbox.fresh_folder())
                return await self.sandbox.run(
                    Program(program, where, stdin), limits or Limits(), lambda _, data: said.append(data)
                )

        said: list[bytes] = []
        outcome = asyncio.run(work())
        return outcome, b"".join(said).decode("utf-8", "replace")

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """A folder that programs may change."""
        with self.sandbox.fresh_folder() as path:
            yield path

    def python(self, code: str, folder: Path | None = None, limits: Limits | None = None) -> tuple[Outcome, str]:
        """Run Python code."""
        return self.run((python(), "-c", code), folder, limits)


@pytest.fixture(scope="session", params=["A", "B"])
def confined(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Confined:
    """Both levels, where this machine has them."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), [], at_most=request.param)
    footing = asyncio.run(sandbox.footing())
    if footing.level != request.param:
        pytest.skip(f"level {request.param} does not hold here: {footing.why}")
    return Confined(sandbox, request.param)


@dataclass
class Outside:
    """What lies outside, and whether somebody got at it."""

    facts: dict[str, Any]
    folder: Path
    victim: subprocess.Popen[bytes]
    heard: list[bytes] = field(default_factory=list)

    def place(self, folder: Path) -> None:
        """Tell the programs of a folder where things are."""
        (folder / "facts.json").write_text(json.dumps(self.facts))
        (folder / "facts.json").chmod(0o644)

    def untouched(self) -> bool:
        """Whether the victim lives, nothing was heard, and nothing was made."""
        return self.victim.poll() is None and not self.heard and {p.name for p in self.folder.iterdir()} == {"secret"}


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    """Files, sockets, a process and shared memory of the user's as whom programs run."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    sockets = Path(tempfile.mkdtemp(dir="/var/tmp"))
    name = uuid.uuid4().hex
    (folder / "secret").write_text("secret")
    temporary = Path("/tmp") / f"tektra-{name}"
    temporary.write_text("secret")
    shared = Path("/dev/shm") / f"tektra-{name}"
    shared.write_text("secret")
    mine = [folder, folder / "secret", temporary, shared, sockets]
    if is_root():
        for path in mine:
            os.chown(path, SANDBOX_ID, SANDBOX_ID)
    user = {"user": SANDBOX_ID, "group": SANDBOX_ID, "extra_groups": []} if is_root() else {}
    victim = subprocess.Popen(["/bin/sleep", "3600"], cwd="/var/tmp", env={"MARKER": "1"}, **user)
    key = int(name[:7], 16)
    libc = ctypes.CDLL(None)
    shm = libc.shmget(key, 4096, 0o1666)
    sem = libc.semget(key, 1, 0o1666)
    queue = libc.msgget(key, 0o1666)
    tcp = socket.create_server(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    path = socket.socket(socket.AF_UNIX)
    path.bind(str(sockets / "tektra.sock"))
    (sockets / "tektra.sock").chmod(0o777)
    sockets.chmod(0o777)
    path.listen()
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0" + name)
    abstract.listen()
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind("\0d" + name)
    facts = {
        "secret": str(folder / "secret"), "outside": str(folder), "home": str(Path.home()),
        "temporary": temporary.name, "shared": shared.name, "victim": victim.pid, "key": key, "port": port,
        "socket": str(sockets / "tektra.sock"), "abstract": name, "abstract_datagram": "d" + name,
    }  # fmt: skip
    found = Outside(facts, folder, victim)
    servers = [tcp, path, abstract]
    for server in servers:
        threading.Thread(target=_accept, args=(server, found.heard), daemon=True).start()
    for receiver in (udp, datagrams):
        threading.Thread(target=_receive, args=(receiver, found.heard), daemon=True).start()
    yield found
    victim.kill()
    victim.wait()
    for each in (*servers, udp, datagrams):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
    libc.shmctl(shm, 0, None)
    libc.semctl(sem, 0, 0)
    libc.msgctl(queue, 0, None)
    for one in (temporary, shared):
        one.unlink()
    for each_folder in (folder, sockets):
        shutil.rmtree(each_folder)


def _accept(server: socket.socket, heard: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        while True:
            server.accept()
            heard.append(b"connected")


def _receive(receiver: socket.socket, heard: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        while data := receiver.recv(64):
            heard.append(data)
