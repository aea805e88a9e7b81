"""Looks every two seconds at what the pool counts and at what the daemon and its workers take."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import psutil
import structlog

from tektrad.clock import Clock
from tektrad.history import STEP_S, Counts, History
from tektrad.pool import budget
from tektrad.pool.pool import Pool

log = structlog.get_logger("tektra.pool")


class Sampler:
    """Fills the history, whether anybody looks at it or not: whoever opens a plot wants to see what was before."""

    def __init__(self, pool: Pool, history: History, clock: Clock) -> None:
        self._pool = pool
        self._history = history
        self._clock = clock

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[None]:
        """Look again and again inside the block."""
        sampling = asyncio.create_task(self._sample())
        try:
            yield
        finally:
            sampling.cancel()
            await asyncio.wait([sampling])

    async def _sample(self) -> None:
        while True:
            try:
                self._history.add(self._counts())
            except Exception:
                log.exception("sample_failed")
            await self._clock.sleep(STEP_S)

    def _counts(self) -> Counts:
        loaded, totals = self._pool.view(), self._pool.totals.values()
        workers = [model["pid"] for model in loaded if model["pid"] is not None]
        return Counts(
            time=self._clock.now(),
            at=self._clock.monotonic(),
            written=sum(each.written for each in totals),
            read=sum(each.prompt_tokens - each.cached_tokens for each in totals),
            first_tokens=tuple(seconds for each in totals for seconds in each.take_first_tokens()),
            memory_bytes=budget.resident(os.getpid()) + sum(model["resident_bytes"] for model in loaded),
            device_bytes=sum(part["bytes"] for model in loaded for part in model["offload"]),
            cpu_s=_cpu_seconds([os.getpid(), *workers]),
            running=sum(model["running"] for model in loaded),
            waiting=sum(model["waiting"] for model in loaded) + self._pool.in_line,
        )


def _cpu_seconds(processes: Iterable[int]) -> dict[int, float]:
    found = {}
    for process in processes:
        with suppress(psutil.Error):  # it has just ended
            times = psutil.Process(process).cpu_times()
            found[process] = times.user + times.system
    return found
