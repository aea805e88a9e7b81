"""The stories of runs, as far as they were heard; that of the run that is looked at goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tektra_cli.errors import CliError
from tektra_cli.live import GONE, SILENCE_S
from tektra_cli.tui.feed import RETRY_S
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.runs_story import Story

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place

ENDS = ("end", "applied", "dropped")
"""What the last line of a whole story may be."""


class Stories:
    """One is followed at a time, from where it is known."""

    def __init__(self, place: Place, told: Callable[[str], None], ended: Callable[[str], None]) -> None:
        """`told`: more was heard of a run; `ended`: all of it."""
        self._place, self._told, self._ended = place, told, ended
        self._known: dict[str, Story] = {}
        self._following: str | None = None

    def of(self, run: str) -> Story:
        """As far as it was heard."""
        return self._known.setdefault(run, Story())

    def follow(self, run: Mapping[str, Any], *, again: bool = False) -> None:
        """Hear on; what is over was heard once, and is heard `again` only where there may be more now."""
        ident, story = run["id"], self.of(run["id"])
        is_whole = run["ended_at"] is not None and bool(story.lines) and story.lines[-1].kind in ENDS
        if self._following != ident and (again or not is_whole):
            self._following = ident
            self._place.attempt(partial(self._hear, ident, story), group="feed", exclusive=True)

    def stop(self) -> None:
        """Nobody looks."""
        self._following = None
        self._place.workers.cancel_group(self._place, "feed")

    async def _hear(self, ident: str, story: Story) -> None:
        """What a run tells to its end, also when the daemon goes away meanwhile."""
        try:
            while True:
                if await self._heard_all(ident, story):
                    return
                await asyncio.sleep(RETRY_S)
        finally:
            if self._following == ident:
                self._following = None

    async def _heard_all(self, ident: str, story: Story) -> bool:
        stream = self._place.gateway.follow(f"{address('runs', ident)}/events", {"after": story.last}, SILENCE_S)
        try:
            async for batch in stream:
                told = [event for _, event in batch if event is not None]
                story.hear([event for event in told if "number" in event])
                self._told(ident)
                if any(event["type"] == "done" for event in told):
                    self._ended(ident)
                    return True
        except CliError as error:
            if error.code not in GONE:
                raise
        return False
