"""Marks: the fixed texts around the parts of an answer, found in a stream however it is cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

LEXEME = re.compile(r"<[^<>\s][^<>]*>|\[/?[A-Z_]+\]|\s+|\w+|.", re.DOTALL)
ANY = "\0"
"""Stands in a mark's text for what differs from call to call: an id, a number."""
SOME = r"[^\s<>|\"{}]{0,80}?"
SPACE = r"\s*"
LONGEST = 160
MOST_ANY = 4
"""More of them, by a hostile template, would make a search take for ever."""


def lexemes(text: str) -> list[str]:
    """Cut a text into tags, runs of white space, words and single characters."""
    return LEXEME.findall(text)


def alike(one: str, other: str) -> bool:
    """Whether two lexemes are the same; white space is like any other."""
    return one == other or (one.isspace() and other.isspace())


def common_start(texts: Sequence[str]) -> str:
    """The lexemes with which all texts begin, as the first one writes them."""
    return "".join(_common([lexemes(text) for text in texts]))


def common_end(texts: Sequence[str]) -> str:
    """The lexemes with which all texts end, as the first one writes them."""
    return "".join(_common([lexemes(text)[::-1] for text in texts])[::-1])


def _common(lists: list[list[str]]) -> list[str]:
    """The lexemes with which all lists begin, as in the first one."""
    first, *others = lists
    count = len(first)
    for other in others:
        differ = (place for place, pair in enumerate(zip(first, other, strict=False)) if not alike(*pair))
        count = min(count, next(differ, len(other)))
    return first[:count]


def without_end(text: str, end: str) -> str:
    """The text without these lexemes at its end, if it ends with them."""
    count = len(lexemes(end))
    if not count or len(lexemes(common_end([text, end]))) < count:
        return text
    return "".join(lexemes(text)[:-count])


def with_any(one: str, other: str) -> str:
    """The first text, with ANY wherever the second has another lexeme; as it is, if the two are built differently."""
    ours, theirs = lexemes(one), lexemes(other)
    if len(ours) != len(theirs):
        return one
    return "".join(a if alike(a, b) else ANY for a, b in zip(ours, theirs, strict=True))


@dataclass(frozen=True)
class Mark:
    """A fixed text; how much white space it has, and whether it has any, does not matter."""

    text: str
    _atoms: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        atoms: list[str] = []
        for lexeme in lexemes(self.text.strip()):
            if lexeme.isspace():
                atoms.append(SPACE)
            else:
                atoms += [SOME if character == ANY else re.escape(character) for character in lexeme]
        object.__setattr__(self, "_atoms", tuple(atoms))

    @cached_property
    def pattern(self) -> str:
        """A regular expression for the whole mark."""
        return "".join(self._atoms)

    @cached_property
    def beginning(self) -> str:
        """A regular expression for any beginning of the mark, up to the end of the text."""
        nested = ""
        for atom in reversed(self._atoms):
            nested = f"(?:{atom}{nested})?" if nested else f"(?:{atom})?"
        return f"(?={self._atoms[0]}){nested}\\Z"

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _partly(self) -> re.Pattern[str]:
        return re.compile(self.beginning)

    def match(self, text: str, at: int = 0) -> int | None:
        """Where the mark ends that stands here; None if none does."""
        found = self._whole.match(text, at)
        return found.end() if found else None

    def may_begin(self, text: str, at: int = 0) -> bool:
        """Whether all that stands from here on could be the beginning of the mark."""
        return self._partly.match(text, at) is not None

    def find(self, text: str, at: int = 0) -> tuple[int, int] | None:
        """Where the first such mark stands."""
        found = self._whole.search(text, at)
        return found.span() if found else None

    def safe(self, text: str) -> int:
        """How much of the text is certainly before any mark that may still come."""
        found = self._partly.search(text)
        return found.start() if found else len(text)


def mark(text: str | None) -> Mark | None:
    """A mark, or None where there is nothing to find, or so much that it is none."""
    text = (text or "").strip()
    return Mark(text) if 0 < len(text) <= LONGEST and text.count(ANY) <= MOST_ANY else None


def needed(text: str) -> Mark:
    """A mark without which nothing can be read; raises ValueError where there is none."""
    found = mark(text)
    if found is None:
        raise ValueError("the template writes no mark there")
    return found


def first_of(marks: Iterable[Mark | None], text: str) -> tuple[int, int, Mark] | None:
    """The mark that stands first; of those at one place the longest."""
    found = [(*span, one) for one in marks if one is not None and (span := one.find(text))]
    return min(found, key=lambda one: (one[0], -one[1]), default=None)


def past_space(text: str, at: int) -> int:
    """Where the white space that begins here ends."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at
