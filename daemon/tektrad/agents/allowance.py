"""What one run has used of what it may use: tokens and seconds; and how it ends when it has used it up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Literal

from tektrad.agents.agent import Limits
from tektrad.clock import Clock
from tektrad.errors import LimitReached

MOST_WORDS = 2000
"""Characters of the last words of a run that has used up what it may use."""
COUNTED = ("prompt_tokens", "cached_tokens", "completion_tokens")
Over = Literal["steps", "tokens", "seconds", "context"]


class Allowance:
    """Counts for one run, also on its second way after a crash: then the journal says what the first way took."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self.took = dict.fromkeys((*COUNTED, "steps"), 0)
        self._words = ""
        self._seconds = 0.0
        self._since = clock.monotonic()
        self._deadline: asyncio.Timeout | None = None
        self._waiting = 0

    @property
    def seconds(self) -> float:
        """What it took until now, without what it waited for somebody."""
        return self._seconds + (0.0 if self._waiting else self._clock.monotonic() - self._since)

    def was(self, seconds: float) -> None:
        """So much it had taken here, as the journal has it."""
        self._seconds, self._since = seconds, self._clock.monotonic()

    def said(self, answer: Mapping[str, Any]) -> None:
        """Its model has answered."""
        for name in COUNTED:
            self.took[name] += answer.get(name, 0)
        self._words = (answer.get("content") or self._words)[:MOST_WORDS]

    def check(self) -> None:
        """Raise LimitReached where no further effect is paid for; what it has come to by then, it may still say."""
        if self.took["prompt_tokens"] + self.took["completion_tokens"] > self._limits.tokens:
            raise self.over("tokens")

    def over(self, what: Over, message: str = "", words: Any = None) -> LimitReached:
        """The end of the run, with its last words."""
        message = message or f"it used its {getattr(self._limits, what):,} {what}"
        return LimitReached(
            message, result={"answer": self._words if words is None else words, "state": what, **self.took}
        )

    @contextlib.asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        """At most so long as there is time left; raises LimitReached."""
        try:
            async with asyncio.timeout(max(0.0, self._limits.seconds - self.seconds)) as self._deadline:
                yield
        except TimeoutError:
            assert self._deadline is not None
            if self._deadline.expired():
                raise self.over("seconds") from None
            raise
        finally:
            self._deadline = None

    @contextlib.contextmanager
    def waiting_for_somebody(self) -> Iterator[None]:
        """Inside the block a person is waited for, which costs the run no time."""
        self._seconds = self.seconds
        self._waiting += 1
        if self._deadline is not None:
            self._deadline.reschedule(None)
        try:
            yield
        finally:
            self._waiting -= 1
            self._since = self._clock.monotonic()
            if self._deadline is not None and not self._waiting:
                left = max(0.0, self._limits.seconds - self._seconds)
                self._deadline.reschedule(asyncio.get_running_loop().time() + left)
