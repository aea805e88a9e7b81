"""The cells of the KV cache: who holds them, what is copied instead of computed, what goes when room is short.

An answer's cells outlive it: they stay, idle, until others need the room, so that the next turn of a conversation, or
the next request with the same system prompt, finds them. Where a memory cannot be cut or shared (recurrent and hybrid
models), nothing is kept.
"""

from __future__ import annotations

from tektra_models.backend import Backend
from tektra_models.prefix import NOTHING, Match, PrefixTree

AT_ONCE = 64
"""Room is made by at least one part in this many of all cells, so that a growing answer need not ask at every token."""
FAR = 256
"""Cells: what lies so far above as many as are held is moved down, in runs of so many. llama.cpp goes through all cells
below the highest that is held, in blocks of as many (llama_kv_cache::get_n_kv)."""


class Cells:
    """Hands out the backend's sequence ids and knows what each of them holds."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tree = PrefixTree()
        self._free = list(range(backend.holders))
        self._in_use: set[int] = set()
        self._off_disk: set[int] = set()
        self._owners: dict[int, str] = {}
        self._loose = False

    def find(self, tokens: list[int], owner: str = "") -> Match:
        """The longest prefix of its owner's that need not be computed; the last token has to be, for the next."""
        return self._tree.find(tokens[:-1], self._in_use, owner) if self._backend.can_share else NOTHING

    def shared(self, holder: int, others: set[int]) -> int:
        """How many of a holder's tokens lie in cells that one of the others holds too."""
        return self._tree.shared(holder, others)

    def enter(self, match: Match, *, private: bool = False, owner: str = "") -> int:
        """Give out a sequence id that already holds the tokens of a match; a private one never goes to disk."""
        holder = self._free.pop() if self._free else self._take_away(keep=match.holder)
        self._in_use.add(holder)
        self._owners[holder] = owner
        if private:
            self._off_disk.add(holder)
        if match.length:
            self._backend.copy(match.holder, holder, match.length)
            self._tree.join(holder, match)
        return holder

    def missing(self, count: int) -> int:
        """How many cells have to go before `count` more tokens can be computed."""
        return max(0, self._tree.cells + count - self._backend.context)

    def make_room(self, count: int) -> None:
        """Let idle cells go until `count` more tokens can be computed."""
        if missing := self.missing(count):
            enough = max(missing, self._backend.context // AT_ONCE)
            for holder, length in self._tree.evict(enough, self._in_use).items():
                self._cut(holder, length)

    def computed(self, holder: int, tokens: list[int]) -> None:
        """A step computed these tokens behind what the holder held."""
        self._tree.grow(holder, tokens, self._owners[holder])

    def leave(self, holder: int) -> None:
        """A sequence left: its cells stay until they are needed, where they can be of use to others."""
        self._in_use.discard(holder)
        if not self._backend.can_share:
            self._tree.cut(holder)
        self._cut(holder, self._tree.length(holder))

    def tokens(self, holder: int) -> list[int]:
        """What a holder holds."""
        return self._tree.tokens(holder)

    def owner(self, holder: int) -> str:
        """For whom a holder's tokens were computed."""
        return self._owners[holder]

    def keepable(self, least: int) -> list[int]:
        """Idle holders of so many tokens that may go to disk, the latest used first."""
        idle = set(self._tree.holders - self._in_use)
        return [
            holder
            for holder in self._tree.latest_ends(idle)
            if self._tree.length(holder) >= least and holder not in self._off_disk
        ]

    def keep_off_disk(self, holder: int) -> None:
        """What a holder holds is not for the disk."""
        self._off_disk.add(holder)

    @property
    def idle(self) -> int:
        """Cells that nobody in use holds."""
        return self._tree.cells - self._tree.cells_of(self._in_use)

    def trim(self, most: int) -> int:
        """Let idle cells go, the longest unused first, but for `most` or the latest sequence; returns how many."""
        idle = set(self._tree.holders - self._in_use)
        latest = max((self._tree.length(holder) for holder in self._tree.latest_ends(idle)[:1]), default=0)
        excess = self._tree.cells - max(most, latest)
        before = self._tree.cells
        if excess > 0:
            for holder, length in self._tree.evict(excess, self._in_use).items():
                self._cut(holder, length)
        return before - self._tree.cells

    def settle(self) -> bool:
        """Let one run of cells that lies far above what is held lie lower, and tell whether one did.

        What ended behind a long prompt stays where it is when the prompt is gone, and would slow down every step.
        """
        if not self._loose:
            return False
        run = self._tree.above(self._tree.cells + FAR, FAR)
        self._loose = run is not None
        if run is not None:
            self._backend.settle(run.holders, run.start, run.end)
            self._tree.settled(run)
        return self._loose

    def can_take(self, count: int) -> bool:
        """Whether so many tokens fit beside those in use."""
        used = sum(self._tree.length(holder) for holder in self._in_use)
        return used + count <= self._backend.context and len(self._in_use) < self._backend.holders

    def adopt(self, tokens: list[int], owner: str = "") -> int:
        """An idle holder of an owner's tokens, for which there is room; its cells are to be read from elsewhere."""
        holder = self._free.pop() if self._free else self._take_away(keep=-1)
        self._owners[holder] = owner
        self._tree.grow(holder, tokens, owner)
        return holder

    def give_up(self, holder: int) -> None:
        """Let go of all that an idle holder holds."""
        self._tree.cut(holder)
        self._cut(holder, 0)

    def forget(self) -> None:
        """Let everything go that is idle: after a failed step nobody knows what the cells hold."""
        for holder in list(self._tree.holders - self._in_use):
            self.give_up(holder)

    def _take_away(self, keep: int) -> int:
        """An id that an idle holder has to give up, though not the one to be copied from."""
        holder = self._tree.least(self._tree.holders - self._in_use - {keep})
        self._tree.cut(holder)
        self._backend.cut(holder, 0)
        self._off_disk.discard(holder)
        return holder

    def _cut(self, holder: int, length: int) -> None:
        """Carry out what the tree has decided already; a holder of nothing is free."""
        self._loose = True
        self._backend.cut(holder, length)
        if not length:
            self._off_disk.discard(holder)
            self._free.append(holder)
