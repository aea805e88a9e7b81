"""Between cells and disk: which kept sequences are written, and which are read again before a prompt is computed."""

from __future__ import annotations

from tektra_models.backend import Backend
from tektra_models.cells import Cells
from tektra_models.kv_store import KvStore

WORTH_KEEPING = 256
"""Tokens: fewer are computed as fast as they are read."""
KEPT_SHARE = 4
"""One cell in so many may be kept for those who come again, once all is on disk."""


class Recall:
    """Keeps the states of idle sequences, and brings back what a prompt begins with."""

    def __init__(self, backend: Backend, cells: Cells, store: KvStore | None) -> None:
        self._backend, self._cells = backend, cells
        self._store = store if backend.can_share else None

    def bring_back(self, tokens: list[int]) -> None:
        """Read a state into cells if it spares enough beyond what the cells hold already."""
        if self._store is None:
            return
        stored, length = self._store.best(tokens[:-1])
        if stored is None or length < self._cells.find(tokens).length + WORTH_KEEPING:
            return
        if len(stored.tokens) > self._backend.context or not self._cells.can_take(len(stored.tokens)):
            return
        data = self._store.read(stored)
        if data is None:
            return
        holder = self._cells.adopt(stored.tokens)
        if not self._backend.restore(holder, data):
            self._cells.give_up(holder)

    def keep_one(self) -> bool:
        """Write one idle sequence that is not on disk yet, or let cells go when all are; false when neither is due.

        What is on disk comes back fast, and cells that are kept slow down what is computed beside them.
        """
        if self._store is None:
            return False
        for holder in self._cells.keepable(WORTH_KEEPING):
            tokens = self._cells.tokens(holder)
            if not self._store.holds(tokens):
                self._store.keep(tokens, self._backend.state(holder))
                return True
        self._store.settle()
        return self._cells.trim(self._backend.context // KEPT_SHARE) > 0

    def forget(self) -> None:
        """Remove what is on disk and in idle cells."""
        self._cells.forget()
        if self._store is not None:
            self._store.clear()

    def close(self) -> None:
        """Keep what is not kept yet, and wait until it is written."""
        while self.keep_one():
            continue
        if self._store is not None:
            self._store.close()
