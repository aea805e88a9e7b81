"""Follows the daemon's events for as long as somebody wants: when it goes away that is said, and it is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from tektra_cli import errors
from tektra_cli.client import Client, Document, error_of
from tektra_cli.errors import CliError

SILENCE_S = 60.0
"""A daemon that lives gives a sign every fifteen seconds."""
POLL_S = 0.5
GONE = ("daemon_unreachable", "connection_lost", "draining", "timeout")
"""What is said of a daemon that may come back."""


def events(client: Client, query: Mapping[str, Any]) -> Iterator[Document | None]:
    """Events for ever, and None whenever a stream begins or gives a sign of life.

    The daemon is never started from here, since whoever stopped it meant to; once it is back the stream goes on
    behind the last event that was seen.
    """
    place: Mapping[str, str] = {}
    gone = False
    while True:
        try:
            for seen, event in client.follow("/api/events", {**query, **place}, SILENCE_S):
                if gone:
                    errors.note("the daemon is back")
                    gone = False
                place = {"after": seen}
                if event is not None and event["type"] == "error":
                    raise error_of(event, "the daemon ended the stream")
                yield event
        except CliError as error:
            if error.code not in GONE:
                raise
            if not gone:
                errors.note("the daemon is gone; waiting until it is back (^C ends this)")
                gone = True
        time.sleep(POLL_S)
