"""Between cells and disk: which kept sequences are written, and which are read again before a prompt is computed."""

from __future__ import annotations

from tektra_models.backend import Backend
from tektra_models.cells import Cells
from tektra_models.kv_store import KvStore

WORTH_KEEPING = 64
"""Tokens: fewer are computed about as fast as they are read."""
KEPT_SHARE, KEPT_MOST = 4, 1024
"""One cell in so many may be kept for those who come again, once all is on disk, and no more than so many.

llama.cpp looks at all cells up to the last one in use for every token and every head: behind 2,700 idle ones a model of
0.5B reads a twelfth slower, behind 8,100 it writes an eighth slower. Attention in two passes computes with all of them:
behind 1,000 idle ones it reads a quarter slower, so none are kept beside others then (docs/performance.md).
"""


class Recall:
    """Keeps the states of idle sequences, and brings back what a prompt begins with."""

    def __init__(self, backend: Backend, cells: Cells, store: KvStore | None) -> None:
        self._backend, self._cells = backend, cells
        self._store = store if backend.can_share else None
        self._most = min(backend.context // KEPT_SHARE, KEPT_MOST)
        self._beside_others = 0 if backend.minds_others else self._most

    def bring_back(self, tokens: list[int], owner: str = "") -> None:
        """Read a state of this owner's into cells if it spares enough beyond what the cells hold already."""
        if self._store is None:
            return
        stored, length = self._store.best(tokens[:-1], owner)
        if stored is None or length < self._cells.find(tokens, owner).length + WORTH_KEEPING:
            return
        if len(stored.tokens) > self._backend.context or not self._cells.can_take(len(stored.tokens)):
            return
        data = self._store.read(stored)
        if data is None:
            return
        self.make_room(len(stored.tokens))
        holder = self._cells.adopt(stored.tokens, owner)
        if not self._backend.restore(holder, data):
            self._cells.give_up(holder)

    def tidy_one(self) -> bool:
        """Do one thing that waits for a quiet moment; false when none is due.

        An idle sequence that is not on disk yet is written; when all are, cells go; then those that stay move down.
        """
        return self._keep_next() or self._cells.settle()

    def _keep_next(self) -> bool:
        """Write one idle sequence that is not on disk yet, or let cells go when all are; false when neither is due."""
        if self._store is None:
            return False
        for holder in self._cells.keepable(WORTH_KEEPING):
            if not self._store.holds(self._cells.tokens(holder), self._cells.owner(holder)):
                self._keep(self._store, holder)
                return True
        self._store.settle()
        return self._cells.trim(self._most) > 0

    def make_room(self, count: int) -> None:
        """Let idle cells go until `count` more tokens can be computed: to disk, unless that is busy with others."""
        while self._store is not None and self._cells.missing(count):
            holder = next(reversed(self._cells.keepable(WORTH_KEEPING)), None)
            if holder is None or not self._is_kept(self._store, holder):
                break
            self._cells.give_up(holder)
        self._cells.make_room(count)

    def relieve(self, *, spare_latest: bool) -> bool:
        """Let idle sequences go where too many cells are idle beside those in use; whether more may have to.

        The longest unused goes first, once it is on disk. The latest may be spared, since it may be the one that goes
        on, unless idle cells cost others much: reading it again takes a tenth of a second for a thousand tokens.
        """
        if self._store is None:
            return False
        spared = spare_latest and self._beside_others > 0
        while self._cells.idle > self._beside_others:
            holders = self._cells.keepable(WORTH_KEEPING)
            if len(holders) <= spared:
                return bool(holders)  # its time will come
            if not self._is_kept(self._store, holders[-1]):
                return True
            self._cells.give_up(holders[-1])
        return False

    def _is_kept(self, store: KvStore, holder: int) -> bool:
        """Whether what a holder holds is on disk, or on its way there from now on, one at a time: they take memory."""
        if store.holds(self._cells.tokens(holder), self._cells.owner(holder)):
            return True
        return not store.writing and self._keep(store, holder)

    def _keep(self, store: KvStore, holder: int) -> bool:
        """Write what a holder holds, or never try again with one that is too large."""
        kept = store.keep(self._cells.tokens(holder), self._backend.state(holder), self._cells.owner(holder))
        if not kept:
            self._cells.keep_off_disk(holder)
        return kept

    def forget(self) -> None:
        """Remove what is on disk and in idle cells."""
        self._cells.forget()
        if self._store is not None:
            self._store.clear()

    def close(self) -> None:
        """Keep what is not kept yet, and wait until it is written."""
        while self._keep_next():
            continue
        if self._store is not None:
            self._store.close()
