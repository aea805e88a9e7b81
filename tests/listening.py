"""Listening to the daemon's events, as ourselves or as another user of the machine."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE_S = 60


class Listener:
    """An open stream: `place` is how far it is."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self._answer = answer
        self.place = ""
        if answer.status == 200:
            self.sign()

    def sign(self) -> str:
        """Read to the next sign of life; returns how far the stream is then."""
        while line := self._answer.readline().decode():
            assert not line.startswith("data:"), line
            if line.startswith("id:"):
                self.place = line[3:].strip()
                return self.place
        raise EOFError

    def next(self) -> dict[str, Any]:
        """The next event; raises EOFError when the stream has ended."""
        while line := self._answer.readline().decode():
            if line.startswith("id:"):
                self.place = line[3:].strip()
            if line.startswith("data:"):
                event: dict[str, Any] = json.loads(line[5:])
                assert event.get("id", self.place) == self.place
                return event
        raise EOFError

    def until(self, type: str, **data: Any) -> list[dict[str, Any]]:
        """All up to the first event of a type with such data."""
        heard = [self.next()]
        while heard[-1]["type"] != type or not data.items() <= heard[-1]["data"].items():
            heard.append(self.next())
        return heard

    def rest(self) -> list[dict[str, Any]]:
        """All up to the end."""
        heard = []
        with contextlib.suppress(EOFError):
            while True:
                heard.append(self.next())
        return heard


@contextlib.contextmanager
def listening(
    path: Path, query: str = "", *, uid: int | None = None, gid: int = -1, last_event_id: str | None = None
) -> Iterator[Listener]:
    """A stream from the daemon at a socket; `uid` and `gid`: as whom, where the test may become somebody else."""
    with contextlib.closing(http.client.HTTPConnection("tektra")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(PATIENCE_S)
        with acting_as(uid, gid):
            connection.sock.connect(str(path))
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        connection.request("GET", f"/api/events?{query}", headers=headers)
        with connection.getresponse() as answer:
            yield Listener(answer)


@contextlib.contextmanager
def acting_as(uid: int | None, gid: int) -> Iterator[None]:
    """Connect as somebody else: the kernel tells the daemon who connected."""
    if uid is None:
        yield
        return
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
