"""What loaded models really took, from earlier loads: the only reader and writer of that table."""

from __future__ import annotations

from tektra_models.spec import Spec
from tektrad.clock import Clock
from tektrad.store.db import Store

MARGIN = 1.03
"""What a worker may take beyond the most that was ever measured."""


class Measured:
    """Peak memory and load times by model, context, slots and type of cells."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def bytes_for(self, spec: Spec) -> int | None:
        """Bytes that a worker of this spec will take; None where none was ever measured."""
        rows = await self._store.rows(
            "SELECT peak_bytes FROM loads WHERE digest = ? AND context = ? AND slots = ? AND kv_type = ?", _key(spec)
        )
        return int(rows[0]["peak_bytes"] * MARGIN) if rows else None

    async def record(self, spec: Spec, peak_bytes: int, load_s: float) -> None:
        """Keep what a worker took, if it is the most so far; raises StoreFailed."""
        await self._store.write(
            "INSERT INTO loads VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " peak_bytes = max(peak_bytes, excluded.peak_bytes), load_s = excluded.load_s,"
            " measured_at = excluded.measured_at",
            (*_key(spec), peak_bytes, load_s, self._clock.now()),
        )


def _key(spec: Spec) -> tuple[str, int, int, str]:
    return spec.digest, spec.context, spec.slots, spec.kv_type
