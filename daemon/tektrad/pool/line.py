"""The line for models: who waits, who is next, how long it will take. Pure.

1. Order. Interactive requests stand before those that have time; within a class stands first whose party has had least
   (shares.py), among equals who came first.
2. Loading. Only the first whose model is not loaded may load it: otherwise small models would pass a large one for
   ever. Whoever waits for the same model is served with it.
3. Residence. A model that was loaded stays for a while (scheduler.residence), and all who want it are served. Once that
   is over and the first in line needs its memory, it closes: who has a lease keeps it, all others of the same class or
   a less urgent one wait until the model is loaded again. So a model in steady use cannot keep others out.
4. Leases. A party holds at most so many leases of one model in each class that its slots are busy and as many requests
   are ready to enter. The rest of a thousand requests waits here, so that a model can close before they are done.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tektrad.pool.scheduler import Decision, Group, Holding, Load, Refuse, Serve, Wait, decide

LEASES = 2
"""Leases of one party in one class for each slot of a model."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: what all models together may take, what of the machine's memory is free, and what each device holds."""

    budget: int
    available: int
    rooms: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiter:
    """One request in line; `share` is where its party stands, `group` the party and class by which leases count."""

    number: int
    model: str
    needed: int
    group: Group = ("", False)
    batch: bool = False
    share: float = 0.0
    load_s: float = 1.0
    stay_s: float = 4.0
    on_devices: Mapping[str, int] = field(default_factory=dict)
    """Bytes of each device that its model needs, beside `needed` of RAM."""


@dataclass(frozen=True, slots=True)
class Move:
    """What happens next in the line."""

    waiter: Waiter
    decision: Serve | Load | Refuse


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a waiting request may expect: its place from 1 on, seconds, whether it is memory that it waits for."""

    position: int
    seconds: float
    for_memory: bool


def in_order(waiters: Sequence[Waiter]) -> list[Waiter]:
    """The line, the next first."""
    return sorted(waiters, key=lambda waiter: (waiter.batch, waiter.share, waiter.number))  # 1


def next_move(line: Sequence[Waiter], holdings: list[Holding], memory: Memory) -> Move | None:
    """Who of a line in order is served, loaded for or refused now; None: nobody."""
    loaded = {holding.name: holding for holding in holdings}
    first = _first_to_load(line, loaded)
    closed = _closed(first, holdings, memory)
    for waiter in line:
        holding = loaded.get(waiter.model)
        if holding is not None and not _shut(waiter, first, closed) and _has_room(waiter, holding):
            return Move(waiter, Serve())
        if waiter is first:
            decision = _decide(waiter, holdings, memory)
            if not isinstance(decision, Wait):
                return Move(waiter, decision)
    return None


def outlooks(line: Sequence[Waiter], holdings: list[Holding], memory: Memory) -> dict[int, Outlook]:
    """What each of a line in order may expect, by its number, if answers and loads take as long as they took before."""
    loaded = {holding.name: holding for holding in holdings}
    first = _first_to_load(line, loaded)
    going = _going(first, holdings, memory)
    closed = _closed(first, holdings, memory)
    opens: dict[str, float] = {}
    before: Counter[str] = Counter()
    found: dict[int, Outlook] = {}
    free_s = max((_drain_s(holding) for holding in holdings if holding.name in going), default=0.0)
    for position, waiter in enumerate(line, 1):
        holding = loaded.get(waiter.model)
        waits_for_memory = holding is None or _shut(waiter, first, closed)
        if waiter.model not in opens:
            opens[waiter.model] = free_s + waiter.load_s if waits_for_memory else 0.0
            if waits_for_memory:
                free_s = opens[waiter.model] + waiter.stay_s
        served = before[waiter.model] + (0 if waits_for_memory else 1)
        answers_s = holding.answer_s * served / holding.slots if holding is not None else 0.0
        found[waiter.number] = Outlook(position, opens[waiter.model] + answers_s, waits_for_memory)
        before[waiter.model] += 1
    return found


def _decide(waiter: Waiter, holdings: list[Holding], memory: Memory) -> Decision:
    needed, on_devices = waiter.needed, waiter.on_devices
    return decide(waiter.model, needed, holdings, memory.budget, memory.available, on_devices, memory.rooms)


def _first_to_load(line: Sequence[Waiter], loaded: dict[str, Holding]) -> Waiter | None:
    return next((waiter for waiter in line if waiter.model not in loaded), None)  # 2


def _going(first: Waiter | None, holdings: list[Holding], memory: Memory) -> frozenset[str]:
    """The models that have to go for the first in line: of those that need not stay if they are enough, else of all."""
    if first is None:
        return frozenset()
    for may_go in ([holding.stay_s <= 0 for holding in holdings], [True] * len(holdings)):
        supposed = [replace(holding, idle=may) for holding, may in zip(holdings, may_go, strict=True)]
        decision = _decide(first, supposed, memory)
        if isinstance(decision, Load):
            return frozenset(decision.evict)
    return frozenset()


def _closed(first: Waiter | None, holdings: list[Holding], memory: Memory) -> frozenset[str]:
    """The models that serve nobody new, so that they can go for the first in line."""
    going = _going(first, holdings, memory)
    return frozenset(holding.name for holding in holdings if holding.name in going and holding.stay_s <= 0)  # 3


def _shut(waiter: Waiter, first: Waiter | None, closed: frozenset[str]) -> bool:
    return first is not None and waiter.model in closed and waiter.batch >= first.batch


def _has_room(waiter: Waiter, holding: Holding) -> bool:
    return holding.leases.get(waiter.group, 0) < LEASES * holding.slots  # 4


def _drain_s(holding: Holding) -> float:
    """Seconds until a model can go: its residence, and the answers under way."""
    rounds = math.ceil(sum(holding.leases.values()) / holding.slots)
    return max(holding.stay_s, rounds * holding.answer_s)
