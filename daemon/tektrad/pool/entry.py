"""One loaded model on the pool's books, and how it is shown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from tektra_models.manifest import Model
from tektrad.pool import budget
from tektrad.pool.worker import Worker


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
    ready: asyncio.Task[None]
    leases: int = 0
    must_stay: bool = False
    noted_bytes: int = 0
    expiry: asyncio.TimerHandle | None = None

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
            "slots": worker.spec.slots,
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
