"""One loaded model on the pool's books, and how it is shown."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tektra_models.manifest import Model
from tektra_models.placement import by_device
from tektrad.pool import budget
from tektrad.pool.choice import Choice
from tektrad.pool.devices import shown_offload
from tektrad.pool.scheduler import Group, Holding
from tektrad.pool.worker import Worker

MOMENT = 0.001
"""Seconds that a residence lasts still when it should be over and its timer has not rung."""


@dataclass(eq=False, slots=True)
class Entry:
    """One loaded (or loading) model."""

    model: Model
    worker: Worker
    promised: int
    keep_alive: float
    last_used: float
    last_used_at: str
    loaded_at: str
    choice: Choice
    ready: asyncio.Task[None]
    load_s: float
    stay_s: float
    """How long it stays, once loaded, though others wait."""
    holders: Counter[Group] = field(default_factory=Counter)
    """How many leases each party has, by class."""
    noted_bytes: int = 0
    stays_until: float = 0.0
    staying: asyncio.TimerHandle | None = None
    """Runs while others may not have its memory though they wait. A timer, since the loop's may ring a little early."""
    resting: asyncio.TimerHandle | None = None
    """Runs while it has been idle for less time than loading it again would take."""
    expiry: asyncio.TimerHandle | None = None

    @property
    def leases(self) -> int:
        """How many use it now."""
        return self.holders.total()

    def holding(self, now: float) -> Holding:
        """As the scheduler sees it."""
        stay_s = self._stay_left(now)
        return Holding(
            self.model.name,
            self.promised,
            idle=not self.leases and stay_s <= 0,
            idle_s=0.0 if self.leases else now - self.last_used,
            load_s=self.load_s,
            slots=self.worker.spec.slots,
            answer_s=self.worker.totals.answer_s,
            stay_s=stay_s,
            leases=self.holders,
            on_devices=by_device([self.worker.spec.offload]),
        )

    def _stay_left(self, now: float) -> float:
        """Seconds that it may stay though others wait: none once it has been idle for as long as loading took."""
        if not self.ready.done():
            return self.stay_s + MOMENT if self.leases else 0.0
        if self.staying is None or (not self.leases and self.resting is None):
            return 0.0
        return max(self.stays_until - now, MOMENT)

    def begin_stay(self, now: float, ended: Callable[[], None]) -> None:
        """It is loaded: those who want it come first for so long."""
        self.stays_until = now + self.stay_s
        self.staying = asyncio.get_running_loop().call_later(self.stay_s, self._stayed, ended)
        if not self.leases:
            self.rest(ended)

    def rest(self, ended: Callable[[], None]) -> None:
        """Nobody uses it now."""
        if self.resting is not None:
            self.resting.cancel()
        if self.staying is not None:
            self.resting = asyncio.get_running_loop().call_later(self.load_s, self._rested, ended)

    def _stayed(self, ended: Callable[[], None]) -> None:
        self.staying = None
        ended()

    def _rested(self, ended: Callable[[], None]) -> None:
        self.resting = None
        ended()

    def cancel_timers(self) -> None:
        """It is off the books."""
        for timer in (self.staying, self.resting, self.expiry):
            if timer is not None:
                timer.cancel()

    def view(self) -> dict[str, Any]:
        """For people to see (shape Loaded in docs/design/api.md)."""
        worker = self.worker
        expires_in = self.expiry.when() - asyncio.get_running_loop().time() if self.expiry is not None else None
        return {
            "name": self.model.name,
            "state": worker.state,
            "pid": worker.pid,
            "context": worker.spec.context,
            "kv_type": worker.spec.kv_type,
            "weights": worker.spec.weights,
            "slots": worker.spec.slots,
            "gpu_layers": worker.spec.gpu_layers,
            "offload": shown_offload(worker.spec.offload),
            "settings": self.choice.shown(),
            "promised_bytes": self.promised,
            "resident_bytes": budget.resident(worker.pid),
            "running": worker.running,
            "waiting": worker.waiting,
            "leases": self.leases,
            "loaded_at": self.loaded_at,
            "last_used_at": self.last_used_at,
            "expires_in_s": round(max(expires_in, 0.0), 1) if expires_in is not None else None,
            "load_seconds": round(worker.load_seconds, 3),
            "answers": worker.totals.answers,
            "prompt_tokens": worker.totals.prompt_tokens,
            "cached_tokens": worker.totals.cached_tokens,
            "completion_tokens": worker.totals.completion_tokens,
            "tokens_per_s": round(worker.totals.tokens_per_s, 2) if worker.totals.tokens_per_s else None,
        }
