"""Follows the daemon's events for as long as the dashboard is open: none is lost, also when the daemon goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from tektra_cli.client import error_of
from tektra_cli.errors import CliError
from tektra_cli.live import GONE, SILENCE_S
from tektra_cli.tui.gateway import Gateway

RETRY_S = 0.5
Event = Mapping[str, Any]
Standing = Literal["connecting", "live", "away"]
"""How it stands with the daemon: it was not heard of yet, it tells what happens, it went away and is waited for."""


async def follow(
    gateway: Gateway, heard: Callable[[Sequence[Event]], None], stands: Callable[[Standing, str], None]
) -> None:
    """Tell of all that happens, in order, and of how it stands with the daemon, with words where it is away.

    Never returns; raises CliError for what waiting does not mend.
    """
    place: dict[str, str] = {}
    while True:
        try:
            async for batch in gateway.follow("/api/events", place, SILENCE_S):
                stands("live", "")
                place = {"after": batch[-1][0]}
                events = [event for _, event in batch if event is not None]
                for event in events:
                    if event["type"] == "error":
                        raise error_of(event, "the daemon ended the stream")
                if events:
                    heard(events)
            stands("away", "the daemon ended the stream")
        except CliError as error:
            if error.code not in GONE:
                raise
            stands("away", error.message)
        await asyncio.sleep(RETRY_S)
