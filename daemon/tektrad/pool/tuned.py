"""What was found to be fastest here, by tuning: the only reader and writer of that table.

All of it is in memory, for loads ask at every request. What was found on another machine, or with another engine, is
kept and shown, and counts for nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import structlog

from tektra_models.machine import machine
from tektra_models.manifest import Model
from tektra_models.tuning import Advice, Best, Speed, Tuning, advice
from tektrad.clock import Clock
from tektrad.errors import Busy
from tektrad.store.db import Store

GENERAL = ""
"""The digest under which stands what holds for models in general."""
TINY_WEIGHTS = 100_000_000
"""Smaller models are so different from larger ones that what was found with one says nothing about the others."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """One tuning, when and where it was done."""

    tuning: Tuning
    machine: str
    tuned_at: str


class Tuned:
    """Tunings by the digest of a model's file."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, Kept] = {}
        self._under_way = False
        self.machine = machine()

    async def recall(self) -> None:
        """Read what was kept; what cannot be understood is left out."""
        for row in await self._store.rows("SELECT digest, machine, tuning, tuned_at FROM tuned"):
            try:
                tuning = msgspec.json.decode(row["tuning"], type=Tuning)
            except msgspec.MsgspecError as error:
                log.warning("a tuning cannot be read and is left out", model=row["digest"], why=str(error))
                continue
            self._kept[row["digest"]] = Kept(tuning, row["machine"], row["tuned_at"])

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While something is timed nothing else is; raises Busy."""
        if self._under_way:
            raise Busy("another tuning is under way", "Wait until it has ended.")
        self._under_way = True
        try:
            yield
        finally:
            self._under_way = False

    async def keep(self, digest: str, tuning: Tuning) -> Kept:
        """Put a tuning in the place of an earlier one; raises StoreFailed."""
        kept = Kept(tuning, self.machine, self._clock.now())
        await self._store.write(
            "INSERT OR REPLACE INTO tuned VALUES (?, ?, ?, ?)",
            (digest, kept.machine, msgspec.json.encode(tuning).decode(), kept.tuned_at),
        )
        self._kept[digest] = kept
        return kept

    async def forget(self, digest: str | None) -> int:
        """Remove one tuning, or all; how many there were. Raises StoreFailed."""
        digests = list(self._kept) if digest is None else [digest] if digest in self._kept else []
        for each in digests:
            await self._store.write("DELETE FROM tuned WHERE digest = ?", (each,))
            self._kept.pop(each, None)
        return len(digests)

    def all(self) -> list[Kept]:
        """Everything, what holds in general first."""
        return [self._kept[digest] for digest in sorted(self._kept)]

    def get(self, digest: str) -> Kept | None:
        """The tuning of one model, or (without a digest) the general one, wherever it was done."""
        return self._kept.get(digest)

    def holds(self, kept: Kept) -> bool:
        """Whether a tuning was done on this machine, with this engine."""
        return kept.machine == self.machine

    def settings_for(self, model: Model, digest: str) -> Best | None:
        """The best settings for a model: found with itself, or else in general."""
        own = self._here(digest)
        general = self._here(GENERAL) if model.parameters >= TINY_WEIGHTS else None
        found = own or general
        return found.tuning.best if found is not None else None

    @property
    def speeds(self) -> tuple[Speed, ...]:
        """How fast types are here: in general, or else as found with the model that was tuned last."""
        telling = [kept for kept in self._kept.values() if self.holds(kept) and kept.tuning.weights >= TINY_WEIGHTS]
        found = self._here(GENERAL) or max(telling, key=_when, default=None)
        return found.tuning.speeds if found is not None else ()

    def advice(self, quantization: str | None) -> Advice | None:
        """A clearly faster type of the same class."""
        return advice(self.speeds, quantization)

    def _here(self, digest: str) -> Kept | None:
        kept = self._kept.get(digest)
        return kept if kept is not None and self.holds(kept) else None


def _when(kept: Kept) -> str:
    return kept.tuned_at
