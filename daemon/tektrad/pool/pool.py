"""The Pool: models in memory, lent out as leases. The only writer of what is loaded, who waits and who holds what.

Methods that change this state contain no `await`; slow work (loading, stopping) runs in tasks that report back by
calling such methods. What to do with a request is decided in scheduler.py.
"""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from tektra_models import fit, frames
from tektra_models.catalog import Catalog
from tektra_models.errors import WorkerDied
from tektra_models.generation import Prompt, Sampling
from tektra_models.gguf import read_header
from tektra_models.manifest import Model
from tektra_models.placement import by_device
from tektra_models.spec import GpuLayers, KvType, Spec
from tektrad.breaker import Breaker
from tektrad.clock import Clock
from tektrad.config import Settings
from tektrad.errors import Busy, Draining, KeepsFailing, ModelInUse, NoMemory, NotFound, StoreFailed, TimedOut
from tektrad.pool import budget, scheduler
from tektrad.pool.devices import Devices
from tektrad.pool.measured import Measured
from tektrad.pool.totals import Totals
from tektrad.pool.worker import Answer, Worker

NOTABLE = 1.02
"""By how much more a worker has to take than was noted before it is noted again."""
SCRIPTED_BYTES = 64 << 20
"""What a worker without weights is taken to need: a Python process."""

log = structlog.get_logger()
Notify = Callable[[str], None]


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


@dataclass(frozen=True, slots=True)
class Wish:
    """How a model shall be loaded, where the settings shall not decide."""

    context: int | None = None
    kv_type: KvType | None = None
    gpu_layers: GpuLayers | None = None

    def fits(self, spec: Spec) -> bool:
        """Whether a model that is loaded so is what was wished for."""
        return (
            self.context in (None, spec.context)
            and self.kv_type in (None, spec.kv_type)
            and self.gpu_layers in (None, spec.gpu_layers)
        )


NO_WISH = Wish()


@dataclass(slots=True)
class Lease:
    """The right to use a loaded model until the `async with` that gave it ends."""

    model: Model
    entry: Entry
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
            async with aclosing(worker.generate(prompt, sampling)) as answer:
                async for part in answer:
                    begun, said = True, said or not isinstance(part, frames.Began)
                    yield part
            return
        except WorkerDied:
            if said or worker.state != "broken":
                raise
            log.warning("worker died before it said anything; asking another", model=self.model.name)
        await self._revive(self, worker)
        async with aclosing(self.worker.generate(prompt, sampling)) as answer:
            async for part in answer:
                if not (begun and isinstance(part, frames.Began)):
                    yield part


class Pool:
    """Loads, shares, keeps alive and unloads models within a budget of memory."""

    def __init__(
        self,
        catalog: Catalog,
        settings: Settings,
        clock: Clock,
        states_dir: Path,
        measured: Measured,
        devices: Devices,
    ) -> None:
        self.catalog = catalog
        self.devices = devices
        self._measured = measured
        self._recording: set[asyncio.Task[None]] = set()
        self.budget = budget.choose(settings.memory_budget, budget.measure())
        self._settings = settings
        self._states_dir = states_dir
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._leaving: dict[asyncio.Task[None], Entry] = {}
        self._line: list[asyncio.Event] = []
        self._closed = False
        self._breakers: dict[str, Breaker] = {}
        self.totals: dict[str, Totals] = {}

    @asynccontextmanager
    async def lease(
        self, name: str, *, wish: Wish = NO_WISH, keep_alive: float | None = None, notify: Notify | None = None
    ) -> AsyncIterator[Lease]:
        """Lend the model called `name`, loading it if need be; `notify` hears "queued" and "loading".

        Raises UnknownModel, NoMemory, Busy, TimedOut, Draining, ModelInUse or what loading raises.
        """
        model = self.catalog.get(name)
        spec, needed = await self._shape(model, wish)

        async def revive(lease: Lease, dead: Worker) -> None:
            if lease.worker is dead:
                old = lease.entry
                lease.entry = await self._admit(model, spec, needed, wish, None)
                lease.entry.keep_alive = old.keep_alive
                self._release(old)
            await self._loaded(lease.entry)

        entry = await self._admit(model, spec, needed, wish, notify)
        lease = Lease(model, entry, revive)
        if keep_alive is not None:
            entry.keep_alive = keep_alive
        try:
            if not entry.ready.done() and notify is not None:
                notify("loading")
            await self._loaded(entry)
            yield lease
        finally:
            self._release(lease.entry)

    async def _shape(self, model: Model, wish: Wish) -> tuple[Spec, int]:
        """How a model would be loaded, and the RAM for it; a loaded one is taken as it is, if it is as wished for."""
        entry = self._entries.get(model.name)
        if entry is not None and wish.fits(entry.worker.spec):
            return entry.worker.spec, entry.promised
        spec = await self.placed(self.spec(model, wish))
        needed, _ = await self.bytes_for(spec)
        return spec, needed

    async def placed(self, spec: Spec) -> Spec:
        """The spec with its layers on devices, beside what loaded models have there; raises Unsupported or NoMemory."""
        there = [*(entry for entry in self._entries.values() if entry.ready.done()), *self._leaving.values()]
        held = by_device(entry.worker.spec.offload for entry in there)
        in_use = by_device(entry.worker.spec.offload for entry in self._entries.values() if entry.leases)
        return await self.devices.placed(spec, held, in_use)

    def on_device(self, device: str) -> int:
        """Bytes of a device that are promised to loaded models."""
        return by_device(entry.worker.spec.offload for entry in self._entries.values()).get(device, 0)

    def unload(self, name: str, *, force: bool = False) -> tuple[str, int]:
        """Begin to unload and return (name, bytes promised to it); raises NotFound or ModelInUse."""
        name = self.catalog.get(name).name
        entry = self._entries.get(name)
        if entry is None:
            raise NotFound(f'"{name}" is not loaded', "tektra models ps shows what is.")
        if entry.leases and not force:
            raise ModelInUse(
                f'"{name}" is answering {entry.leases} request(s)', "Wait for them, or use --force to end them."
            )
        self._retire(entry)
        return name, entry.promised

    async def settled(self) -> None:
        """Wait until every worker that was told to leave is gone."""
        while self._leaving:
            await asyncio.wait(self._leaving)

    async def close(self) -> None:
        """Stop every worker; nothing is lent any more."""
        self._closed = True
        for entry in list(self._entries.values()):
            self._retire(entry)
        self._wake()
        await self.settled()
        if self._recording:
            await asyncio.wait(self._recording)

    def is_loaded(self, name: str) -> bool:
        """Whether the model is in memory or on its way there."""
        return name in self._entries

    @property
    def promised(self) -> int:
        """Bytes promised to loaded models."""
        return sum(entry.promised for entry in self._entries.values())

    @property
    def free(self) -> int:
        """Bytes that another model may take now, with nothing unloaded."""
        return max(0, min(self.budget - self.promised, budget.measure().available))

    @property
    def in_line(self) -> int:
        """Requests that wait for a model to be loaded."""
        return len(self._line)

    def view(self) -> list[dict[str, Any]]:
        """What is loaded, for people to see (shape Loaded in docs/design/api.md)."""
        return [self._view(entry) for entry in self._entries.values()]

    def view_one(self, name: str) -> dict[str, Any]:
        """One loaded model, for people to see; raises NotFound."""
        if name not in self._entries:
            raise NotFound(f'"{name}" is not loaded')
        return self._view(self._entries[name])

    def _view(self, entry: Entry) -> dict[str, Any]:
        worker = entry.worker
        expires_in = entry.expiry.when() - asyncio.get_running_loop().time() if entry.expiry is not None else None
        return {
            "name": entry.model.name,
            "state": worker.state,
            "pid": worker.pid,
            "context": worker.spec.context,
            "kv_type": worker.spec.kv_type,
            "slots": worker.spec.slots,
            "gpu_layers": worker.spec.gpu_layers,
            "offload": shown_offload(worker.spec),
            "promised_bytes": entry.promised,
            "resident_bytes": budget.resident(worker.pid),
            "running": worker.running,
            "waiting": worker.waiting,
            "leases": entry.leases,
            "loaded_at": entry.loaded_at,
            "last_used_at": entry.last_used_at,
            "expires_in_s": round(max(expires_in, 0.0), 1) if expires_in is not None else None,
            "load_seconds": round(worker.load_seconds, 3),
            "answers": worker.totals.answers,
            "prompt_tokens": worker.totals.prompt_tokens,
            "cached_tokens": worker.totals.cached_tokens,
            "completion_tokens": worker.totals.completion_tokens,
            "tokens_per_s": round(worker.totals.tokens_per_s, 2) if worker.totals.tokens_per_s else None,
        }

    def spec(self, model: Model, wish: Wish) -> Spec:
        """How a model would be loaded: as wished, or else by the settings, bounded by what it was made for."""
        return self.catalog.spec(
            model.name,
            context=wish.context or min(self._settings.context, model.context_train or self._settings.context),
            kv_type=wish.kv_type or self._settings.kv_type,
            gpu_layers=self._settings.gpu_layers if wish.gpu_layers is None else wish.gpu_layers,
            slots=self._settings.slots,
            batch=self._settings.batch,
            gap_s=self._settings.gap,
            threads=self._settings.threads,
            drafts=self._settings.drafts,
            states_dir=str(self._states_dir) if self._settings.states_bytes else "",
            states_bytes=self._settings.states_bytes,
        )

    async def bytes_for(self, spec: Spec) -> tuple[int, bool]:
        """What a worker of this spec will take, and whether that was measured rather than estimated."""
        # What lies on devices was never measured: the process's memory says nothing of it.
        measured = None if spec.offload else await self._measured.bytes_for(spec)
        if measured is not None:
            return measured, True
        return await asyncio.to_thread(promised_bytes, spec), False

    async def forget_states(self) -> None:
        """Remove every attention state: those that workers hold for nobody in particular, and those on disk."""
        for entry in self._entries.values():
            entry.worker.forget_states()
        await asyncio.to_thread(_remove_all, self._states_dir)

    async def _admit(self, model: Model, spec: Spec, needed: int, wish: Wish, notify: Notify | None) -> Entry:
        """Take a lease, standing in line for memory if need be; raises a TektraError."""
        deadline = self._clock.monotonic() + self._settings.queue_wait
        place: asyncio.Event | None = None
        try:
            while (entry := self._take(model, spec, needed, wish, place)) is None:
                if place is None:
                    place = self._join_line(model.name)
                    if notify is not None:
                        notify("queued")
                await self._turn(place, model.name, deadline)
            return entry
        finally:
            if place is not None:
                self._line.remove(place)
                self._wake()

    def _take(self, model: Model, spec: Spec, needed: int, wish: Wish, place: asyncio.Event | None) -> Entry | None:
        """Take a lease on a loaded model, or begin to load it; None means wait.

        Only the first in line may load: otherwise small models would pass a large one for ever.
        """
        if self._closed:
            raise stopping()
        self._make_way_for(model.name, wish)
        may_load = not self._line or self._line[0] is place
        match self._decide(model.name, spec, needed):
            case scheduler.Serve():
                return self._hold(self._entries[model.name])
            case scheduler.Load(evict=evict) if may_load:
                for name in evict:
                    self._retire(self._entries[name])
                return self._hold(self._begin(model, spec, needed))
            case scheduler.Refuse(needed=needed, possible=possible, place=device):
                where = f" of {device}" if device else ""
                raise NoMemory(
                    f'"{model.name}" needs {_gib(needed)}{where} and at most {_gib(possible)} can be freed for it',
                    "Ask for a smaller context (--context), or choose a smaller model.",
                )
        return None

    def _decide(self, name: str, spec: Spec, needed: int) -> scheduler.Decision:
        """Memory that leaving workers still hold will be free; what loading ones have not taken yet is not."""
        loading = sum(e.promised for e in self._entries.values() if not e.ready.done())
        available = budget.measure().available + sum(e.promised for e in self._leaving.values()) - loading
        holdings = [
            scheduler.Holding(
                name,
                e.promised,
                idle=not e.leases and not e.must_stay,
                idle_s=self._clock.monotonic() - e.last_used,
                load_s=e.worker.load_seconds,
                on_devices=by_device([e.worker.spec.offload]),
            )
            for name, e in self._entries.items()
        ]
        on_devices = by_device([spec.offload])
        return scheduler.decide(name, needed, holdings, self.budget, max(available, 0), on_devices, self.devices.rooms)

    def _make_way_for(self, name: str, wish: Wish) -> None:
        """Retire an idle worker that is not loaded as asked for; raises ModelInUse when it is busy."""
        entry = self._entries.get(name)
        if entry is None or wish.fits(entry.worker.spec):
            return
        if entry.leases:
            spec = entry.worker.spec
            raise ModelInUse(
                f'"{name}" is in use with a context of {spec.context} and cells of type {spec.kv_type}',
                "Wait until it is idle, then load it anew.",
            )
        self._retire(entry)

    def _begin(self, model: Model, spec: Spec, promised: int) -> Entry:
        self._refuse_broken(model.name)
        worker = Worker(spec, self._forget, self.totals.setdefault(model.name, Totals()))
        now = self._clock.now()
        entry = Entry(
            model=model,
            worker=worker,
            promised=promised,
            keep_alive=self._settings.keep_alive,
            last_used=self._clock.monotonic(),
            last_used_at=now,
            loaded_at=now,
            ready=asyncio.create_task(self._load(worker, set(self._leaving))),
        )
        entry.ready.add_done_callback(lambda task: self._loading_ended(entry, task))
        self._entries[model.name] = entry
        return entry

    def _refuse_broken(self, name: str) -> None:
        """Raise KeepsFailing while a model's workers have died too often just now."""
        breaker = self._breakers.get(name)
        wait = breaker.wait(self._clock.monotonic()) if breaker is not None else 0.0
        if wait > 0:
            raise KeepsFailing(
                f'the worker of "{name}" has died {Breaker().most} times within a minute',
                f"It may be loaded again in {math.ceil(wait)} s; tektra daemon logs shows why it died.",
                retry_after=math.ceil(wait),
            )

    @staticmethod
    async def _load(worker: Worker, leaving: set[asyncio.Task[None]]) -> None:
        if leaving:
            await asyncio.wait(leaving)
        await worker.start()

    async def _loaded(self, entry: Entry) -> None:
        """Wait until the model is in memory; raises what loading raised, or that it was called off."""
        await asyncio.wait([entry.ready])
        if entry.ready.cancelled():
            if self._closed:
                raise stopping()
            raise WorkerDied(f'"{entry.model.name}" was unloaded while it was loading', "Ask again to load it.")
        entry.ready.result()

    def _loading_ended(self, entry: Entry, task: asyncio.Task[None]) -> None:
        """Report of the loading task; a failed entry disappears, those who wait for it get the error themselves."""
        if task.cancelled() or task.exception() is not None:
            self._drop(entry)
        else:
            entry.must_stay = True
            stays = scheduler.residence(entry.worker.load_seconds)
            asyncio.get_running_loop().call_later(stays, self._stayed, entry)
        self._wake()

    def _stayed(self, entry: Entry) -> None:
        """The least time of residence is over. A flag, since the loop's timers may ring a millisecond early."""
        entry.must_stay = False
        self._wake()

    def _forget(self, worker: Worker) -> None:
        """Report of a worker that died by itself."""
        self._breakers.setdefault(worker.spec.name, Breaker()).failed(self._clock.monotonic())
        for entry in list(self._entries.values()):
            if entry.worker is worker:
                self._drop(entry)

    def _hold(self, entry: Entry) -> Entry:
        entry.leases += 1
        if entry.expiry is not None:
            entry.expiry.cancel()
            entry.expiry = None
        return entry

    def _release(self, entry: Entry) -> None:
        entry.leases -= 1
        entry.last_used, entry.last_used_at = self._clock.monotonic(), self._clock.now()
        if entry.leases == 0 and self._entries.get(entry.model.name) is entry:
            if entry.keep_alive == 0:
                self._retire(entry)
            elif entry.keep_alive > 0:
                self._note(entry)
                entry.expiry = asyncio.get_running_loop().call_later(entry.keep_alive, self._expire, entry)
        self._wake()

    def _note(self, entry: Entry) -> None:
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

    async def _record(self, worker: Worker, taken: int) -> None:
        try:
            await self._measured.record(worker.spec, taken, worker.load_seconds)
        except StoreFailed as error:
            log.warning("what a model takes could not be kept", model=worker.spec.name, why=error.message)

    def _expire(self, entry: Entry) -> None:
        if entry.leases == 0 and self._entries.get(entry.model.name) is entry:
            log.info("model unloaded, idle", model=entry.model.name)
            self._retire(entry)

    def _drop(self, entry: Entry) -> None:
        if self._entries.get(entry.model.name) is entry:
            del self._entries[entry.model.name]
        if entry.expiry is not None:
            entry.expiry.cancel()
        self._wake()

    def _retire(self, entry: Entry) -> None:
        """Take the model off the books and stop its worker in the background; its memory counts until it is gone."""
        leaving = asyncio.create_task(self._stop(entry))
        self._leaving[leaving] = entry
        leaving.add_done_callback(self._left)
        self._drop(entry)

    def _left(self, task: asyncio.Task[None]) -> None:
        """Report of a stopped worker."""
        del self._leaving[task]
        self._wake()

    @staticmethod
    async def _stop(entry: Entry) -> None:
        if not entry.ready.done():
            entry.ready.cancel()
            await asyncio.wait([entry.ready])
        await entry.worker.stop()

    def _join_line(self, name: str) -> asyncio.Event:
        if len(self._line) >= self._settings.queue_limit:
            raise Busy(f'{len(self._line)} requests already wait for memory for models like "{name}"', retry_after=10)
        place = asyncio.Event()
        self._line.append(place)
        return place

    async def _turn(self, place: asyncio.Event, name: str, deadline: float) -> None:
        """Wait until something has changed; raises TimedOut at the deadline."""
        try:
            await asyncio.wait_for(place.wait(), max(deadline - self._clock.monotonic(), 0.0))
        except TimeoutError as error:
            raise TimedOut(
                f'no memory for "{name}" became free within {self._settings.queue_wait:g} s',
                "Other models are in use: tektra models ps. Unload one, or try again later.",
            ) from error
        place.clear()

    def _wake(self) -> None:
        """Something was released: everybody in line looks again, in order."""
        for place in self._line:
            place.set()


def stopping() -> Draining:
    """The error for those who come too late."""
    return Draining("the daemon is stopping", "Ask again in a moment; it starts with the next command.")


def promised_bytes(spec: Spec) -> int:
    """Bytes of RAM that the model will need in this shape; reads the files' headers, raises BadModelFile."""
    if spec.backend == "scripted":
        return SCRIPTED_BYTES
    return estimate(spec).total_bytes - sum(share.frees_bytes for share in spec.offload)


def shown_offload(spec: Spec) -> list[dict[str, Any]]:
    """The layers on devices, for people to see."""
    return [{"device": share.device, "layers": share.layers, "bytes": share.takes_bytes} for share in spec.offload]


def estimate(spec: Spec) -> fit.Estimate:
    """What a GGUF model will need in this shape, part by part; reads the files' headers, raises BadModelFile."""
    try:
        found = Path(spec.path).stat()
    except OSError:
        return _estimate(spec, 0, 0)  # the reader says in words what is wrong with it
    return _estimate(spec, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=256)
def _estimate(spec: Spec, modified_ns: int, size: int) -> fit.Estimate:
    """Every request asks, and a large header takes tens of milliseconds: an unchanged file is read once."""
    adapters = [read_header(adapter.path) for adapter in spec.adapters]
    return fit.estimate(read_header(spec.path), spec.context, spec.slots, spec.batch, spec.kv_type, adapters)


def _remove_all(folder: Path) -> None:
    for path in folder.glob("*.kv"):
        path.unlink(missing_ok=True)


def _gib(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"
