"""A small web server on loopback whose answers are functions of the path; it remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.loopback import Loopback, Server


@dataclass(frozen=True)
class Answer:
    """What is sent: a status, headers, a body; `hold`: the rest of the body comes when the server ends."""

    body: bytes = b""
    type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False
    length: int | None = None


class Pages(Loopback):
    """Serves `{path: Answer}` on a free port of 127.0.0.1; an answer may be made of the number of requests so far."""

    def __init__(self, pages: dict[str, Answer | Callable[[int], Answer]]) -> None:
        self.pages = pages
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.release = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        pages: Pages = self.server.owner
        found = pages.pages.get(self.path, Answer(b"nothing here", status=404))
        answer = found(len(pages.asked)) if callable(found) else found
        pages.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(answer.status)
        if answer.type:
            self.send_header("Content-Type", answer.type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        self.wfile.write(answer.body)
        if answer.hold:
            self.wfile.flush()
            pages.release.wait()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


Pages.handler = _Handler
