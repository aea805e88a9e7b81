"""The Pool: models in memory, lent out as leases. The only writer of what is loaded, who waits and who holds what.

Methods that change this state contain no `await`; slow work (loading, stopping) runs in tasks that report back by
calling such methods. Who is next and what is done for it is decided in line.py and scheduler.py.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import structlog

from tektra_models.catalog import Catalog, digest_of
from tektra_models.errors import WorkerDied
from tektra_models.manifest import Model
from tektra_models.placement import by_device
from tektra_models.spec import Spec
from tektrad.breaker import Breaker
from tektrad.clock import Clock
from tektrad.config import Settings
from tektrad.errors import Draining, KeepsFailing, ModelInUse, NoMemory, NotFound
from tektrad.events import Events
from tektrad.pool import budget, scheduler
from tektrad.pool.budget import gib
from tektrad.pool.choice import Choice, choose
from tektrad.pool.devices import Devices
from tektrad.pool.entry import Entry
from tektrad.pool.lease import NO_WISH, Lease, Wish
from tektrad.pool.line import Memory
from tektrad.pool.measured import Measured
from tektrad.pool.party import Party
from tektrad.pool.place import Notice, Notify, Order
from tektrad.pool.promise import promised_bytes
from tektrad.pool.totals import Totals
from tektrad.pool.tuned import Tuned
from tektrad.pool.waiting import WaitingLine
from tektrad.pool.worker import Worker

ModelState = Literal["loading", "loaded", "stopping", "unloaded", "broken"]
"""What is told of a model; of a broken one also why, by an error's code: what it said may hold words of its user."""
UNKNOWN_BYTES_PER_S = 1 << 30
"""How fast a model is taken to load that was never loaded before."""

log = structlog.get_logger()


class Pool:
    """Loads, shares, keeps alive and unloads models within a budget of memory."""

    def __init__(
        self,
        catalog: Catalog,
        settings: Settings,
        clock: Clock,
        states_dir: Path,
        measured: Measured,
        tuned: Tuned,
        devices: Devices,
        events: Events,
    ) -> None:
        self._tuned = tuned
        self._events = events
        self.catalog = catalog
        self.devices = devices
        self._measured = measured
        self.budget = budget.choose(settings.memory_budget, budget.measure())
        self._settings = settings
        self._states_dir = states_dir
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._leaving: dict[asyncio.Task[None], Entry] = {}
        self._line = WaitingLine(self, clock, limit=settings.queue_limit, longest=settings.queue_wait)
        self._closed = False
        self._breakers: dict[str, Breaker] = {}
        self.totals: dict[str, Totals] = {}

    @asynccontextmanager
    async def lease(
        self,
        name: str,
        party: Party,
        *,
        batch: bool = False,
        wish: Wish = NO_WISH,
        keep_alive: float | None = None,
        notify: Notify | None = None,
    ) -> AsyncIterator[Lease]:
        """Lend the model called `name`, loading it if need be; `notify` hears what is waited for.

        Raises UnknownModel, NoMemory, Busy, TimedOut, Draining, ModelInUse or what loading raises.
        """
        model = self.catalog.get(name)
        spec = await self._shape(model, wish)
        needed, _ = await self.bytes_for(spec)
        load_s = await self._load_seconds(spec, needed)
        stay_s = scheduler.residence(load_s, self._settings.residence)
        order = Order(model, spec, needed, load_s, stay_s, wish, party, batch)

        async def revive(lease: Lease, dead: Worker) -> None:
            if lease.worker is dead:
                old = lease.entry
                lease.entry = await self._line.stand(order, None)
                lease.entry.keep_alive = old.keep_alive
                self.release(old, order.group)
            await self._loaded(lease.entry)

        entry = await self._line.stand(order, notify)
        lease = Lease(model, entry, party, revive)
        if keep_alive is not None:
            entry.keep_alive = keep_alive
        try:
            if not entry.ready.done() and notify is not None:
                notify(Notice("loading"))
            await self._loaded(entry)
            yield lease
        finally:
            self.release(lease.entry, order.group)

    async def _shape(self, model: Model, wish: Wish) -> Spec:
        """How a model would be loaded; a loaded one is taken as it is, if it is as wished for."""
        entry = self._entries.get(model.name)
        if entry is not None and wish.fits(entry.worker.spec):
            return entry.worker.spec
        return await self.placed(model, wish)

    async def placed(self, model: Model, wish: Wish) -> Spec:
        """How a model would be loaded, with its layers on devices, beside what loaded models have there.

        Tuning times the processor: what it found counts only for a model of which no layer lies on a device. Raises
        Unsupported or NoMemory.
        """
        there = [*(entry for entry in self._entries.values() if entry.ready.done()), *self._leaving.values()]
        held = by_device(entry.worker.spec.offload for entry in there)
        in_use = by_device(entry.worker.spec.offload for entry in self._entries.values() if entry.leases)
        spec = await self.devices.placed(self.spec(model, wish, tuned=False), held, in_use)
        return spec if spec.offload else self.spec(model, wish)

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
        self._line.close(stopping())
        await self.settled()
        await self._measured.settled()

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
    def batch(self) -> int:
        """Tokens that one step of a model may compute."""
        return self._settings.batch

    @property
    def in_line(self) -> int:
        """Requests that wait for a model."""
        return len(self._line)

    def queue(self) -> list[dict[str, Any]]:
        """Who waits, the next first, for people to see (shape Queued in docs/design/api.md)."""
        return self._line.view()

    def view(self) -> list[dict[str, Any]]:
        """What is loaded, for people to see (shape Loaded in docs/design/api.md)."""
        return [entry.view() for entry in self._entries.values()]

    def view_one(self, name: str) -> dict[str, Any]:
        """One loaded model, for people to see; raises NotFound."""
        if name not in self._entries:
            raise NotFound(f'"{name}" is not loaded')
        return self._entries[name].view()

    def spec(self, model: Model, wish: Wish, *, tuned: bool = True) -> Spec:
        """How a model would be loaded, were it all in RAM: as wished, or else by the settings or what was `tuned`."""
        folder = model.format == "safetensors"
        gpu_layers = self._settings.gpu_layers
        if folder:  # it cannot be divided
            gpu_layers = "none" if gpu_layers in ("none", 0) else "auto"
        return self.catalog.spec(
            model.name,
            context=wish.context or min(self._settings.context, model.context_train or self._settings.context),
            weights=wish.weights or (self._settings.weights if folder else "stored"),
            gpu_layers=gpu_layers if wish.gpu_layers is None else wish.gpu_layers,
            slots=self._settings.slots,
            batch=self._settings.batch,
            gap_s=self._settings.gap,
            drafts=self._settings.drafts,
            states_dir=str(self._states_dir) if self._settings.states_bytes else "",
            states_bytes=self._settings.states_bytes,
            **self.choice(model, wish, tuned=tuned).values,
        )

    def choice(self, model: Model, wish: Wish, *, tuned: bool = True) -> Choice:
        """How a model would compute when it is loaded, and who chose that."""
        settings = self._settings.model_dump()
        configured = {name: settings[name] for name in self._settings.model_fields_set}
        if model.format == "safetensors":  # transformers keeps cells whole, and what was timed is llama.cpp
            configured.pop("kv_type", None)
            settings["kv_type"], tuned = "f16", False
        best = self._tuned.settings_for(model, digest_of(model)) if tuned else None
        return choose(asdict(wish), configured, best.found if best is not None else {}, settings)

    def context(self, name: str) -> int:
        """Tokens of context that a model has, or will have when it is loaded as it comes; raises UnknownModel."""
        model = self.catalog.get(name)
        entry = self._entries.get(model.name)
        return (self.spec(model, NO_WISH) if entry is None else entry.worker.spec).context

    async def bytes_for(self, spec: Spec) -> tuple[int, bool]:
        """What a worker of this spec will take, and whether that was measured rather than estimated."""
        # What lies on devices was never measured: the process's memory says nothing of it.
        measured = None if spec.offload else await self._measured.bytes_for(spec)
        if measured is not None:
            return measured, True
        return await asyncio.to_thread(promised_bytes, spec), False

    async def forget_states(self) -> None:
        """Remove every attention state: those that workers hold for nobody in particular, and those on disk.

        A worker that is leaving writes what it knows: the files go once it is gone.
        """
        workers = [entry.worker for entry in self._entries.values()]
        leaving = list(self._leaving)
        await asyncio.gather(*(worker.forget_states() for worker in workers))
        if leaving:
            await asyncio.wait(leaving)
        await asyncio.to_thread(_remove_all, self._states_dir)

    async def _load_seconds(self, spec: Spec, needed: int) -> float:
        """Seconds that loading will take: as since the daemon started, as ever, or else guessed from the bytes."""
        totals = self.totals.get(spec.name)
        if totals is not None and totals.loads:
            return totals.load_s / totals.loads
        measured = await self._measured.load_seconds_for(spec)
        if measured is not None:
            return measured
        return (needed + sum(by_device([spec.offload]).values())) / UNKNOWN_BYTES_PER_S

    def holdings(self) -> list[scheduler.Holding]:
        """What is loaded, as the scheduler sees it."""
        now = self._clock.monotonic()
        return [entry.holding(now) for entry in self._entries.values()]

    def memory(self, wanted: Iterable[str]) -> Memory:
        """What there is for models; what is free at this moment is asked only if one of these is not loaded.

        Memory that leaving workers still hold will be free; what loading ones have not taken yet is not.
        """
        rooms = self.devices.rooms
        if all(name in self._entries for name in wanted):
            return Memory(self.budget, 0, rooms)
        loading = sum(e.promised for e in self._entries.values() if not e.ready.done())
        available = budget.measure().available + sum(e.promised for e in self._leaving.values()) - loading
        return Memory(self.budget, max(available, 0), rooms)

    def leases(self) -> Iterator[tuple[scheduler.Group, int]]:
        """Who holds how many leases."""
        for entry in self._entries.values():
            yield from entry.holders.items()

    def carry_out(self, order: Order, decision: scheduler.Serve | scheduler.Load | scheduler.Refuse) -> Entry:
        """Do what was decided for a request; raises a TektraError when that is to refuse it."""
        name = order.model.name
        match decision:
            case scheduler.Refuse(needed=needed, possible=possible, place=device):
                where = f" of {device}" if device else ""
                raise NoMemory(
                    f'"{name}" needs {gib(needed)}{where} and at most {gib(possible)} can be freed for it',
                    "Ask for a smaller context (--context), or choose a smaller model.",
                )
            case scheduler.Load(evict=evict):
                self._refuse_broken(name)
                for other in evict:
                    self._retire(self._entries[other])
                self._begin(order)
        return self._hold(self._entries[name], order.group)

    def prepare(self, order: Order) -> None:
        """Retire an idle worker that is not loaded as ordered; raises ModelInUse when it is busy, or Draining."""
        if self._closed:
            raise stopping()
        name = order.model.name
        entry = self._entries.get(name)
        if entry is None or order.wish.fits(entry.worker.spec):
            return
        if entry.leases:
            spec = entry.worker.spec
            raise ModelInUse(
                f'"{name}" is in use with a context of {spec.context} and cells of type {spec.kv_type}',
                "Wait until it is idle, then load it anew.",
            )
        self._retire(entry)

    def _begin(self, order: Order) -> None:
        worker = Worker(order.spec, self._forget, self.totals.setdefault(order.model.name, Totals()))
        now = self._clock.now()
        entry = Entry(
            model=order.model,
            worker=worker,
            promised=order.needed,
            load_s=order.load_s,
            stay_s=order.stay_s,
            keep_alive=self._settings.keep_alive,
            last_used=self._clock.monotonic(),
            last_used_at=now,
            loaded_at=now,
            choice=self.choice(order.model, order.wish, tuned=not order.spec.offload),
            ready=asyncio.create_task(self._load(worker, set(self._leaving))),
        )
        entry.ready.add_done_callback(lambda task: self._loading_ended(entry, task))
        self._entries[order.model.name] = entry
        self._tell(entry, "loading")

    def _tell(self, entry: Entry, state: ModelState, why: str = "") -> None:
        """Tell whoever listens."""
        self._events.publish("model.state", {"model": entry.model.name, "state": state} | ({"why": why} if why else {}))

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
        if task.cancelled():
            self._drop(entry)  # whoever called it off has told what becomes of it
        elif (error := task.exception()) is not None:
            self._drop(entry)
            self._tell(entry, "broken", getattr(error, "code", "internal"))
        else:
            self._tell(entry, "loaded")
            entry.load_s = entry.worker.load_seconds
            entry.stay_s = scheduler.residence(entry.load_s, self._settings.residence)
            entry.begin_stay(self._clock.monotonic(), self._line.wake)
        self._line.wake()

    def _forget(self, worker: Worker) -> None:
        """Report of a worker that died by itself."""
        self._breakers.setdefault(worker.spec.name, Breaker()).failed(self._clock.monotonic())
        for entry in list(self._entries.values()):
            if entry.worker is worker:
                self._drop(entry)
                if entry.ready.done():  # else the loading task is about to end
                    self._tell(entry, "broken", WorkerDied.code)

    def _hold(self, entry: Entry, group: scheduler.Group) -> Entry:
        self._line.charge()
        entry.holders[group] += 1
        if entry.expiry is not None:
            entry.expiry.cancel()
            entry.expiry = None
        return entry

    def release(self, entry: Entry, group: scheduler.Group) -> None:
        """Take a lease back."""
        self._line.charge()
        entry.holders.subtract([group])
        entry.holders += Counter()  # drops who has none left
        self._line.left(group)
        entry.last_used, entry.last_used_at = self._clock.monotonic(), self._clock.now()
        if entry.leases == 0 and self._entries.get(entry.model.name) is entry:
            entry.rest(self._line.wake)
            if entry.keep_alive == 0:
                self._retire(entry)
            elif entry.keep_alive > 0:
                self._measured.note(entry)
                entry.expiry = asyncio.get_running_loop().call_later(entry.keep_alive, self._expire, entry)
        self._line.wake()

    def _expire(self, entry: Entry) -> None:
        if entry.leases == 0 and self._entries.get(entry.model.name) is entry:
            log.info("model unloaded, idle", model=entry.model.name)
            self._retire(entry)

    def _drop(self, entry: Entry) -> None:
        if self._entries.get(entry.model.name) is entry:
            del self._entries[entry.model.name]
        entry.cancel_timers()
        self._line.wake()

    def _retire(self, entry: Entry) -> None:
        """Take the model off the books and stop its worker in the background; its memory counts until it is gone."""
        leaving = asyncio.create_task(self._stop(entry))
        self._leaving[leaving] = entry
        leaving.add_done_callback(self._left)
        self._drop(entry)
        self._tell(entry, "stopping")

    def _left(self, task: asyncio.Task[None]) -> None:
        """Report of a stopped worker."""
        self._tell(self._leaving.pop(task), "unloaded")
        self._line.wake()

    @staticmethod
    async def _stop(entry: Entry) -> None:
        if not entry.ready.done():
            entry.ready.cancel()
            await asyncio.wait([entry.ready])
        await entry.worker.stop()


def stopping() -> Draining:
    """The error for those who come too late."""
    return Draining("the daemon is stopping", "Ask again in a moment; it starts with the next command.")


def _remove_all(folder: Path) -> None:
    for path in folder.glob("*.kv"):
        path.unlink(missing_ok=True)
