"""Fair shares between parties that want the same thing. Pure: the engine uses it for slots, the pool for memory.

1. Every party has a count of what it was given: tokens in the engine, seconds of leases in the pool. Who has had least
   is next; among equals, who came first.
2. Nobody saves up: a party that wanted nothing for a while comes back with no less than the least that any party has
   had which wants something at that moment.
3. Nobody is passed over for ever: after MOST_PASSED turns of parties that came in by rule 2 it is a party's turn,
   whatever it has had. (Turns of others need no bound: each brings them closer to where it stands.)

These are the virtual token counters of Sheng et al., "Fairness in Serving Large Language Models" (OSDI 2024); the third
rule is ours, since ever new parties could otherwise keep an old one waiting.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

MOST_PASSED = 16


class Shares:
    """What each party has had, of those that want something."""

    def __init__(self) -> None:
        self._had: dict[str, float] = {}
        self._wants: Counter[str] = Counter()
        self._new: set[str] = set()
        self._passed: Counter[str] = Counter()

    def came(self, party: str) -> None:
        """One more request of a party is there."""
        if not self._wants:
            self._had.clear()
        if not self._wants[party]:
            least = min((self._had[other] for other in self._wants), default=0.0)
            # Who has had no more than that is where a stranger is: nothing needs to be remembered of it.
            self._had = {each: had for each, had in self._had.items() if each in self._wants or had > least}
            if party not in self._had:
                self._had[party] = least
                self._new.add(party)
        self._wants[party] += 1

    def left(self, party: str) -> None:
        """One request less, however it ended."""
        self._wants[party] -= 1
        if not self._wants[party]:
            del self._wants[party], self._passed[party]
            self._new.discard(party)

    def charge(self, party: str, amount: float) -> None:
        """A party that wants something was given so much."""
        self._had[party] += amount

    def served(self, party: str, waiting: Iterable[str]) -> None:
        """A party got what it wanted, and these had to wait."""
        del self._passed[party]
        if party in self._new:
            self._new.remove(party)
            self._passed.update(set(waiting) - {party})

    def standings(self, wanted: Iterable[tuple[str, float]]) -> list[float]:
        """Where requests stand in line, given in the order in which they came, with what each is going to take.

        A party's later requests stand where it will be once the earlier ones have been served.
        """
        ahead: dict[str, float] = {}
        places = []
        for party, amount in wanted:
            overdue = party not in ahead and self._passed[party] >= MOST_PASSED
            place = ahead.get(party, self._had[party])
            places.append(-math.inf if overdue else place)
            ahead[party] = place + amount
        return places
