"""One request's place in line: what it wants, what it is told meanwhile, and the loaded model that it gets."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tektra_models.manifest import Model
from tektra_models.placement import by_device
from tektra_models.spec import Spec
from tektrad.pool.entry import Entry
from tektrad.pool.lease import Wish
from tektrad.pool.line import Outlook, Waiter
from tektrad.pool.party import Party
from tektrad.pool.scheduler import Group

LONGEST_RETRY_S = 600
PATIENCE_S = 30.0
"""After which a waiting request that has time stands with the interactive ones."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a request waits for: "queued", with its place in line and an estimate in seconds, or "loading"."""

    state: str
    position: int | None = None
    estimate_s: float | None = None


Notify = Callable[[Notice], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What a request wants of the pool: a model in some shape, for whom, and how urgently."""

    model: Model
    spec: Spec
    needed: int
    load_s: float
    stay_s: float
    wish: Wish
    party: Party
    batch: bool = False

    @property
    def group(self) -> Group:
        """With whose leases this one is counted."""
        return self.party.key, self.batch


UNSEEN = Outlook(position=0, seconds=0.0, for_memory=False)


@dataclass(eq=False, slots=True)
class Place:
    """Stands in line until `granted` is done."""

    number: int
    order: Order
    since: float
    notify: Notify | None
    granted: asyncio.Future[Entry] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    outlook: Outlook = UNSEEN
    deadline: asyncio.TimerHandle | None = None

    def waiter(self, share: float, now: float) -> Waiter:
        """As the line sees it."""
        order = self.order
        return Waiter(
            number=self.number,
            model=order.model.name,
            needed=order.needed,
            group=order.group,
            batch=self.batch_at(now),
            share=share,
            load_s=order.load_s,
            stay_s=order.stay_s,
            on_devices=by_device([order.spec.offload]),
        )

    def batch_at(self, now: float) -> bool:
        """Whether it has time still."""
        return self.order.batch and now - self.since < PATIENCE_S

    def expect(self, outlook: Outlook) -> None:
        """Keep what it may expect now, and tell it when its place has changed."""
        told, self.outlook = self.outlook, outlook
        if self.notify is not None and told.position != outlook.position:
            self.notify(Notice("queued", outlook.position, round(outlook.seconds, 1)))

    @property
    def retry_after(self) -> int:
        """Whole seconds after which to ask again."""
        return min(max(math.ceil(self.outlook.seconds), 1), LONGEST_RETRY_S)

    def view(self, now: float) -> dict[str, Any]:
        """For people to see."""
        return {
            "position": self.outlook.position,
            "model": self.order.model.name,
            "uid": self.order.party.uid,
            "priority": "batch" if self.order.batch else "interactive",
            "waits_for": "memory" if self.outlook.for_memory else "a slot",
            "waited_s": round(now - self.since, 1),
            "estimate_s": round(self.outlook.seconds, 1),
        }

    def waits_no_more(self) -> None:
        """Its time for waiting is not limited any more."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None
