"""Filling the slots of a phrasing with fresh values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

from tektra_models.starter.corpus.chance import Chance

SLOT = re.compile(r"\{(\w+)\}")
# Values are fenced while a request is put together, so that typos and lower case never touch what must be copied.
FENCE_OPEN, FENCE_CLOSE = "\x02", "\x03"


def fence(value: str) -> str:
    """The value, protected from noise."""
    return f"{FENCE_OPEN}{value}{FENCE_CLOSE}"


def unfence(text: str) -> str:
    """The text without fences."""
    return text.replace(FENCE_OPEN, "").replace(FENCE_CLOSE, "")


def put(template: str, known: Mapping[str, str]) -> str:
    """Replace the slots that are known and leave other braces alone."""
    return SLOT.sub(lambda found: known.get(found[1], found[0]), template)


def fill(chance: Chance, template: str, makers: Mapping[str, Callable[[Random], str]]) -> str:
    """Replace each slot by a fresh value of its kind; the same slot may differ from place to place."""
    return SLOT.sub(lambda found: chance.value(makers[found[1]]) if found[1] in makers else found[0], template)
