"""Decides what happens to a request for a model. Pure: the pool tells what is loaded, this says what to do.

1. The model is loaded (or being loaded): serve.
2. It could not fit even in an empty budget: refuse, with both numbers.
3. It fits beside what is loaded: load.
4. It fits once idle models are gone: evict the least recently used of them, no more than needed, and load.
5. Otherwise somebody is using the memory: wait.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holding:
    """A loaded model as the scheduler sees it."""

    name: str
    promised: int
    idle: bool
    last_used: float


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
    """It will never fit: bytes needed, bytes there could be."""

    needed: int
    possible: int


Decision = Serve | Load | Wait | Refuse


def decide(name: str, needed: int, holdings: list[Holding], budget: int, available: int) -> Decision:
    """Return what to do for a request.

    `needed`, `budget` and `available` (free memory of the machine now) are bytes.
    """
    if any(h.name == name for h in holdings):  # 1
        return Serve()
    promised = sum(h.promised for h in holdings)
    possible = min(budget, available + promised)
    if needed > possible:  # 2
        return Refuse(needed=needed, possible=possible)
    free = min(budget - promised, available)
    evict: list[str] = []
    for holding in sorted((h for h in holdings if h.idle), key=lambda h: h.last_used):  # 4
        if needed <= free:
            break
        evict.append(holding.name)
        free += holding.promised
    return Load(tuple(evict)) if needed <= free else Wait()  # 3, 5
