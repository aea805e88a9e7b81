"""Pure: how busy the daemon was, as samples over time; what is counted, and when, comes from outside."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import Literal

import msgspec

Span = Literal["10m", "24h"]
STEP_S = 2.0
"""Between two looks at what is counted."""
RINGS: Mapping[Span, tuple[float, float]] = {"10m": (STEP_S, 600.0), "24h": (60.0, 86400.0)}
"""Of each span: seconds of one sample, and of all."""
SLACK_S = 0.5
"""By so much a sample may be shorter than its step: timers do not ring to the moment."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted since the daemon began, and how it is at this moment."""

    time: str
    at: float
    """Seconds that never go backwards."""
    written: int
    read: int
    """Tokens of prompts that had to be computed."""
    first_tokens: tuple[float, ...]
    """Seconds until the first token, of the answers that began since the last look."""
    memory_bytes: int
    device_bytes: int
    cpu_s: Mapping[int, float]
    """Seconds of computing, by process."""
    running: int
    waiting: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """How busy it was until `time`, since the sample before; of memory, running and waiting the most."""

    time: str
    tokens_per_s: float
    prompt_tokens_per_s: float
    first_token_s: float | None
    memory_bytes: int
    device_bytes: int
    cpu: float
    """Cores."""
    running: int
    waiting: int


class Ring:
    """The newest samples of one step; older ones make way."""

    def __init__(self, step_s: float, length_s: float) -> None:
        self.step_s = step_s
        self.samples: deque[Sample] = deque(maxlen=round(length_s / step_s))
        self._looks: list[Counts] = []
        """Since the last sample, which ended with the first of them."""

    def add(self, now: Counts) -> None:
        """Take what is counted now; that may complete a sample."""
        self._looks.append(now)
        if now.at - self._looks[0].at >= self.step_s - SLACK_S:
            self.samples.append(sample_of(self._looks))
            self._looks = [now]


class History:
    """The last ten minutes closely, the last day minute by minute."""

    def __init__(self) -> None:
        self._rings = {span: Ring(*bounds) for span, bounds in RINGS.items()}

    def add(self, now: Counts) -> None:
        """Take what is counted now."""
        for ring in self._rings.values():
            ring.add(now)

    def step_s(self, span: Span) -> float:
        """Seconds of one sample."""
        return self._rings[span].step_s

    def samples(self, span: Span, after: str = "") -> list[Sample]:
        """The oldest first; those that end behind a time of the daemon's, which compare as texts."""
        return [sample for sample in self._rings[span].samples if sample.time > after]


def sample_of(looks: list[Counts]) -> Sample:
    """What happened from the first of these looks to the last."""
    first, last = looks[0], looks[-1]
    seconds = last.at - first.at
    begun = [each for look in looks[1:] for each in look.first_tokens]
    cpu_s = sum(spent(before.cpu_s, after.cpu_s) for before, after in pairwise(looks))
    return Sample(
        time=last.time,
        tokens_per_s=round(max(last.written - first.written, 0) / seconds, 2),
        prompt_tokens_per_s=round(max(last.read - first.read, 0) / seconds, 2),
        first_token_s=round(median(begun), 4) if begun else None,
        memory_bytes=max(look.memory_bytes for look in looks[1:]),
        device_bytes=max(look.device_bytes for look in looks[1:]),
        cpu=round(cpu_s / seconds, 3),
        running=max(look.running for look in looks[1:]),
        waiting=max(look.waiting for look in looks[1:]),
    )


def spent(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Seconds of computing between two looks; a process that ended between them is lost, one of its number is new."""
    return sum(now if now < (was := before.get(process, 0.0)) else now - was for process, now in after.items())
