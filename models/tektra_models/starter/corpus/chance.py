"""All randomness of the generator, and the wall between training and evaluation.

Values are split by a checksum of their text, phrasings by their place in a list, so that an evaluation item can
only be built from material that no training item can contain. Nothing else in the generator decides about the split.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

VALUES_HELD_OUT_ONE_IN = 8
PHRASINGS_HELD_OUT_ONE_IN = 6


def value_is_held_out(value: str) -> bool:
    """Say on which side of the wall a value lies."""
    return zlib.crc32(value.encode()) % VALUES_HELD_OUT_ONE_IN == 0


def side(options: Sequence[T], held_out: bool) -> list[T]:
    """The phrasings of one side: the last of every six is kept for evaluation; a shorter list is not split."""
    if len(options) < PHRASINGS_HELD_OUT_ONE_IN:
        return list(options)
    last = PHRASINGS_HELD_OUT_ONE_IN - 1
    return [option for place, option in enumerate(options) if (place % (last + 1) == last) == held_out]


class Chance:
    """A seeded source of choices that stays on its side of the wall."""

    def __init__(self, seed: int | str, *, held_out: bool = False) -> None:
        self.random = random.Random(f"{seed}/{held_out}")  # noqa: S311 (data, not secrets)
        self.held_out = held_out

    def odds(self, probability: float) -> bool:
        """True with this probability."""
        return self.random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Any of the options: for what is not split, such as answers."""
        return self.random.choice(options)

    def phrasing(self, options: Sequence[T]) -> T:
        """One way to say it, from this side's ways."""
        return self.random.choice(side(options, self.held_out))

    def value(self, make: Callable[[random.Random], str]) -> str:
        """A fresh value from this side; small closed sets that lie wholly on the other side are used as they are."""
        for _ in range(200):
            value = make(self.random)
            if value_is_held_out(value) == self.held_out:
                return value
        return make(self.random)

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Several different options in random order."""
        return self.random.sample(list(options), min(count, len(options)))
