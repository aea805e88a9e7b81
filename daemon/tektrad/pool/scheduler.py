"""Decides what happens to a request for a model. Pure: the pool tells what is loaded, this says what to do.

1. The model is loaded (or being loaded): serve.
2. It could not fit even in an empty budget: refuse, with both numbers.
3. It fits beside what is loaded: load.
4. It fits once idle models are gone: evict those whose bytes are the cheapest to bring back, no more than needed, and
   load. What it costs to bring one back is the time that loading it took, less likely to be needed the longer it has
   not been used. One that was loaded just now stays for a while, so that two models that fit only singly are not
   exchanged at every request.
5. Otherwise somebody is using the memory: wait.

A model whose layers lie on devices fits where there is room for it in RAM and on each of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

HALF_LIFE_S = 300.0
"""After so long without use a model is half as likely to be needed again."""
MOST_RESIDENCE_S = 20.0
RAM = ""
"""The name of the place that is no device."""
NOTHING: Mapping[str, int] = MappingProxyType({})


Group = tuple[str, bool]
"""A party, and whether it has time: leases are counted by both."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A loaded model as the scheduler sees it: `idle` says that it may go now.

    `stay_s` is how much longer it may stay though others wait; `leases` counts those of each party in each class.
    """

    name: str
    promised: int
    idle: bool
    idle_s: float = 0.0
    load_s: float = 1.0
    slots: int = 1
    answer_s: float = 0.0
    stay_s: float = 0.0
    leases: Mapping[Group, int] = field(default_factory=dict)
    on_devices: Mapping[str, int] = field(default_factory=dict)
    """Bytes promised to it on each device, beside `promised` in RAM."""

    @property
    def cost(self) -> float:
        """Seconds of loading that a byte of it will cost, once it is gone, by how likely it is needed again."""
        needed_again = math.pow(0.5, self.idle_s / HALF_LIFE_S)
        return self.load_s * needed_again / max(self.promised + sum(self.on_devices.values()), 1)

    def on(self, place: str) -> int:
        """Bytes promised to it on a device, or in RAM."""
        return self.promised if place == RAM else self.on_devices.get(place, 0)


@dataclass(frozen=True, slots=True)
class Serve:
    """Use the worker that is there."""


@dataclass(frozen=True, slots=True)
class Load:
    """Unload these, then load."""

    evict: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Come again when something was released."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It will never fit: bytes needed, bytes there could be, and where."""

    needed: int
    possible: int
    place: str = RAM


Decision = Serve | Load | Wait | Refuse


def decide(
    name: str,
    needed: int,
    holdings: list[Holding],
    budget: int,
    available: int,
    on_devices: Mapping[str, int] = NOTHING,
    rooms: Mapping[str, int] = NOTHING,
) -> Decision:
    """Return what to do for a request.

    `needed`, `budget` and `available` (free memory of the machine now) are bytes of RAM; `on_devices` is what the model
    needs on each device, and `rooms` what all models together may take there. Everything has to fit everywhere.
    """
    if any(h.name == name for h in holdings):  # 1
        return Serve()
    needs = {RAM: needed, **on_devices}
    promised = {place: sum(h.on(place) for h in holdings) for place in needs}
    free = {place: rooms.get(place, 0) - promised[place] for place in on_devices}
    free[RAM] = min(budget - promised[RAM], available)
    for place in needs:
        possible = min(budget, available + promised[RAM]) if place == RAM else rooms.get(place, 0)
        if needs[place] > possible:  # 2
            return Refuse(needed=needs[place], possible=possible, place=place)

    def lacking(gone: list[Holding]) -> list[str]:
        """The places with too little room even with these gone."""
        return [place for place in needs if needs[place] > free[place] + sum(h.on(place) for h in gone)]

    evict: list[Holding] = []
    for holding in sorted((h for h in holdings if h.idle), key=lambda h: h.cost):  # 4
        if any(holding.on(place) for place in lacking(evict)):
            evict.append(holding)
    if lacking(evict):
        return Wait()  # 5
    for holding in reversed(evict[:]):  # a small one may have become needless with a large one
        others = [other for other in evict if other is not holding]
        if not lacking(others):
            evict = others
    return Load(tuple(holding.name for holding in evict))  # 3


def residence(load_s: float, times: float) -> float:
    """Seconds that a model stays after it was loaded, though others wait: a few times what loading took."""
    return min(MOST_RESIDENCE_S, times * load_s)
