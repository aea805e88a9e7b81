"""The runner: does runs, each by its kind, and goes on after a crash with those that were under way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog
from msgspec import structs

from tektrad.errors import Draining, InvalidRequest, LimitReached, StoreFailed, TektraError
from tektrad.runs.engine import Body, Cancelled, Engine, Steps, durable
from tektrad.runs.run import ATTEMPT, Ended, Inherited, Run
from tektrad.runs.runs import Runs

AGAIN_S = 5.0
"""After which it is tried again to keep how a run ended, on a disk that was full."""
MOST_STEPS = 1_000_000

log = structlog.get_logger()


class Doing:
    """What a run may do while it is done: steps, and telling of them."""

    def __init__(self, run: Run, runs: Runs, steps: Steps, inherited: Mapping[str, Any]) -> None:
        self.run = run
        self.inherited = inherited
        """Results of steps that were finished before this attempt, or in the run that this one goes on from."""
        self._runs = runs
        self._steps = steps
        self._known: dict[str, Any] = {}

    async def step(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something once, however often the daemon or a guest dies: a JSON value. Its name says its place."""

        async def inherited() -> Any:
            return self.inherited[name]

        if name not in self._known:
            self._known[name] = await self._steps.step(name, inherited if name in self.inherited else work)
        return self._known[name]

    async def tell(self, key: str, type: str, data: Mapping[str, Any]) -> bool:
        """Tell whoever follows; told again after a crash, by the same key, it is told once, and False says so."""
        return await self._runs.tell(self.run.id, key, type, data)

    @contextlib.asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """The run waits for somebody inside the block."""
        await self._runs.move(self.run, "waiting")
        try:
            yield
        finally:
            await self._runs.move(self.run, "running")


Kind = Callable[[Doing], Awaitable[Any]]
"""How runs of a kind are done: their result, a JSON value, out. A TektraError ends one with its words."""


class Runner:
    """Does runs, for one daemon. The engine is loaded when it is first needed, for that takes a second."""

    def __init__(self, runs: Runs, path: Path, kinds: Mapping[str, Kind]) -> None:
        self._runs = runs
        self._path = path
        self._kinds = kinds
        self._held = contextlib.AsyncExitStack()
        self._loading = asyncio.Lock()
        self._engine: Engine | None = None
        self._is_loaded = asyncio.Event()
        self._closed = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do runs inside the block, first those that a crash or a stop interrupted; at its end they rest."""
        recovering = asyncio.create_task(self._recover())
        try:
            yield
        finally:
            self._closed = True
            recovering.cancel()
            await asyncio.wait([recovering])
            async with self._loading:
                await self._held.aclose()

    async def start(
        self,
        uid: int,
        kind: str,
        title: str,
        spec: Mapping[str, Any],
        ident: str | None = None,
        inherits: Inherited | None = None,
    ) -> Run:
        """Begin a run, which then comes to its end whatever happens; raises InvalidRequest or StoreFailed.

        `ident`: a new id of the clock's, where something has to be bound to the run before it begins.
        """
        if kind not in self._kinds:
            raise InvalidRequest(f'there are no runs of kind "{kind}"', param="kind")
        engine = await self._loaded()
        run = await self._runs.create(uid, kind, title, spec, ident, inherits)
        await engine.start(kind, run.journal)
        return run

    async def again(self, run: Run) -> Run:
        """Go on with a run that failed or was cancelled, behind its last finished step; raises InvalidRequest."""
        engine = await self._loaded()
        taken_up = await self._runs.again(run)
        await engine.start(taken_up.kind, taken_up.journal)
        return taken_up

    async def steps(self, run: Run) -> list[str]:
        """The names of a run's finished steps, in order, as another one could take them over."""
        return [name for name, _ in await self.journal(run)]

    async def journal(self, run: Run) -> list[tuple[str, Any]]:
        """A run's finished steps, in order: their names and what came of them."""
        return await (await self._loaded()).steps(run.journal)

    async def unstick(self, uid: int) -> list[tuple[Run, str]]:
        """Somebody's runs that have not ended and that nobody does, and what is done about each."""
        engine = await self._loaded()
        found = []
        for run in await self._runs.unfinished():
            if run.uid != uid or engine.is_under_way(run.journal):
                continue
            if run.kind not in self._kinds:
                why = f'this version knows no runs of kind "{run.kind}"'
                await self._runs.end(run, "failed", error=why)
            else:
                again = await self._runs.next_attempt(run)
                await engine.start(again.kind, again.journal)
                why = "nobody did it; it is taken up again"
            found.append((await self._runs.get(run.id), why))
        return found

    async def cancel(self, run: Run) -> bool:
        """End a run now; False: it had ended already."""
        is_first = await self._runs.end(run, "cancelled")
        if is_first:
            await (await self._loaded()).cancel(run.journal)
        return is_first

    async def _loaded(self) -> Engine:
        async with self._loading:
            if self._closed:
                raise Draining("the daemon is stopping", "Ask again in a moment.", retry_after=2)
            if self._engine is None:
                bodies = {name: self._body(kind) for name, kind in self._kinds.items()}
                self._engine = await self._held.enter_async_context(durable(self._path, bodies))
                self._is_loaded.set()
            return self._engine

    async def _recover(self) -> None:
        """Go on with what has not ended; what was never handed to the engine begins."""
        unfinished = await self._runs.unfinished()
        if not unfinished:
            return
        engine = await self._loaded()
        for run in unfinished:
            if run.kind in self._kinds:
                await self._go_on(engine, run)
            else:
                log.warning("nobody can go on with this run", run=run.id, kind=run.kind)
        log.info("runs go on", count=len(unfinished))

    async def _go_on(self, engine: Engine, run: Run) -> None:
        """Have a run done that has not ended; where its body has, since its end could not be kept, by another one."""
        if await engine.is_over(run.journal):
            run = await self._runs.next_attempt(run)
        await engine.start(run.kind, run.journal)

    async def _end(self, run: Run, state: Ended, result: Any = None, error: str = "") -> None:
        """Keep how a run ended, as soon as there is room for it."""
        while True:
            try:
                await self._runs.end(run, state, result, error)
            except StoreFailed as failed:
                log.error("how a run ended cannot be kept yet", run=run.id, why=failed.message)
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _inherited(self, run: Run) -> dict[str, Any]:
        """What is known of its steps from another journal."""
        source = run.inherits
        if run.attempt:
            source = Inherited(run.id, structs.replace(run, attempt=run.attempt - 1).journal, MOST_STEPS)
        if source is None:
            return {}
        await self._is_loaded.wait()
        assert self._engine is not None
        return dict((await self._engine.steps(source.journal))[: source.steps])

    def _body(self, kind: Kind) -> Body:
        async def body(journal: str, steps: Steps) -> None:
            run = await self._runs.get(journal.partition(ATTEMPT)[0])
            if journal != run.journal:
                return  # another attempt goes on with it
            try:
                await self._runs.move(run, "running")
                result = await kind(Doing(run, self._runs, steps, await self._inherited(run)))
            except Cancelled:
                await self._end(run, "cancelled")
            except LimitReached as error:
                await self._end(run, "failed", error.result, error.message)
            except TektraError as error:
                await self._end(run, "failed", error=error.message)
            except Exception as error:
                log.exception("a run failed", run=run.id)
                await self._end(run, "failed", error=f"{type(error).__name__}: {error}")
            else:
                await self._end(run, "succeeded", result)

        return body
