"""The lookout: hears what is written and what is refused, and sounds an alarm where that is unusual."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tektrad.clock import Clock
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import Written
from tektrad.trust.entry import SECURITY
from tektrad.trust.rates import DENIED, Finding, Rates

REFUSALS = frozenset({"denied", "refused", "peer_refused"})
"""Alarms that are counted, also those that are too many to be written; its own are not: none leads to another."""
ANSWERS = ("consent.", "permission.")
"""Kinds in which `denied` is what somebody decided, and no failure."""


class Lookout:
    """Counts for one daemon; nobody waits for it."""

    def __init__(self, alarms: Alarms, clock: Clock) -> None:
        self._alarms = alarms
        self._clock = clock
        self._rates = Rates()
        self._found: asyncio.Queue[tuple[Finding, int] | None] = asyncio.Queue()

    def written(self, written: Written) -> None:
        """Hear of an entry; of an act with several only the first counts as doing it."""
        entry = written.entry
        if entry.uid is None or entry.kind.startswith(SECURITY):
            return
        now = self._clock.monotonic()
        if entry.outcome == "begun" or not entry.act:
            self._note(self._rates.done(entry.kind, entry.uid, now), entry.uid)
        if entry.outcome == "ok":
            self._rates.worked(entry.kind, entry.uid)
        elif entry.outcome in ("failed", "denied") and not entry.kind.startswith(ANSWERS):
            self._note(self._rates.failed(entry.kind, entry.uid, now), entry.uid)

    def sounded(self, kind: str, uid: int | None) -> None:
        """Hear an alarm."""
        if kind in REFUSALS and uid is not None:
            self._note(self._rates.done(DENIED, uid, self._clock.monotonic()), uid)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Sound alarms inside the block, and at its end those that are left."""
        sounding = asyncio.create_task(self._sound())
        try:
            yield
        finally:
            self._found.put_nowait(None)
            await sounding

    def _note(self, findings: Iterable[Finding], uid: int) -> None:
        for finding in findings:
            self._found.put_nowait((finding, uid))

    async def _sound(self) -> None:
        while (found := await self._found.get()) is not None:
            finding, uid = found
            await self._alarms.sound(finding.kind, uid, finding.details, about=finding.what)
