"""Time and chance, passed in: the one place where the daemon asks for them."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the daemon may ask about time and chance."""

    def now(self) -> str:
        """The wall clock, RFC 3339 in UTC."""

    def wall(self) -> float:
        """The wall clock, in seconds since 1970: what the codes of second factors are made of."""

    def monotonic(self) -> float:
        """Seconds that never go backwards."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def new_id(self) -> str:
        """A fresh identifier, short enough to type: twelve characters of base 32."""

    def chance(self, count: int) -> bytes:
        """So many bytes that nobody can foretell."""


def utc(moment: datetime) -> str:
    """A time in the one form in which the daemon writes times: RFC 3339, UTC, microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def later(stamp: str, seconds: float) -> str:
    """So many seconds behind a time of the daemon's, or before it, in the same form: these compare as texts."""
    return utc(datetime.fromisoformat(stamp) + timedelta(seconds=seconds))


class SystemClock:
    """The machine's own time and chance."""

    def now(self) -> str:
        """The wall clock to the microsecond."""
        return utc(datetime.now(UTC))

    def wall(self) -> float:
        """The wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some fixed point."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def new_id(self) -> str:
        """Sixty bits of chance."""
        return base64.b32encode(os.urandom(8)).decode().lower()[:12]

    def chance(self, count: int) -> bytes:
        """The kernel's random bytes."""
        return os.urandom(count)
