"""Pure: a finding about what is asked: what a person should look at before an answer. Advice, never a decision."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

import msgspec

Level = Literal["note", "caution", "danger"]
LEVELS: tuple[Level, ...] = ("danger", "caution", "note")
MOST = 12
LONGEST = 200
"""Characters of one text in a finding."""


class Finding(msgspec.Struct, frozen=True):
    """How bad it may be, what it is, and in which part of the request."""

    level: Level
    what: str
    part: str = ""


def bounded(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, each once, as texts that hide nothing; how many more there are."""
    shown = dict.fromkeys(Finding(each.level, plain(each.what), plain(each.part)) for each in found)
    ranked = sorted(shown, key=lambda each: LEVELS.index(each.level))
    if len(ranked) <= MOST:
        return tuple(ranked)
    left = ranked[MOST - 1 :]
    return (*ranked[: MOST - 1], Finding(left[0].level, f"{len(left)} more things like these"))


def plain(text: str) -> str:
    """A text on one line in which every character is seen: those that are not are written by their numbers."""
    line = "".join(_seen(character) for character in " ".join(text[: 2 * LONGEST].split()))
    return line if len(line) <= LONGEST and len(text) <= 2 * LONGEST else f"{line[: LONGEST - 1]}…"


def _seen(character: str) -> str:
    is_hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return f"\\u{{{ord(character):x}}}" if is_hidden else character
