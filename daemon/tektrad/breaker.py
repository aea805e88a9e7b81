"""A breaker: what keeps failing is left alone for a while, instead of being tried again at every request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """Opens when there have been `most` failures within `window_s` seconds, for `rest_s` seconds. Pure."""

    most: int = 3
    window_s: float = 60.0
    rest_s: float = 30.0
    _failures: deque[float] = field(default_factory=deque)
    _open_until: float = 0.0

    def failed(self, now: float) -> None:
        """Something failed, at a time of a monotonic clock."""
        self._failures.append(now)
        while self._failures and self._failures[0] < now - self.window_s:
            self._failures.popleft()
        if len(self._failures) >= self.most:
            self._open_until = now + self.rest_s

    def wait(self, now: float) -> float:
        """Seconds until it may be tried again; 0 when it may."""
        return min(max(0.0, self._open_until - now), self.rest_s)
