"""Decides what the next step computes: who decodes, who reads how much prompt, who enters, who has to wait again.

Pure: values in, a Plan out. The rules, numbered as in the code:

1. Cells. Every running sequence claims as many cells as it has tokens, less those it shares with an older one. When the
   claims outgrow the cache, the youngest is preempted (it keeps its tokens and its sampler and is read again later)
   until the rest fits; never the last one.
2. Decoding. Every running sequence that waits for its next token gets it in every step, together with the few tokens
   that a grammar may have forced before it.
3. Reading. What is left of the batch goes to prompts under way, oldest first, in chunks; those of batch sequences come
   after interactive newcomers. Where others decode it is no more than `reading` tokens, so that they are not kept
   waiting, rounded so that the step fills whole tiles.
4. Entering. Then the first in line enters if a slot is free, its tokens fit beside the claims with a little room to
   grow, and there is batch left. If it cannot, nobody behind it may (no starvation). Only who waits for another to read
   what both begin with lets others pass. The line is in order of `share`, among equals of arrival: what the sequence's
   party has had (shares.py), so that many requests of one do not keep the few of another waiting.
5. Classes. Batch sequences count as younger than all interactive ones. They give up their slots and cells to an
   interactive one that could not enter otherwise, the youngest first, and while one runs they take part in some steps
   only, those in which it is their `turn`. Whoever has waited too long is no batch sequence any more; that is not
   decided here.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

GROWTH = 32
"""Cells that a newcomer leaves free for each sequence already running, so that it is not preempted at once."""
FEW = 16
"""Up to so many pending tokens are computed at once and count as writing, not as reading."""

TILE = 64
"""Tokens that llama.cpp takes at once on processors: its attention costs half as much for each in a batch of 64 as in
one of 63 (GGML_FA_TILE_Q in ggml-cpu), and a few tokens beyond a tile cost far more than their share."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What the batcher sees of a sequence: its place in line, its tokens, and how many of them lie in cells.

    `shared` tokens lie in cells that an older running sequence holds too. `follows` says that a prompt under way begins
    with more of the same tokens, which are better waited for than computed twice. `share` counts while it waits only.
    """

    order: int
    length: int
    held: int = 0
    shared: int = 0
    follows: bool = False
    batch: bool = False
    share: float = 0.0

    @property
    def rank(self) -> tuple[bool, float, int]:
        """The place in line."""
        return self.batch, self.share, self.order

    @property
    def pending(self) -> int:
        """Tokens that still have to be fed."""
        return self.length - self.held

    @property
    def claim(self) -> int:
        """Cells that nobody older accounts for."""
        return self.length - self.shared


@dataclass(frozen=True, slots=True)
class Limits:
    """What the backend can hold: sequences at once, cells in all, tokens a step, of prompts beside running answers.

    `turn` says whether batch sequences take part beside interactive ones; what is read beside answers fills steps of a
    multiple of `tile` tokens.
    """

    slots: int
    cells: int
    batch: int
    reading: int = sys.maxsize
    turn: bool = True
    tile: int = TILE


@dataclass(frozen=True, slots=True)
class Plan:
    """The next step; `feeds` maps a sequence's order to how many of its tokens to feed."""

    feeds: dict[int, int]
    enter: tuple[int, ...] = ()
    preempt: tuple[int, ...] = ()


def plan_step(running: list[Queued], waiting: list[Queued], limits: Limits) -> Plan:
    """Return what the next step does; every order in `enter` also has a feed."""
    active = sorted(running, key=lambda s: s.rank)
    preempt: list[int] = []
    claimed = sum(s.claim for s in active)
    while claimed > limits.cells and len(active) > 1:  # 1
        youngest = active.pop()
        preempt.append(youngest.order)
        claimed -= youngest.claim
    closed = bool(preempt)

    resting = not limits.turn and any(not s.batch for s in [*active, *waiting])  # 5
    stepping = [s for s in active if not (s.batch and resting)]
    feeds = {s.order: 1 for s in stepping if s.pending <= FEW}  # 2
    left = limits.batch - len(feeds)
    kept = bool(waiting) or any(s.pending > FEW for s in stepping)  # one token: forced ones never stop a prompt
    for sequence in stepping:
        if 1 < sequence.pending <= FEW:
            forced = min(sequence.pending - 1, max(0, left - kept))
            feeds[sequence.order] += forced
            left -= forced
    if feeds:
        left = min(left, _whole_tiles(sum(feeds.values()), limits))
    enter: list[int] = []
    queued = {s.order for s in waiting}
    for sequence in sorted([*stepping, *waiting], key=lambda s: (s.batch, s.order in queued, s.share, s.order)):
        if sequence.order not in queued:  # 3
            if sequence.pending > FEW and left > 0 and sequence.order not in preempt:
                feeds[sequence.order] = min(sequence.pending, left)
                left -= feeds[sequence.order]
            continue
        if sequence.follows:  # 4
            continue
        # Who was preempted comes first, and stands in line only from the next step on.
        closed = closed or (sequence.batch and (bool(preempt) or (resting and bool(feeds))))
        while not closed and not sequence.batch and not _fits(sequence, active, enter, claimed, limits):  # 5
            if not active or not active[-1].batch:
                break
            victim = active.pop()
            preempt.append(victim.order)
            claimed -= victim.claim
            left += feeds.pop(victim.order, 0)
        closed = closed or left <= 0 or not _fits(sequence, active, enter, claimed, limits)
        if not closed:
            enter.append(sequence.order)
            feeds[sequence.order] = min(sequence.pending, left)
            left -= feeds[sequence.order]
            claimed += sequence.claim
    if resting and not feeds:
        return plan_step(running, waiting, replace(limits, turn=True))  # a step must compute something
    return Plan(feeds=feeds, enter=tuple(enter), preempt=tuple(preempt))


def _whole_tiles(written: int, limits: Limits) -> int:
    """What may be read beside so many written tokens, so that both together are whole tiles: one more at least."""
    tiles = max((written + limits.reading) // limits.tile, written // limits.tile + 1)
    return tiles * limits.tile - written


def _fits(sequence: Queued, active: list[Queued], enter: list[int], claimed: int, limits: Limits) -> bool:
    """Whether a slot is free and its tokens fit beside the claims, with room for all to grow.

    Never more run than a batch holds, since each may want a token in the same step.
    """
    others = len(active) + len(enter)
    return others < min(limits.slots, limits.batch) and sequence.claim <= limits.cells - claimed - GROWTH * others
