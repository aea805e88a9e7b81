"""Security events: each is an audit entry, and a flood of the same one is counted instead of written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from tektrad.clock import Clock
from tektrad.errors import StoreFailed
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import SECURITY, Entry

QUIET_S = 60.0
"""Seconds in which the same event of the same user is counted only."""
MOST_REMEMBERED = 1024

log = structlog.get_logger()


@dataclass(slots=True)
class _Seen:
    at: float
    unwritten: int = 0


class Alarms:
    """Raises security events, for one daemon."""

    def __init__(self, audit: AuditLog, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._seen: dict[tuple[str, int | None, str], _Seen] = {}
        self._listener: Callable[[str, int | None], None] = _nobody

    def heard_by(self, listener: Callable[[str, int | None], None]) -> None:
        """Let `listener` hear kind and user of every alarm from now on, also of those that are counted only."""
        self._listener = listener

    async def sound(self, kind: str, uid: int | None, details: Mapping[str, Any], about: str = "") -> None:
        """Record `security.<kind>`; what cannot be written is at least logged, since it has been refused anyway.

        Events of one kind that are `about` different things are not the same.
        """
        log.warning("security event", kind=kind, uid=uid, **details)
        self._listener(kind, uid)
        entry = self._counted(kind, uid, details, about)
        if entry is not None:
            try:
                await self._audit.record(entry)
            except StoreFailed as error:
                log.error("a security event could not be recorded", kind=kind, uid=uid, error=error.message)

    def _counted(self, kind: str, uid: int | None, details: Mapping[str, Any], about: str) -> Entry | None:
        now, key = self._clock.monotonic(), (kind, uid, about)
        seen = self._seen.get(key)
        if seen is not None and now - seen.at < QUIET_S:
            seen.unwritten += 1
            return None
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()
        self._seen[key] = _Seen(now)
        more = {"since_then": seen.unwritten} if seen is not None and seen.unwritten else {}
        return Entry(kind=SECURITY + kind, uid=uid, outcome="denied", details={**details, **more})


def _nobody(kind: str, uid: int | None) -> None:
    pass
