"""A guest: one agent's mind in confinement. Knocks come out, answers go in; what comes is believed in nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from tektrad.agents.knocks import Answer, Knock, Task
from tektrad.errors import GuestDied, GuestFailed
from tektrad.sandbox.confinement import Limits, Stream
from tektrad.sandbox.frames import BadFrame, framed
from tektrad.sandbox.identity import python
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.speaking import Speaker
from tektrad.sandbox.uninterrupted import in_threads, uninterrupted

INSIDE = Path(__file__).with_name("guest_inside.py")
INSTALL = "Install Tektra where the daemon's programs may go: as root, not beneath /root."
SIGNALLED = 128
KEPT_BYTES = 16 << 10
"""Of what it prints, which is nothing but its last words when it dies."""


class Guest:
    """One process, started without a task, so that what it needs is loaded when there is one."""

    def __init__(self, sandbox: Sandbox, folder: Path, limits: Limits) -> None:
        self._printed = bytearray()
        self._most_bytes = limits.memory_bytes
        self._asked = 0
        self._begun = False
        self._pending: asyncio.Future[Knock | None] = asyncio.get_running_loop().create_future()
        self._speaker: Speaker[Knock] = Speaker(
            sandbox.run,
            (python(), "-I", "-c", INSIDE.read_text()),
            folder,
            limits,
            Knock,
            self._is_waiting,
            self._took,
            self._heard,
            self._over,
        )

    @property
    def is_over(self) -> bool:
        """Whether its process has ended."""
        return self._speaker.is_over

    async def begin(self, task: Task) -> None:
        """Give it what to do; raises GuestFailed."""
        self._begun = True
        await self._send(task)

    async def knock(self) -> Knock:
        """The next thing that it asks for; raises GuestFailed where it ends without a word."""
        knock = await asyncio.shield(self._pending)
        if knock is None:
            raise await self._failure()
        return knock

    async def answer(self, knock: Knock, result: Any = None, error: str | None = None) -> None:
        """Say what became of a knock; raises GuestFailed."""
        self._pending = asyncio.get_running_loop().create_future()
        if self._speaker.task.done():
            self._over()
        await self._send(Answer(number=knock.number, result=result, error=error))

    async def stop(self) -> None:
        """End it."""
        await self._speaker.stop()

    async def _send(self, value: Any) -> None:
        try:
            await self._speaker.send(framed(msgspec.to_builtins(value)))
        except ValueError as error:
            raise GuestFailed(f"what the agent is to be told is too much for it: {error}") from error

    async def _failure(self) -> GuestFailed:
        await asyncio.wait([self._speaker.task])
        if self._speaker.why is not None:
            return GuestFailed(f"the agent's process was ended: {self._speaker.why}")
        ended = self._speaker.task.result()
        if ended.ended_by == "memory":
            return GuestFailed(f"it used the {self._most_bytes >> 20:,} MiB of memory that an agent's process may take")
        if ended.ended_by == "itself" and ended.code > SIGNALLED:
            return GuestDied(f"the agent's process was killed (signal {ended.code - SIGNALLED})")
        (last,) = bytes(self._printed).decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        hint = INSTALL if "No module named" in last else ""
        return GuestFailed(f"the agent's process ended ({ended.ended_by}, code {ended.code}): {last}".rstrip(), hint)

    def _is_waiting(self) -> bool:
        return self._begun and not self._pending.done()

    def _took(self, knock: Knock) -> None:
        if knock.number != self._asked + 1:
            raise BadFrame("it knocks out of turn")
        self._asked = knock.number
        self._pending.set_result(knock)

    def _heard(self, _: Stream, data: bytes) -> None:
        self._printed += data
        del self._printed[:-KEPT_BYTES]

    def _over(self) -> None:
        """Whoever waits for a knock hears of none."""
        if not self._pending.done():
            self._pending.set_result(None)


@contextlib.asynccontextmanager
async def guest(sandbox: Sandbox, limits: Limits) -> AsyncIterator[Guest]:
    """A guest for as long as the block lasts; its folder is empty, and nobody else's."""
    async with in_threads(sandbox.fresh_folder()) as folder:
        found = Guest(sandbox, folder, limits)
        try:
            yield found
        finally:
            await uninterrupted(found.stop())
