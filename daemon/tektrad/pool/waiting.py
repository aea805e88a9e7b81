"""Who waits for a model: everybody's place in line, what each has had, who is served when something changes.

The pool alone has one. Who is next is decided in line.py, what is done for it is carried out by the pool.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from tektra_models.shares import Shares
from tektrad.clock import Clock
from tektrad.errors import Busy, TektraError, TimedOut
from tektrad.pool import line
from tektrad.pool.entry import Entry
from tektrad.pool.place import Notify, Order, Place
from tektrad.pool.scheduler import Group, Holding, Load, Refuse, Serve


class Books(Protocol):
    """What the line has to know of what is loaded, and whom it asks for more."""

    def holdings(self) -> list[Holding]:
        """What is loaded."""

    def memory(self, wanted: Iterable[str]) -> line.Memory:
        """What there is for models, if any of these is not loaded."""

    def leases(self) -> Iterable[tuple[Group, int]]:
        """Who holds how many leases."""

    def prepare(self, order: Order) -> None:
        """Unload a model that is not loaded as ordered; raises a TektraError."""

    def carry_out(self, order: Order, decision: Serve | Load | Refuse) -> Entry:
        """Lend what was decided to be lent; raises a TektraError."""

    def release(self, entry: Entry, group: Group) -> None:
        """Take a lease back."""


class WaitingLine:
    """The requests that have no lease yet; at most `limit` of them wait for memory, for at most `longest` seconds."""

    def __init__(self, books: Books, clock: Clock, *, limit: int, longest: float) -> None:
        self._books = books
        self._clock = clock
        self._limit, self._longest = limit, longest
        self._places: list[Place] = []
        self._numbers = itertools.count(1)
        self._shares = Shares()
        self._charged_at = clock.monotonic()
        self._woken: asyncio.Handle | None = None

    def __len__(self) -> int:
        return len(self._places)

    async def stand(self, order: Order, notify: Notify | None) -> Entry:
        """Wait until the order is lent what it wants, with one lease more; raises a TektraError."""
        place = Place(next(self._numbers), order, self._clock.monotonic(), notify)
        self._shares.came(order.party.key)
        self._places.append(place)
        try:
            self._serve()
            self._refuse_too_many(place)
            return await place.granted
        except BaseException:
            self._gave_up(place)
            raise
        finally:
            place.waits_no_more()

    def left(self, group: Group) -> None:
        """A lease was taken back."""
        self._shares.left(group[0])

    def charge(self) -> None:
        """Count the seconds that every lease has lasted; to be called before one begins or ends."""
        now = self._clock.monotonic()
        for (party, _), leases in self._books.leases():
            self._shares.charge(party, leases * (now - self._charged_at))
        self._charged_at = now

    def wake(self) -> None:
        """Something has changed: the line is looked at again, once what runs now has come to its end."""
        if self._places and self._woken is None:
            self._woken = asyncio.get_running_loop().call_soon(self._serve)

    def close(self, error: TektraError) -> None:
        """Everybody hears that nothing is lent any more."""
        for place in list(self._places):
            self._answer(place, error)

    def view(self) -> list[dict[str, Any]]:
        """Who waits, the next first, for people to see (shape Queued in docs/design/api.md)."""
        self._look_ahead()
        now = self._clock.monotonic()
        return [place.view(now) for place in sorted(self._places, key=lambda place: place.outlook.position)]

    def _serve(self) -> None:
        """Serve, load for or refuse whoever is next, until nobody is; then tell the others what they may expect."""
        self._woken = None
        self.charge()
        for place in list(self._places):
            self._try(place, self._books.prepare, place.order)
        while (move := line.next_move(self._in_order(), self._books.holdings(), self._memory())) is not None:
            (place,) = (place for place in self._places if place.number == move.waiter.number)
            self._try(place, self._carry_out, place, move.decision)
        self._look_ahead()

    def _try(self, place: Place, act: Callable[..., None], *of: object) -> None:
        """Do something for a request; what it raises is the request's answer."""
        try:
            act(*of)
        except TektraError as error:
            self._answer(place, error)

    def _carry_out(self, place: Place, decision: Serve | Load | Refuse) -> None:
        entry = self._books.carry_out(place.order, decision)
        if isinstance(decision, Load):
            now = self._clock.monotonic()
            passed = [other for other in self._places if other.batch_at(now) == place.batch_at(now)]
            self._shares.served(place.order.party.key, (other.order.party.key for other in passed))
        self._places.remove(place)
        place.granted.set_result(entry)

    def _answer(self, place: Place, error: TektraError) -> None:
        self._places.remove(place)
        place.granted.set_exception(error)

    def _gave_up(self, place: Place) -> None:
        """A request left without a lease, or before it heard of the one it had got."""
        if place in self._places:
            self._places.remove(place)
        granted = place.granted
        if granted.done() and not granted.cancelled() and granted.exception() is None:
            self._books.release(granted.result(), place.order.group)
        else:
            self._shares.left(place.order.party.key)
            self.wake()

    def _refuse_too_many(self, place: Place) -> None:
        """Raise Busy when too many wait for memory already."""
        if place.granted.done() or not place.outlook.for_memory:
            return
        others = sum(other.outlook.for_memory for other in self._places) - 1
        if others >= self._limit:
            raise Busy(
                f"{others} requests already wait for memory, and no more may; "
                f'"{place.order.model.name}" could be there in about {place.outlook.seconds:.0f} s',
                "Try again later, or unload a model: tektra models ps.",
                retry_after=place.retry_after,
            )

    def _in_order(self) -> list[line.Waiter]:
        now = self._clock.monotonic()
        shares = self._shares.standings((place.order.party.key, place.order.load_s) for place in self._places)
        return line.in_order([place.waiter(share, now) for place, share in zip(self._places, shares, strict=True)])

    def _memory(self) -> line.Memory:
        return self._books.memory(place.order.model.name for place in self._places)

    def _look_ahead(self) -> None:
        """Tell everybody what to expect; who waits for memory does so for a limited time."""
        if not self._places:
            return
        expected = line.outlooks(self._in_order(), self._books.holdings(), self._memory())
        for place in self._places:
            place.expect(expected[place.number])
            if not place.outlook.for_memory:
                place.waits_no_more()
            elif place.deadline is None:
                loop = asyncio.get_running_loop()
                place.deadline = loop.call_later(self._longest, self._time_out, place)

    def _time_out(self, place: Place) -> None:
        if place not in self._places:
            return
        error = TimedOut(
            f'no memory for "{place.order.model.name}" became free within {self._longest:g} s; '
            f"{place.outlook.position - 1} requests stand before this one",
            "Other models are in use: tektra models ps. Unload one, or try again later.",
            retry_after=place.retry_after,
        )
        self._answer(place, error)
