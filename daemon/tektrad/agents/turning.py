"""Notices an agent that goes in circles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tektrad.errors import GuestFailed

TOLD_AFTER, STOPPED_AFTER = 3, 5


class Turning:
    """Compares each call of a tool with the one before: the same call, with the same result, again and again."""

    def __init__(self) -> None:
        self._last: tuple[bytes, bytes] | None = None
        self._times = 0

    def seen(self, name: str, arguments: Mapping[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        """What the agent is told: after the third time, that it repeats itself. Raises GuestFailed after the fifth."""
        now = (_encoded([name, arguments]), _encoded(said))
        self._times = self._times + 1 if now == self._last else 1
        self._last = now
        if self._times >= STOPPED_AFTER:
            raise GuestFailed(f"it called {name} {self._times} times in a row, always with the same result")
        if self._times < TOLD_AFTER:
            return said
        return {"error": f"You have called {name} {self._times} times with the same result. Do something else."}


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
