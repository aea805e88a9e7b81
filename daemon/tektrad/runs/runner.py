"""The runner: does runs, each by its kind, and goes on after a crash with those that were under way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from tektrad.errors import Draining, InvalidRequest, TektraError
from tektrad.runs.engine import Body, Cancelled, Engine, Steps, durable
from tektrad.runs.run import Run
from tektrad.runs.runs import Runs

log = structlog.get_logger()


class Doing:
    """What a run may do while it is done: steps, and telling of them."""

    def __init__(self, run: Run, runs: Runs, steps: Steps) -> None:
        self.run = run
        self._runs = runs
        self._steps = steps

    async def step(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something once, however often the daemon dies: a JSON value. Its name says its place in the run."""
        return await self._steps.step(name, work)

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

    async def start(self, uid: int, kind: str, title: str, spec: Mapping[str, Any]) -> Run:
        """Begin a run, which then comes to its end whatever happens; raises InvalidRequest or StoreFailed."""
        if kind not in self._kinds:
            raise InvalidRequest(f'there are no runs of kind "{kind}"', param="kind")
        engine = await self._loaded()
        run = await self._runs.create(uid, kind, title, spec)
        await engine.start(kind, run.id)
        return run

    async def cancel(self, run: Run) -> bool:
        """End a run now; False: it had ended already."""
        is_first = await self._runs.end(run, "cancelled")
        if is_first:
            await (await self._loaded()).cancel(run.id)
        return is_first

    async def _loaded(self) -> Engine:
        async with self._loading:
            if self._closed:
                raise Draining("the daemon is stopping", "Ask again in a moment.", retry_after=2)
            if self._engine is None:
                bodies = {name: self._body(kind) for name, kind in self._kinds.items()}
                self._engine = await self._held.enter_async_context(durable(self._path, bodies))
            return self._engine

    async def _recover(self) -> None:
        """Go on with what has not ended; what was never handed to the engine begins."""
        unfinished = await self._runs.unfinished()
        if not unfinished:
            return
        engine = await self._loaded()
        for run in unfinished:
            if run.kind in self._kinds:
                await engine.start(run.kind, run.id)
            else:
                log.warning("nobody can go on with this run", run=run.id, kind=run.kind)
        log.info("runs go on", count=len(unfinished))

    def _body(self, kind: Kind) -> Body:
        async def body(ident: str, steps: Steps) -> None:
            run = await self._runs.get(ident)
            await self._runs.move(run, "running")
            try:
                result = await kind(Doing(run, self._runs, steps))
            except Cancelled:
                await self._runs.end(run, "cancelled")
            except TektraError as error:
                await self._runs.end(run, "failed", error=error.message)
            except Exception as error:
                log.exception("a run failed", run=run.id)
                await self._runs.end(run, "failed", error=f"{type(error).__name__}: {error}")
            else:
                await self._runs.end(run, "succeeded", result)

        return body
