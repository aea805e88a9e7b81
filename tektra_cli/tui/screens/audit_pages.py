"""The log page by page: what is in the window, what is asked for beyond its ends, and what comes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.audit_log import AuditLog
from tektra_cli.tui.screens.audit_window import Window

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place

PAGE = 400
"""Entries that are asked for at once while somebody pages."""
CATCH_UP = 1000
"""The same while new ones come: what the daemon gives in one answer."""
BREATH_S = 0.1
"""Between two looks at what came: a thousand entries a second are ten."""


class Pages:
    """Fills the window of a list with what a filter finds."""

    def __init__(self, place: Place, most: int, changed: Callable[[], None]) -> None:
        """`changed`: something of what is shown is otherwise."""
        self._place, self._most, self._changed = place, most, changed
        self.window = Window(most)
        self.query: Mapping[str, Any] = {}
        self.said = ""
        """The filter as it was typed."""
        self.found_by = ""
        """The one whose entries are shown."""
        self.last = 0
        """The number of the newest entry that was heard of."""
        self.is_looking = False
        """Whether another filter's entries are waited for."""
        self._is_catching = False
        self._turning: set[str] = set()

    def filter(self, said: str, query: Mapping[str, Any]) -> None:
        """Look for something else."""
        self.said, self.query = said, query
        self._place.attempt(self.begin, group="page", exclusive=True)

    def turn(self, what: str) -> None:
        """Beyond an end of the window; what is under way already is not asked twice."""
        if what not in self._turning:
            self._turning.add(what)
            self._place.attempt(partial(self._turn, what), group=what)

    def hear(self) -> None:
        """Something came."""
        if self.window.through and not self._is_catching:
            self._place.attempt(self.catch_up, group="tail")

    async def reload(self) -> None:
        """What came meanwhile; all of it anew where nothing is there yet, or the log is another one."""
        if not self.window.through:
            await self.begin()
            return
        newest = await self._page({"limit": 1})
        self.last = max(self.last, newest["last"])
        await (self.begin() if newest["last"] < self.window.through else self.catch_up())

    async def begin(self) -> None:
        """The newest page."""
        said, self.is_looking = self.said, True
        self._changed()
        try:
            page = await self._page({"limit": PAGE})
        finally:
            self.is_looking = False
        self.last = max(self.last, page["last"])
        self.window.begin(page["entries"], page["next"], page["last"])
        self.found_by = said
        self._log.begun()
        self._changed()

    async def catch_up(self) -> None:
        """Take in what came, as long as something comes; far behind, only the newest of it."""
        self._is_catching = True
        try:
            while self.window.is_newest and self.last > self.window.through and self._place.is_current:
                query = self.query
                if self.last - self.window.through > self._most and self._log.follows:
                    await self.begin()
                    continue
                page = await self._page({"limit": CATCH_UP, "after": self.window.through})
                if query is not self.query:
                    return
                self._take_in(page)
                await asyncio.sleep(BREATH_S)
        finally:
            self._is_catching = False

    def _take_in(self, page: Mapping[str, Any]) -> None:
        entries = page["entries"]
        through = entries[-1]["number"] if len(entries) == CATCH_UP else page["last"]
        self.last = max(self.last, page["last"])
        if not self._log.follows and len(entries) + len(self.window.entries) > self._most:
            self.window.is_newest = False  # what is looked at stays; the newest is a key away
        else:
            self._log.grown_above(self.window.add_newer(entries, through))
        self._changed()

    async def _turn(self, what: str) -> None:
        try:
            await {"older": self._older, "newer": self._newer, "newest": self.begin, "oldest": self._oldest}[what]()
        finally:
            self._turning.discard(what)

    async def _older(self) -> None:
        before = self.window.older
        if before is None:
            return
        page = await self._page({"limit": PAGE, "before": before})
        if self.window.older == before:
            self._log.grown_below(self.window.add_older(page["entries"], page["next"]))
            self._changed()

    async def _newer(self) -> None:
        after = self.window.newest
        page = await self._page({"limit": PAGE, "after": after})
        if self.window.newest == after:
            is_last = len(page["entries"]) < PAGE
            through = page["last"] if is_last else page["entries"][-1]["number"]
            self._log.grown_above(self.window.add_newer(page["entries"], through), stays=True)
            self.window.is_newest = is_last
            self._changed()

    async def _oldest(self) -> None:
        page = await self._page({"limit": PAGE, "after": 0})
        entries = page["entries"][::-1]
        is_last = len(entries) < PAGE
        through = page["last"] if is_last or not entries else entries[0]["number"]
        self.window.begin(entries, None, through, is_newest=is_last)
        self._log.begun(entries[-1]["number"] if entries else None)
        self._changed()

    async def _page(self, more: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._place.gateway.get(address("audit"), {**self.query, **more})

    @property
    def _log(self) -> AuditLog:
        return self._place.query_one(AuditLog)
