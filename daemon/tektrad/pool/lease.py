"""What is asked of the pool, and what it lends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass

import structlog

from tektra_models import frames
from tektra_models.errors import WorkerDied
from tektra_models.generation import Prompt, Sampling
from tektra_models.manifest import Model
from tektra_models.spec import FlashAttention, GpuLayers, KvType, Spec, Weights
from tektrad.pool.entry import Entry
from tektrad.pool.party import Party
from tektrad.pool.worker import Answer, Worker

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """How a model shall be loaded, where the settings shall not decide."""

    context: int | None = None
    kv_type: KvType | None = None
    micro_batch: int | None = None
    flash_attention: FlashAttention | None = None
    weights: Weights | None = None
    gpu_layers: GpuLayers | None = None

    def fits(self, spec: Spec) -> bool:
        """Whether a model that is loaded so is what was wished for."""
        return all(value in (None, getattr(spec, name)) for name, value in asdict(self).items())


NO_WISH = Wish()


@dataclass(slots=True)
class Lease:
    """The right to use a loaded model until the `async with` that gave it ends."""

    model: Model
    entry: Entry
    party: Party
    _revive: Callable[[Lease, Worker], Awaitable[None]]

    @property
    def worker(self) -> Worker:
        """Who computes: another one after the first has died."""
        return self.entry.worker

    @property
    def context(self) -> int:
        """Tokens that one sequence may hold."""
        assert self.worker.info is not None
        return self.worker.info.context

    async def generate(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Answer, None]:
        """As Worker.generate; when the worker dies before it has said anything, another one is asked, once."""
        worker, begun, said = self.worker, False, False
        try:
            async with aclosing(worker.generate(prompt, sampling, self.party.key)) as answer:
                async for part in answer:
                    begun, said = True, said or not isinstance(part, frames.Began)
                    yield part
            return
        except WorkerDied:
            if said or worker.state != "broken":
                raise
            log.warning("worker died before it said anything; asking another", model=self.model.name)
        await self._revive(self, worker)
        async with aclosing(self.worker.generate(prompt, sampling, self.party.key)) as answer:
            async for part in answer:
                if not (begun and isinstance(part, frames.Began)):
                    yield part
