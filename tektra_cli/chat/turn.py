"""One turn: a request to /api/chat and its events, handed to whoever shows them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tektra_cli.client import Client, error_of
from tektra_cli.errors import CliError

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """What a turn asks for; None means that the daemon decides."""

    content: str = ""
    conversation: str | None = None
    model: str | None = None
    system: str | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    save: bool = True
    regenerate: bool = False
    think: bool | None = None

    def body(self, stream: bool) -> dict[str, Any]:
        """As the daemon's API wants it."""
        optional = {
            "conversation_id": self.conversation,
            "model": self.model,
            "system": self.system,
            "think": self.think,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        flags = {"save": self.save, "regenerate": self.regenerate, "stream": stream}
        return {"content": self.content, "sampling": dict(self.sampling), **flags, **given}

    def asking(self, content: str, regenerate: bool = False) -> Request:
        """The same circumstances, another question."""
        return replace(self, content=content, regenerate=regenerate)


class View(Protocol):
    """Shows one answer; every event of the turn passes through `event`, and `close` is always called."""

    def event(self, event: Event) -> None:
        """Show what is new."""

    def close(self) -> None:
        """Leave stdout at the beginning of a line."""


def whole(client: Client, request: Request) -> dict[str, Any]:
    """The answer in one piece."""
    return client.post("/api/chat", request.body(stream=False), timeout=None)


def streamed(client: Client, request: Request, view: View) -> Event:
    """Show the answer as it comes and return the `finish` event.

    Leaving early, by ^C or because nobody reads any more, closes the connection, which cancels the work.
    """
    begun = False
    body = request.body(stream=True)
    try:
        with contextlib.closing(view), contextlib.closing(client.events("/api/chat", body)) as events:
            for event in events:
                view.event(event)
                begun = begun or event["type"] == "delta"
                if event["type"] == "error":
                    raise error_of(event, "the answer failed")
                if event["type"] == "finish":
                    return event
    except CliError as error:
        if begun and request.save and error.code in ("connection_lost", "daemon_unreachable"):
            message = f"{error.message}; what it had written is kept, marked as interrupted"
            raise CliError(error.code, message, error.hint) from error
        raise
    raise CliError("internal", "the daemon ended the answer without a word")
