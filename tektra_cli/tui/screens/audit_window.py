"""Pure: the part of an endless log that is in memory, the newest entry first. It grows at both ends and forgets at the
other one, so that it never holds more than a few pages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]
MOST = 4000
"""Entries that are kept."""


class Window:
    """Entries without a gap between them, as far as a filter finds any; each knows its place by its number."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.entries: list[Entry] = []
        self.older: int | None = None
        """What to ask for the page behind the last entry with; None: there is none."""
        self.through = 0
        """The number up to which all newer entries are known, while `is_newest`."""
        self.is_newest = True
        """Whether nothing newer was forgotten."""

    def begin(self, entries: Sequence[Entry], older: int | None, through: int, *, is_newest: bool = True) -> None:
        """Hold these only."""
        self.entries, self.older, self.through, self.is_newest = list(entries), older, through, is_newest

    def add_newer(self, entries: Sequence[Entry], through: int) -> int:
        """Put what came later in front, the oldest of it first; returns by how many lines the others go down."""
        known = self.newest
        fresh = [entry for entry in entries if entry["number"] > known]
        self.entries[:0] = fresh[::-1]
        self.through = max(self.through, through)
        if len(self.entries) > self._most:
            del self.entries[self._most :]
            self.older = self.oldest
        return len(fresh)

    def add_older(self, entries: Sequence[Entry], older: int | None) -> int:
        """Put what came before behind; returns by how many lines the others go up."""
        known = self.oldest
        self.entries += [entry for entry in entries if not known or entry["number"] < known]
        self.older = older
        gone = max(0, len(self.entries) - self._most)
        if gone:
            del self.entries[:gone]
            self.is_newest = False
        return gone

    @property
    def newest(self) -> int:
        """The number of the first entry; 0 where there is none."""
        return self.entries[0]["number"] if self.entries else 0

    @property
    def oldest(self) -> int:
        """The number of the last entry; 0 where there is none."""
        return self.entries[-1]["number"] if self.entries else 0

    def place_of(self, number: int) -> int:
        """The line of an entry, or of the one after it in the list where it is not there."""
        place = bisect_left(self.entries, -number, key=lambda entry: -entry["number"])
        return max(0, min(place, len(self.entries) - 1))
