"""The private copies that runs work in, by the runs' ids: what differs in one, taking it over, forgetting it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

import structlog

from tektrad.agents.working_folder import WorkingFolder
from tektrad.clock import Clock
from tektrad.errors import NoWorkspace, TektraError
from tektrad.runs.run import Run
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.place import Place
from tektrad.sandbox.workspace import Workspace

USUAL = Extent()

log = structlog.get_logger()


class Workspaces:
    """All of one daemon's, in one folder; each belongs to whoever the run belongs to."""

    def __init__(self, folder: Path, clock: Clock, extent: Extent = USUAL) -> None:
        self._folder = folder
        self._clock = clock
        self._extent = extent
        self._in_use: dict[str, WorkingFolder] = {}

    @contextlib.asynccontextmanager
    async def working(
        self, run: Run, original: Path, inherited: Collection[str], *, in_place: bool
    ) -> AsyncIterator[WorkingFolder]:
        """The working folder of a run that is done inside the block; it has inherited these steps."""
        folder = WorkingFolder(original, self._folder / run.id, self._clock, self._extent, in_place=in_place)
        self._in_use[run.id] = folder
        try:
            await folder.begin(self._folder / run.inherits.run if run.inherits else None, inherited)
            yield folder
        finally:
            del self._in_use[run.id]

    def is_used(self, run: Run) -> bool:
        """Whether somebody works in it now."""
        return run.id in self._in_use

    async def left(self, runs: Sequence[Run]) -> set[str]:
        """The ids of those of these runs that have a copy; what differs in it, if anything, is not looked at."""

        def work() -> set[str]:
            return {run.id for run in runs if Place(self._folder / run.id).beginning.exists()}

        return await asyncio.to_thread(work)

    async def of(self, run: Run) -> Workspace:
        """The copy that a run has left, without what a step did that was cut off; raises NoWorkspace."""
        used = self._in_use.get(run.id)
        found = used.workspace if used is not None else await Workspace.found(self._folder / run.id, self._clock)
        if found is None:
            raise NoWorkspace(
                f"run {run.id} has left no changes",
                "It changed nothing, or what it changed was applied or dropped." if run.ended_at else "It still runs.",
            )
        if used is None and run.state in ("failed", "cancelled"):
            await found.put_back()
        return found

    async def resume(self) -> None:
        """Finish what was being applied when the daemon ended."""
        if not self._folder.is_dir():
            return
        for place in sorted(self._folder.iterdir()):
            try:
                workspace = await Workspace.found(place, self._clock)
                done = await workspace.resume() if workspace is not None else None
            except (TektraError, OSError) as error:
                log.warning("changes that were being applied could not be finished", run=place.name, why=str(error))
            else:
                if done is not None:
                    log.info("changes that were being applied are applied", run=place.name, files=len(done.done))
