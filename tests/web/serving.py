"""`tektra web` as somebody starts it in a terminal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import psutil

from tests.harness import Tektra

PATIENCE_S = 60


class Web:
    """The command while it runs, and what it has said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.address: str = json.loads(process.stdout.readline())["url"]
        self.base = self.address.partition("/?")[0]
        self.token = self.address.partition("token=")[2]

    def word(self) -> str:
        """The next line for people."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().strip()

    def word_with(self, part: str) -> str:
        """The next line for people that holds these words."""
        while part not in (line := self.word()):
            assert line, f"it never said {part!r}"
        return line

    def entered(self) -> tuple[httpx2.Client, str]:
        """A client that exchanged the token, and the address of the page."""
        client = httpx2.Client(timeout=PATIENCE_S)
        answer = client.get(self.address)
        assert answer.status_code == 303, answer.text
        return client, self.base + answer.headers["Location"]

    def sessions(self) -> list[psutil.Process]:
        """The dashboards that run for it."""
        return psutil.Process(self.process.pid).children()

    def process_sockets(self) -> list[Any]:
        """What it listens on and speaks through."""
        return list(psutil.Process(self.process.pid).net_connections("inet"))

    def stop(self) -> int:
        """End it as ^C does; returns its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


@contextmanager
def web(tektra: Tektra, *words: str) -> Iterator[Web]:
    """The command, until the block ends."""
    command = [sys.executable, "-m", "tektra_cli", "web", *words, "--json"]
    with subprocess.Popen(
        command,
        env=tektra.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            yield Web(process)
        finally:
            process.kill()
