"""One turn: a request to /api/chat and its events, handed to whoever shows them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tektra_cli.client import Client, error_of
from tektra_cli.errors import CliError, DaemonUnreachable

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

    def body(self, stream: bool) -> dict[str, Any]:
        """As the daemon's API wants it."""
        optional = {"conversation_id": self.conversation, "model": self.model, "system": self.system}
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
    try:
        with contextlib.closing(view), contextlib.closing(client.events("/api/chat", request.body(stream=True))) as events:
            for event in events:
                view.event(event)
                begun = begun or event["type"] == "delta"
                if event["type"] == "error":
                    raise error_of(dict(event), "the answer failed")
                if event["type"] == "finish":
                    return event
    except DaemonUnreachable:
        raise _broken(DaemonUnreachable, request, begun) from None
    except CliError as error:
        if error.code != "connection_lost":
            raise
    raise _broken(_Lost, request, begun)


def _broken(kind: type[CliError], request: Request, begun: bool) -> CliError:
    kept = "; what it had written is kept, marked as interrupted" if begun and request.save else ""
    return kind(f"the daemon ended in the middle of the answer{kept}", "See what happened with: tektra daemon logs")  # type: ignore[call-arg]


class _Lost(CliError):
    """The stream broke although a daemon still answers."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__("connection_lost", message, hint)
