"""The working folder of one run: the folder itself while nothing is changed in it, then a private copy of it.

After each step that may have changed the copy it is kept as it is then. A run that begins anew after a crash finds it
as it was after its last finished step, and never as a step left it that was killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tektrad.clock import Clock
from tektrad.sandbox import identity
from tektrad.sandbox.extent import Extent, LeftOut
from tektrad.sandbox.workspace import Workspace


class WorkingFolder:
    """What the tools of one run work in. One thing at a time: a run has one tool at work."""

    def __init__(self, original: Path, place: Path, clock: Clock, extent: Extent, *, in_place: bool = False) -> None:
        """`place` is where the copy would lie; `in_place`: there is none, ever."""
        self._original = original
        self._place = place
        self._clock = clock
        self._extent = extent
        self.workspace: Workspace | None = None
        """The copy, once there is one."""
        self._kept: tuple[str, Any] = ("", None)
        self.in_place = in_place

    @property
    def root(self) -> Path:
        """What tools work in now."""
        return self._original if self.workspace is None else self.workspace.work

    async def begin(self, other: Path | None = None, steps: Collection[str] = ()) -> None:
        """Find what an earlier life of the run left, as it was after its last finished step.

        Where there is none, what another run's copy was after these steps is the beginning, if they changed anything.
        Raises InvalidRequest, StoreFull and OSError.
        """
        if self.in_place:
            return
        self.workspace = await Workspace.found(self._place, self._clock)
        source = await Workspace.found(other, self._clock) if other is not None and self.workspace is None else None
        if source is not None:
            await asyncio.to_thread(_made, self._place.parent)
            self.workspace = await source.fork(self._place, steps)
        await self.put_back()

    async def private(self) -> list[LeftOut]:
        """Have the copy from now on; what it leaves out, where it is made now. Raises what Workspace.open does."""
        if self.in_place or self.workspace is not None:
            return []
        await asyncio.to_thread(_made, self._place.parent)
        self.workspace = await Workspace.open(self._original, self._place, self._extent, self._clock)
        await self.workspace.look()
        return self.workspace.left_out

    async def keep(self, step: str, said: Any) -> None:
        """Keep what a step left, with what it said; raises WorkspaceTooLarge, StoreFull and OSError."""
        if self.workspace is not None:
            await self.workspace.keep(step, said)
            self._kept = (step, said)

    def said(self, step: str) -> Any:
        """What a step said that was finished, though the journal may not have heard of it; None: it was not."""
        return self._kept[1] if self._kept[0] == step else None

    async def put_back(self) -> None:
        """Make it what it was after the last finished step; raises StoreFull and OSError."""
        if self.workspace is not None:
            self._kept = await self.workspace.put_back()

    async def end(self) -> bool:
        """The run is over: the disk gets what it left, if anything differs, which it says; else nothing remains.

        Raises StoreFull and OSError.
        """
        if self.workspace is None:
            return False
        if (await self.workspace.changes()).changes:
            await self.workspace.settle()
            return True
        await self.workspace.drop()
        self.workspace = None
        return False


def _made(folder: Path) -> None:
    """As root programs are another user's, who has to get through to what is theirs."""
    mode = 0o711 if identity.is_root() else 0o700
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    folder.chmod(mode)
