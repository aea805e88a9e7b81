"""Drafts of what comes next, taken from where the same tokens came before: in the prompt, or earlier in the answer.

Pure. What is drafted is computed together with the next token and kept only as far as the sampler chooses the very
same, so it never changes an answer. It pays where texts repeat themselves (editing a file, quoting, code). Where the
last tokens came before is the source; it is followed from there on, also past tokens that are others now. How long a
draft may be depends on how right the source has been, on how right such sources are in this text, and on what computing
more tokens at once costs here. After prompt lookup decoding (https://github.com/apoorvumang/prompt-lookup-decoding).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

ALIKE = 3
"""So many tokens have to be the same before what followed them is considered."""
WINDOW = 32
"""So many tokens count for how right a source is."""
KIND = 8
"""Sources that were right about as many tokens, but for less than this, are of one kind."""
DOUBT = 0.25
"""How many wrong tokens a source is charged with before there was one."""
NEAR = 64
"""Tokens within which another source is the same text behind something added or left out."""
LENGTHS = (3, 7, 15)
"""Tokens of a draft; with the one before it they fill what processors compute at once."""
WORTH = 1.05
"""By how much a step has to give more for its time than one without a draft."""
NEWEST_OF_KIND, NEWEST_BEHIND_WRONG = 0.05, 0.3
"""What the newest token counts against all before for what a kind is worth, and for whether a source goes on."""


class Lookup:
    """One sequence's drafts; `most` is how long they may become."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known = ALIKE
        self._behind: dict[tuple[int, ...], int] = {}
        self._source: int | None = None
        self._right = self._wrong = 0.0
        self._since_wrong = 0
        self._goes_on = 0.5
        self._kinds: defaultdict[int, float] = defaultdict(lambda: 1.0)

    def draft(self, tokens: list[int], room: int, cost: Callable[[int], float], writers: int = 1) -> list[int]:
        """At most `room` tokens that may come next; none where nothing is alike or drafts would not pay.

        `cost` says what so many more tokens add to a step, as a share of it; `writers` answers share that step.
        """
        for end in range(self._known, len(tokens) + 1):
            self._follow(tokens, end)
        self._known = max(self._known, len(tokens) + 1)
        source = self._source
        if source is None:
            return []
        lengths = [length for length in LENGTHS if length <= min(self._most, room)]
        gains = [((1 + self._expected(length) / writers) / (1 + cost(length)), length) for length in lengths]
        gain, length = max(gains, default=(0.0, 0))
        if gain < WORTH:
            return []
        period = len(tokens) - source
        return [tokens[source + step % period] for step in range(length)]

    def _follow(self, tokens: list[int], end: int) -> None:
        """Learn from the last of the first `end` tokens, and look where such as these came before."""
        if self._source is not None:
            self._learn(right=tokens[self._source] == tokens[end - 1])
            self._source += 1
        last = tuple(tokens[end - ALIKE : end])
        begin = self._behind.get(last)
        if self._since_wrong < ALIKE and begin is not None and begin != self._source:
            if self._source is None or abs(begin - self._source) > NEAR:
                self._right, self._wrong = alike(tokens, begin, end), 0.0
            self._source, self._since_wrong = begin, ALIKE
        self._behind[last] = end

    def _learn(self, *, right: bool) -> None:
        """The source was right about a token, or not."""
        if not self._since_wrong:
            self._goes_on += NEWEST_BEHIND_WRONG * (right - self._goes_on)
        self._kinds[self._kind] += NEWEST_OF_KIND * (right - self._kinds[self._kind])
        self._right += right - self._right / WINDOW
        self._wrong += (not right) - self._wrong / WINDOW
        self._since_wrong = self._since_wrong + 1 if right else 0

    @property
    def _kind(self) -> int:
        return int(self._right) // KIND

    def _expected(self, length: int) -> float:
        """How many of so many drafted tokens are right in the mean, up to the first wrong one."""
        chance = min(self._right / (self._right + self._wrong + DOUBT), self._kinds[self._kind])
        first = chance if self._since_wrong else min(chance, self._goes_on)
        return first * sum(chance**place for place in range(length))


def alike(tokens: list[int], left: int, right: int) -> int:
    """How many tokens before two places are the same, of as many as count."""
    count = ALIKE
    while count < min(left, WINDOW) and tokens[left - count - 1] == tokens[right - count - 1]:
        count += 1
    return count
