"""A Tektra of its own for a test: its own directories, the real daemon, the real command, the real socket."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import psutil

START_SECONDS = 60
STOP_SECONDS = 30


class Tektra:
    """One installation: `home` and `env`, a daemon when started, the command line by `run`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            # Without the session's bus: nobody's keyring gets keys of a test.
            **{
                k: v for k, v in os.environ.items() if not k.startswith(("TEKTRA_", "XDG_", "HF_", "NO_COLOR", "DBUS_"))
            },
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            # One computing thread: on a busy machine two wait for each other far longer than they compute.
            "TEKTRA_THREADS": "1",
            "TERM": "xterm-256color",
        }
        for name in ("run", "data", "state", "config", "cache"):
            (home / name).mkdir(mode=0o700, exist_ok=True)
        self.process: subprocess.Popen[str] | None = None

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        named = self.env.get("TEKTRA_SOCKET")
        return Path(named) if named else self.home / "run" / "tektra" / "tektra.sock"

    @property
    def log(self) -> Path:
        """What a daemon that this object started has logged."""
        return self.home / "daemon.test.log"

    def start(self, program: Sequence[str] = ("-m", "tektrad"), **env: str) -> Tektra:
        """Start the daemon in its own process group and wait until it is ready."""
        read, write = os.pipe()
        with self.log.open("a") as log, os.fdopen(read) as steps:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", *program, "--ready-fd", str(write)],
                env=self.env | env,
                pass_fds=(write,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                text=True,
            )
            os.close(write)
            lines = [json.loads(line) for line in steps]
        assert lines, self.log.read_text()
        assert lines[-1] == {"ready": True}, lines
        return self

    def pid(self) -> int:
        """The daemon's process id, asked from the kernel through the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(str(self.socket))
            credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(credentials[:4], sys.byteorder)

    def stop(self) -> None:
        """Stop whatever daemon answers and check that it left no worker behind."""
        try:
            daemon = psutil.Process(self.pid())
        except OSError:
            daemon = None
        if daemon is not None:
            workers = daemon.children(recursive=True)
            daemon.send_signal(signal.SIGTERM)
            if self.process is not None and self.process.pid == daemon.pid:
                self.process.wait(STOP_SECONDS)
            else:
                daemon.wait(STOP_SECONDS)
            _, alive = psutil.wait_procs(workers, STOP_SECONDS)
            assert not alive, f"workers outlived their daemon: {alive}"
        elif self.process is not None:
            self.process.wait(STOP_SECONDS)
        self.process = None

    def kill(self) -> None:
        """SIGKILL the daemon, and wait until it and its workers are gone."""
        daemon = psutil.Process(self.pid())
        workers = daemon.children(recursive=True)
        daemon.kill()
        if self.process is not None:
            self.process.wait(STOP_SECONDS)
        _, alive = psutil.wait_procs([daemon, *workers], STOP_SECONDS)
        assert not alive, f"workers outlived their killed daemon: {alive}"
        self.process = None

    def run(
        self, *args: str, stdin: str | None = None, timeout: float = 90, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the `tektra` command to its end, without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "tektra_cli", *args],
            env=self.env | (env or {}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=self.home,
        )

    def json(self, *args: str) -> Any:
        """Run a command with --json, check that it succeeded, and return its document."""
        done = self.run(*args, "--json")
        assert done.returncode == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    def client(self, **options: Any) -> httpx2.Client:
        """An HTTP client on the socket."""
        transport = httpx2.HTTPTransport(uds=str(self.socket))
        return httpx2.Client(transport=transport, base_url="http://tektra", timeout=60, **options)

    def script(self, name: str, replies: list[dict[str, Any]], **fields: Any) -> Path:
        """Write a script for the scripted backend."""
        path = self.home / f"{name}.scripted.json"
        path.write_text(json.dumps({"schema": "tektra.scripted/1", "replies": replies} | fields))
        return path

    def import_scripted(self, name: str, replies: list[dict[str, Any]], **fields: Any) -> str:
        """Write a script and import it as a model; returns its name."""
        path = self.script(name, replies, **fields)
        with self.client() as client:
            response = client.post("/api/models/import", json={"path": str(path), "name": name})
            assert response.status_code == 201, response.text
        return name


@contextlib.contextmanager
def installation() -> Iterator[Tektra]:
    """Make a Tektra in a short temporary directory (socket paths are limited) and take it down at the end."""
    home = Path(tempfile.mkdtemp(prefix="tk-", dir="/tmp"))
    tektra = Tektra(home)
    try:
        yield tektra
    finally:
        try:
            tektra.stop()
        finally:
            shutil.rmtree(home, ignore_errors=True)


def events_of(text: str) -> list[Any]:
    """Parse a stream of server-sent events into its objects; `[DONE]` stays a string."""
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [each if each == "[DONE]" else json.loads(each) for each in data]
