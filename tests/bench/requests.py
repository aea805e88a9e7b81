"""Requests at once on /v1, streamed, from clients that cost the server's cores as little as possible."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from tests.bench.random_model import HALF_B
from tests.harness import Tektra, installation

MODEL = "bench"
NO_END = {str(token): -100.0 for token in (256, 257)}
"""The control tokens of the made-up vocabulary, which would end an answer early."""
NO_QWEN_END = {str(token): -100.0 for token in (128247, 151643, 151645)}
"""The tokens of Qwen's vocabulary that end an answer, for prompts that are texts."""
PATIENCE_S = 900.0
"""No measurement takes as long."""
Request = tuple[str, bytes]
"""A route, and what is sent there."""
_numbers = itertools.count(1)


class Server(Protocol):
    """What answers: on a Unix socket, or on a port of this machine."""

    @property
    def socket(self) -> Path | int:
        """Where."""
        ...


@contextmanager
def benchmarked(path: Path, context: int, **env: str) -> Iterator[Tektra]:
    """A Tektra of its own that has loaded the benchmark's model, on all cores; without drafts if not told otherwise."""
    with started(**env) as tektra:
        load(tektra, path, context)
        yield tektra


@contextmanager
def started(**env: str) -> Iterator[Tektra]:
    """A Tektra of its own, on all cores; without drafts if not told otherwise."""
    with installation() as tektra:
        del tektra.env["TEKTRA_THREADS"]
        tektra.env |= {"TEKTRA_DRAFTS": "0"} | env
        yield tektra.start()


def load(tektra: Tektra, path: Path, context: int) -> None:
    """Bring the benchmark's model into memory, to stay there."""
    tektra.json("models", "import", str(path), "--name", MODEL)
    tektra.json("models", "load", MODEL, "--context", str(context), "--keep-alive", "-1")


def fresh_tokens(count: int) -> list[int]:
    """Tokens that begin as no others did before."""
    number = next(_numbers)
    return [1000 + (number * 7919 + position * 7) % (HALF_B.vocabulary - 1000) for position in range(count)]


def completion(prompt: list[int] | str, new_tokens: int, model: str = MODEL) -> Request:
    """A request for so many new tokens, streamed."""
    bias = NO_END if isinstance(prompt, list) else NO_QWEN_END
    return "/v1/completions", json.dumps({
        "model": model, "prompt": prompt, "max_tokens": new_tokens, "temperature": 0, "stream": True,
        "logit_bias": bias, "stream_options": {"include_usage": True},
    }).encode()  # fmt: skip


class Answer:
    """The lines of one streamed answer with the times when they came; they are parsed when it is over."""

    def __init__(self) -> None:
        self.asked = 0.0
        self.lines: list[tuple[float, bytes]] = []

    def hear(self, connection: http.client.HTTPConnection, request: Request) -> None:
        """Send a request on an open connection and listen to the end."""
        route, body = request
        with closing(connection):
            self.asked = time.perf_counter()
            connection.request("POST", route, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise RuntimeError(f"{route} answered {response.status}: {response.read()!r}")
            for line in response:
                if line.startswith(b"data: {"):
                    self.lines.append((time.perf_counter(), line))

    @cached_property
    def pieces(self) -> list[tuple[float, str]]:
        """What was written, piece by piece."""
        said = ((at, choice) for at, event in self._events for choice in event["choices"])
        texts = ((at, choice.get("text") or choice.get("delta", {}).get("content")) for at, choice in said)
        return [(at, text) for at, text in texts if text]

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(text for _, text in self.pieces)

    @property
    def usage(self) -> dict[str, Any]:
        """The counts that the server gives at the end; empty where it gives none."""
        return next((event["usage"] for _, event in reversed(self._events) if event.get("usage")), {})

    @property
    def tokens(self) -> int:
        """How many tokens were written; without a count of the server's, a piece is one."""
        return int(self.usage.get("completion_tokens", len(self.pieces)))

    @property
    def ended(self) -> float:
        """When the last line came."""
        return self.lines[-1][0]

    @property
    def first_s(self) -> float:
        """Seconds from the request to the first piece."""
        return self.pieces[0][0] - self.asked

    @property
    def decode_s(self) -> float:
        """Seconds from the first piece to the end."""
        return self.ended - self.pieces[0][0]

    @cached_property
    def _events(self) -> list[tuple[float, Any]]:
        events = [(at, json.loads(line.removeprefix(b"data: "))) for at, line in self.lines]
        for _, event in events:
            if "error" in event:
                raise RuntimeError(f"the answer ended with an error: {event['error']}")
        return events


@contextmanager
def asking(server: Server, requests: list[Request]) -> Iterator[tuple[list[Answer], list[Future[None]]]]:
    """Send all requests at the same time, from clients that are connected before; at the end all have been answered."""
    answers = [Answer() for _ in requests]
    connections = [connected(server) for _ in requests]
    sockets = [connection.sock for connection in connections]
    clients = ThreadPoolExecutor(len(requests))
    try:
        heard = [
            clients.submit(answer.hear, connection, request)
            for answer, connection, request in zip(answers, connections, requests, strict=True)
        ]
        yield answers, heard
        for each in heard:
            each.result()
    finally:
        for each_socket in sockets:
            with suppress(OSError):
                each_socket.shutdown(socket.SHUT_RDWR)  # where something failed, those who still listen hear the end
        clients.shutdown()


def ask(server: Server, requests: list[Request]) -> list[Answer]:
    """Send all requests at the same time and wait for all answers."""
    with asking(server, requests) as (answers, _):
        pass
    return answers


def at_once(
    server: Server, prompts: list[list[int]] | list[str], new_tokens: int
) -> tuple[list[dict[str, Any]], float]:
    """Let all prompts go on at the same time; gives each one's usage, and the seconds until the last is answered."""
    answers = ask(server, [completion(prompt, new_tokens) for prompt in prompts])
    took = max(answer.ended for answer in answers) - min(answer.asked for answer in answers)
    return [answer.usage for answer in answers], took


def connected(server: Server) -> http.client.HTTPConnection:
    """A client's connection to a server."""
    if isinstance(server.socket, int):
        connection = http.client.HTTPConnection("127.0.0.1", server.socket, timeout=PATIENCE_S)
        connection.connect()
        return connection
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(PATIENCE_S)
    connection.sock.connect(str(server.socket))
    return connection
