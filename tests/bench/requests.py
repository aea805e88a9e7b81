"""Requests at once on /v1/completions, from clients that cost the worker's cores as little as possible."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.random_model import HALF_B
from tests.harness import Tektra, installation

MODEL = "bench"
NO_END = {str(token): -100.0 for token in (256, 257)}
"""The benchmark model's control tokens, which would end an answer early."""
_numbers = itertools.count(1)


@contextmanager
def benchmarked(path: Path, context: int, **env: str) -> Iterator[Tektra]:
    """A Tektra of its own that has loaded the benchmark's model, on all cores; without drafts if not told otherwise."""
    with installation() as tektra:
        del tektra.env["TEKTRA_THREADS"]
        tektra.env |= {"TEKTRA_DRAFTS": "0"} | env
        tektra.start()
        tektra.json("models", "import", str(path), "--name", MODEL)
        tektra.json("models", "load", MODEL, "--context", str(context), "--keep-alive", "-1")
        yield tektra


def fresh_tokens(count: int) -> list[int]:
    """Tokens that begin as no others did before."""
    number = next(_numbers)
    return [1000 + (number * 7919 + position * 7) % (HALF_B.vocabulary - 1000) for position in range(count)]


def body_of(prompt: list[int], new_tokens: int, model: str = MODEL) -> bytes:
    """A request for so many new tokens, streamed."""
    return json.dumps({
        "model": model, "prompt": prompt, "max_tokens": new_tokens, "temperature": 0, "stream": True,
        "logit_bias": NO_END, "stream_options": {"include_usage": True},
    }).encode()  # fmt: skip


def lines_of(connection: http.client.HTTPConnection, body: bytes) -> http.client.HTTPResponse:
    """Send a request; gives the lines of its answer as they come."""
    connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
    return connection.getresponse()


def at_once(tektra: Tektra, prompts: list[list[int]], new_tokens: int) -> tuple[list[dict[str, Any]], float]:
    """Send all prompts at the same time; gives each one's usage, and the seconds until the last byte of the last.

    The clients are connected before, and read lines without parsing them.
    """
    bodies = [body_of(prompt, new_tokens) for prompt in prompts]
    connections = [connected(tektra) for _ in prompts]
    usages: list[dict[str, Any]] = []

    def ask(connection: http.client.HTTPConnection, body: bytes) -> None:
        line = next(line for line in lines_of(connection, body) if b'"usage"' in line)
        usages.append(json.loads(line.removeprefix(b"data: "))["usage"])

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(connections, bodies, strict=True)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return usages, took


def connected(tektra: Tektra) -> http.client.HTTPConnection:
    """A client's connection to the daemon's socket."""
    connection = http.client.HTTPConnection("tektra")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(str(tektra.socket))
    return connection
