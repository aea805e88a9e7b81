"""What steps cost: how much of others' prompts may be read beside running answers, and whether drafts pay.

Pure: it is told how long steps took, and foretells the next one as a share for writing plus a share for every token
read. What reading costs grows with the context and with what else the machine does, so the newest steps count most.
"""

from __future__ import annotations

PIECE = 16
"""Fewer tokens say little about what reading costs for each: smaller pieces cost far more."""
NEWEST = 0.25
"""What the newest measurement counts against all before it."""
UNKNOWN = 64
DRAFT_COST = 0.4
"""What one more token costs, as a share of a step, until it is known; so it is on two cores, for many at once."""


class Pace:
    """Learns what a step costs; `gap_s` is how long a running answer may wait between two tokens."""

    def __init__(self, gap_s: float) -> None:
        self._gap = gap_s
        self._write: float | None = None
        self._read: float | None = None
        self._drafted: dict[int, float] = {}

    @property
    def chunk(self) -> int:
        """Prompt tokens that the next step has time to read beside running answers; the batcher rounds them."""
        if self._read is None:
            return UNKNOWN
        left = max(0.0, self._gap - (self._write or 0.0))
        return int(left / max(self._read, 1e-9))

    def draft_cost(self, count: int) -> float:
        """What so many drafted tokens add to a step, as a share of one that only writes."""
        seconds = self._drafted.get(count)
        return DRAFT_COST * count if seconds is None or not self._write else seconds / self._write

    def took(self, seconds: float, *, read: int, written: int, drafted: int = 0) -> None:
        """A step took so long for this many prompt tokens, running answers and drafted tokens."""
        if not read and not drafted:
            self._write = _mixed(self._write, seconds)
        elif not read and self._write is not None:
            self._drafted[drafted] = _mixed(self._drafted.get(drafted), max(0.0, seconds - self._write))
        elif read >= PIECE:  # the rest of a prompt says little about what a token of a whole piece costs
            known = self._write or 0.0 if written else 0.0
            self._read = _mixed(self._read, max(0.0, seconds - known) / read)


def _mixed(before: float | None, newest: float) -> float:
    return newest if before is None else before + NEWEST * (newest - before)
