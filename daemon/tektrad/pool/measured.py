"""What loaded models really took, from earlier loads: the only reader and writer of that table."""

from __future__ import annotations

import asyncio

import structlog

from tektra_models.spec import Spec
from tektrad.clock import Clock
from tektrad.errors import StoreFailed
from tektrad.pool import budget
from tektrad.pool.entry import Entry
from tektrad.pool.worker import Worker
from tektrad.store.db import Store

MARGIN = 1.03
"""What a worker may take beyond the most that was ever measured."""
NOTABLE = 1.02
"""By how much more a worker has to take than was noted before it is noted again."""

log = structlog.get_logger()


class Measured:
    """Peak memory and load times by model, context, slots and type of cells."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recording: set[asyncio.Task[None]] = set()

    async def bytes_for(self, spec: Spec) -> int | None:
        """Bytes that a worker of this spec will take; None where none was ever measured."""
        rows = await self._store.rows(
            "SELECT peak_bytes FROM loads WHERE digest = ? AND context = ? AND slots = ? AND kv_type = ?", _key(spec)
        )
        return int(rows[0]["peak_bytes"] * MARGIN) if rows else None

    async def load_seconds_for(self, spec: Spec) -> float | None:
        """Seconds that loading took the last time; None where that is not known."""
        rows = await self._store.rows(
            "SELECT load_s FROM loads WHERE digest = ? AND context = ? AND slots = ? AND kv_type = ?", _key(spec)
        )
        return float(rows[0]["load_s"]) if rows else None

    def note(self, entry: Entry) -> None:
        """Keep what the worker takes now, in the background, if it is more than before.

        Only once it has read a prompt that filled a whole batch: until then its buffers are not all in memory.
        """
        worker = entry.worker
        if worker.spec.backend == "scripted" or worker.spec.offload or worker.largest_prompt < worker.spec.batch:
            return
        taken = budget.resident(worker.pid)
        if taken <= entry.noted_bytes * NOTABLE:
            return
        entry.noted_bytes = taken
        task = asyncio.create_task(self._record(worker, taken))
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)

    async def settled(self) -> None:
        """Wait until everything noted is kept."""
        if self._recording:
            await asyncio.wait(self._recording)

    async def _record(self, worker: Worker, peak_bytes: int) -> None:
        """The most so far counts."""
        try:
            await self._store.write(
                "INSERT INTO loads VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " peak_bytes = max(peak_bytes, excluded.peak_bytes), load_s = excluded.load_s,"
                " measured_at = excluded.measured_at",
                (*_key(worker.spec), peak_bytes, worker.load_seconds, self._clock.now()),
            )
        except StoreFailed as error:
            log.warning("what a model takes could not be kept", model=worker.spec.name, why=error.message)


def _key(spec: Spec) -> tuple[str, int, int, str]:
    weights = "" if spec.weights == "stored" else f" {spec.weights}"  # quantized while loading, it is another model
    return spec.digest + weights, spec.context, spec.slots, spec.kv_type
