"""Guests, and one to spare: it has loaded what it needs before anybody has a task for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from tektrad.agents.guest import Guest, guest
from tektrad.clock import Clock
from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.uninterrupted import uninterrupted

LIMITS = Limits(seconds=30 * 24 * 3600.0, memory_bytes=1 << 30)
"""Of an agent's mind; what its tools take is another matter. How long a run may take is the host's to know, for nobody
knows that yet when a guest is started: this is what holds should the host fail."""
KEPT_S = 600.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Spare:
    guest: Guest
    held: contextlib.AsyncExitStack


class Guests:
    """Lets guests in. When the last of them has left, the next one is made ready, and kept for ten minutes."""

    def __init__(self, sandbox: Sandbox, clock: Clock, kept_s: float = KEPT_S) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self._kept_s = kept_s
        self._inside = 0
        self._spare: _Spare | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def has_spare(self) -> bool:
        """Whether one is there for whoever comes next."""
        return self._spare is not None

    @contextlib.asynccontextmanager
    async def entered(self) -> AsyncIterator[Guest]:
        """A guest for as long as the block lasts: the spare one, or a fresh one."""
        self._inside += 1
        try:
            async with contextlib.AsyncExitStack() as held:
                found = await self._taken(held)
                if found is None:
                    found = await held.enter_async_context(guest(self._sandbox, LIMITS))
                yield found
        finally:
            self._inside -= 1
            if not (self._inside or self._closed or self._is_keeping()):
                self._keeping = asyncio.create_task(self._keep())

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """At the end of the block there is no spare guest, nor will there be one."""
        try:
            yield
        finally:
            self._closed = True
            await uninterrupted(self._given_up())

    async def _taken(self, held: contextlib.AsyncExitStack) -> Guest | None:
        """The spare one, if it lives; it ends with `held` then."""
        spare, self._spare = self._spare, None
        if spare is None:
            return None
        assert self._keeping is not None
        self._keeping.cancel()
        held.push_async_exit(spare.held)
        return None if spare.guest.is_over else spare.guest

    async def _keep(self) -> None:
        """Make one ready, and end it where nobody takes it."""
        try:
            async with contextlib.AsyncExitStack() as held:
                found = await held.enter_async_context(guest(self._sandbox, LIMITS))
                self._spare = _Spare(found, held.pop_all())
        except Exception:
            log.exception("no spare guest could be started")
            return
        await self._clock.sleep(self._kept_s)
        spare, self._spare = self._spare, None
        if spare is not None:
            await spare.held.aclose()

    async def _given_up(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        spare, self._spare = self._spare, None
        if spare is not None:
            await spare.held.aclose()

    def _is_keeping(self) -> bool:
        return self._spare is not None or (self._keeping is not None and not self._keeping.done())
