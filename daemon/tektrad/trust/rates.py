"""Pure: how often somebody does something, and how often it fails; what is far beyond the ordinary is a finding.

Counting is by user, in a window that slides in steps; what was found is found again only when a window has passed.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

WINDOW_S = 600.0
STEPS = 60
"""Of a window: it slides by ten seconds at a time, so that a count takes sixty numbers, however much it counts."""
MOST_REMEMBERED = 1024
"""Counts, of all users together; the one that was touched longest ago makes way."""
DENIED = "denied"
"""What every act counts as that was refused, whatever it was."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How often in ten minutes something may be done before it is unusual."""

    what: str
    most: int


SHOWN = Bound("secrets shown", 60)  # a script that fetches all that it needs has a dozen or two
USED = Bound("secrets used", 3000)  # a tool that calls a service five times a second
ASKED = Bound("asks opened", 60)  # nobody answers six a minute for ten minutes; who waits for each asks far less
GRANTED = Bound("grants changed", 100)  # setting a project up takes twenty or thirty, taking them back as many again
RUN = Bound("confined programs", 6000)  # one command after the other, at full speed, is a quarter of that
REMOVED = Bound("conversations removed", 200)  # a person tidies up tens; more at once is how traces are removed
EXPORTED = Bound("exports of the log", 20)  # a backup is one an hour
CALLED = Bound("calls of models", 120_000)  # two hundred a second: more than the built-in model answers here
REFUSED = Bound("denied acts", 30)  # a script meets one and ends; an agent tries a few ways
BOUNDS: Mapping[str, Bound] = MappingProxyType(
    {
        "secret.show": SHOWN,
        "secret.use": USED,
        "consent.ask": ASKED,
        "permission.grant": GRANTED,
        "permission.revoke": GRANTED,
        "sandbox.run": RUN,
        "conversation.remove": REMOVED,
        "audit.export": EXPORTED,
        "model.call": CALLED,
        DENIED: REFUSED,
    }
)
"""By kind of entry."""
IN_A_ROW = 10
"""Failures of one kind: who tries the same thing ten times in vain is stuck, or guesses."""
CREDENTIALS_IN_A_ROW = 5
"""Of what somebody has to know: the fifth is beyond mistyping."""
CREDENTIALS = frozenset({"mfa.check", "mfa.confirm", "mfa.disable", "secret.unlock"})
FAILURES = Bound("failures", 50)
"""Of one kind, also with successes in between: in a long batch one in a thousand fails, not five a minute."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something beyond its bound; `kind` is the alarm to sound, `what` tells it from others of that kind."""

    kind: Literal["unusual_rate", "repeated_failures"]
    what: str
    details: Mapping[str, Any]


@dataclass(slots=True)
class Count:
    """How often something happened of late: never more than in the last ten minutes, and at most one step's less."""

    steps: deque[tuple[int, int]] = field(default_factory=deque)
    total: int = 0
    row: int = 0
    """How often in a row, none of them a whole window after the one before."""
    silent_until: float = 0.0

    def add(self, now: float) -> int:
        """Count one more, at a time of a monotonic clock."""
        step = int(now * STEPS // WINDOW_S)
        self.row += 1
        self.total += 1
        before = self.steps.pop()[1] if self.steps and self.steps[-1][0] == step else 0
        self.steps.append((step, before + 1))
        while self.steps[0][0] <= step - STEPS:
            self.total -= self.steps.popleft()[1]
        if self.total == 1:
            self.row = 1
        return self.total

    def speaks(self, now: float) -> bool:
        """Whether to say so now; once said, not again for a window."""
        if now < self.silent_until:
            return False
        self.silent_until = now + WINDOW_S
        return True


class Rates:
    """Counts of what everybody does."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, int], Count] = OrderedDict()

    def done(self, kind: str, uid: int, now: float) -> Iterator[Finding]:
        """Somebody does something: what is unusual about it."""
        bound = BOUNDS.get(kind)
        if bound is None:
            return
        count = self._count(bound.what, uid)
        if count.add(now) > bound.most and count.speaks(now):
            details = {"what": bound.what, "of": kind, "count": count.total, "minutes": int(WINDOW_S // 60)}
            yield Finding("unusual_rate", bound.what, details | {"most": bound.most})

    def failed(self, kind: str, uid: int, now: float) -> Iterator[Finding]:
        """It has failed, or was denied."""
        count = self._count(f"{kind} failed", uid)
        often = count.add(now) > FAILURES.most
        most = CREDENTIALS_IN_A_ROW if kind in CREDENTIALS else IN_A_ROW
        if (often or count.row >= most) and count.speaks(now):
            details = {"of": kind, "in_a_row": count.row, "count": count.total, "minutes": int(WINDOW_S // 60)}
            yield Finding("repeated_failures", kind, details)

    def worked(self, kind: str, uid: int) -> None:
        """It has not failed this time."""
        count = self._counts.get((f"{kind} failed", uid))
        if count is not None:
            count.row = 0

    def _count(self, what: str, uid: int) -> Count:
        count = self._counts.setdefault((what, uid), Count())
        self._counts.move_to_end((what, uid))
        if len(self._counts) > MOST_REMEMBERED:
            self._counts.popitem(last=False)
        return count
