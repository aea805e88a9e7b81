"""What steps cost: how much of others' prompts may be read beside running answers, and whether drafts pay.

Pure: it is told how long steps took, and foretells the next one as a share for writing plus a share for every token
read. What reading costs grows with the context and with what else the machine does, so the newest steps count most.
"""

from __future__ import annotations

import math

from tektra_models.batcher import TILE

PIECE = 16
"""Fewer tokens say little about what reading costs for each: smaller pieces cost far more."""
NEWEST = 0.25
"""What the newest measurement counts against all before it."""
UNKNOWN = 64
FAR_OVER = 3.0
"""How many gaps a step of a whole tile may take before half of one is tried."""
QUICKER = 0.65
"""What share of a whole tile's time half of one may take to be worth what it costs in all."""
FIRST, OWN, MACHINE = 0.5, 0.1, 0.15
"""What a step with drafts counts for what they cost, the first and every other; and for how fast the machine is."""
FORGET = 0.01
"""How far one step moves what a draft was measured to cost towards what is usual."""
DRAFT_COST = 0.4
"""What one more token costs, as a share of a step, until it is known; so it is on two cores, for many at once."""


class Pace:
    """Learns what a step costs; `gap_s` is how long a running answer may wait between two tokens.

    Steps are told apart by how many answers they write: four cost three times as much as one.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap = gap_s
        self._writers = 0
        self._write: dict[int, float] = {}
        self._read: float | None = None
        self._drafted: dict[tuple[int, int], float] = {}
        self._latest: dict[int, float] = {}

    @property
    def chunk(self) -> int:
        """Prompt tokens that the next step has time to read beside running answers; the batcher rounds them."""
        if self._read is None:
            return UNKNOWN
        left = max(0.0, self._gap - self._write.get(self._writers, 0.0))
        return int(left / max(self._read, 1e-9))

    @property
    def tile(self) -> int:
        """Of what number of tokens the next step beside running answers should be a multiple.

        Half a tile only where a whole one takes far too long and half of one is quicker indeed: with small models and
        long prompts it is not, since attention costs twice as much for each token then.
        """
        half = self._latest.get(TILE // 2, 0.0)
        whole = min(self._latest.get(TILE, 0.0), 2 * half or math.inf)  # whichever is out of date says too much
        return TILE // 2 if whole > FAR_OVER * self._gap and half < QUICKER * whole else TILE

    def draft_cost(self, count: int, writers: int) -> float:
        """What so many drafted tokens add to a step, as a share of one that only writes as many answers."""
        return self._drafted.get((writers, count), DRAFT_COST * count)

    def took(self, seconds: float, *, read: int, written: int, drafted: int = 0) -> None:
        """A step took so long for this many prompt tokens, running answers and drafted tokens."""
        if written:
            self._writers = written
            self._latest[read + written + drafted] = seconds
        write = self._write.get(written)
        if not read and not drafted:
            self._write[written] = _mixed(write, seconds)
            self._doubt(written)
        elif not read and write:
            self._learn_draft(written, drafted, seconds / write)
        elif read >= PIECE:  # the rest of a prompt says little about what a token of a whole piece costs
            known = write or 0.0 if written else 0.0
            self._read = _mixed(self._read, max(0.0, seconds - known) / read)

    def _learn_draft(self, writers: int, count: int, times: float) -> None:
        """A step with drafts took so many times as long as one without is thought to take.

        Where that is known of such drafts already, most of a difference is the machine's, which has another speed now.
        """
        known = (writers, count) in self._drafted
        before = 1 + self.draft_cost(count, writers)
        self._drafted[writers, count] = max(0.0, _mixed(before, times, OWN if known else FIRST) - 1)
        if known:
            self._write[writers] *= _mixed(1.0, times / before, MACHINE)

    def _doubt(self, writers: int) -> None:
        """Trust dear drafts less dear with every step without one: what was measured in a bad moment is tried again."""
        for (others, count), share in self._drafted.items():
            usual = DRAFT_COST * count
            if others == writers and share > usual:
                self._drafted[others, count] = _mixed(share, usual, FORGET)


def _mixed(before: float | None, newest: float, share: float = NEWEST) -> float:
    return newest if before is None else before + share * (newest - before)
