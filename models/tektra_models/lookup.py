"""Drafts of what comes next, taken from where the same tokens came before: in the prompt, or earlier in the answer.

Pure. What is drafted is computed together with the next token and kept only as far as the sampler chooses the very
same, so it never changes an answer. It pays where texts repeat themselves (editing a file, quoting, code); how long a
draft may be depends on how much is alike, on how right the last ones were, and on what computing more tokens at once
costs here. After prompt lookup decoding (https://github.com/apoorvumang/prompt-lookup-decoding).
"""

from __future__ import annotations

from collections.abc import Callable

ALIKE = 3
"""So many tokens have to be the same before what followed them is considered."""
LONGEST_ALIKE = 32
LENGTHS = (3, 7, 15)
"""Tokens of a draft; with the one before it they fill what processors compute at once."""
WORTH = 1.05
"""By how much a step has to give more for its time than one without a draft."""
NEWEST = 0.3
"""What the newest draft counts for the trust in the next ones against all before."""
RECOVERY = 0.002
"""What trust comes back with every token that was not drafted."""


class Lookup:
    """One sequence's drafts; `most` is how long they may become."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._trust = 1.0
        self._expected = 0.0
        self._behind: dict[tuple[int, ...], int] = {}
        self._known = ALIKE

    def draft(self, tokens: list[int], room: int, cost: Callable[[int], float], writers: int = 1) -> list[int]:
        """At most `room` tokens that may come next; none where nothing is alike or drafts would not pay.

        `cost` says what so many more tokens add to a step, as a share of it; `writers` answers share that step.
        """
        for end in range(self._known, len(tokens)):
            self._behind[tuple(tokens[end - ALIKE : end])] = end
        self._known = max(self._known, len(tokens))
        self._trust = min(1.0, self._trust + RECOVERY)
        begin = self._behind.get(tuple(tokens[-ALIKE:]))
        if begin is None:
            return []
        chance = self._trust * (1 - 1 / alike(tokens, begin))
        lengths = [length for length in LENGTHS if length <= min(self._most, room)]
        gains = [((1 + expected(chance, length) / writers) / (1 + cost(length)), length) for length in lengths]
        gain, length = max(gains, default=(0.0, 0))
        if gain < WORTH:
            return []
        self._expected = expected(chance, length)
        period = len(tokens) - begin
        return [tokens[begin + step % period] for step in range(length)]

    def judged(self, right: int) -> None:
        """So many tokens of the last draft were right."""
        self._trust = min(1.0, self._trust + NEWEST * (right / self._expected - self._trust))


def alike(tokens: list[int], end: int) -> int:
    """How many tokens before `end` are the same as the last ones."""
    count = ALIKE
    while count < min(end, LONGEST_ALIKE) and tokens[end - count - 1] == tokens[-count - 1]:
        count += 1
    return count


def expected(chance: float, length: int) -> float:
    """How many of so many tokens are right in the mean, up to the first wrong one."""
    return sum(chance**place for place in range(1, length + 1))
