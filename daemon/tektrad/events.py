"""Events: what happens, told as it happens to whoever listens; the last few thousand are kept for who comes back.

An id names the daemon's life and a number in it, so that one of an earlier life is recognised. Who reads too slowly, or
asks for what is no longer kept, is told so first, by a `gap`. Who may see an event is decided where it is passed on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, Literal, get_args

import msgspec

from tektrad.clock import Clock
from tektrad.errors import InvalidRequest

Type = Literal[
    "gap",
    "alert",
    "entry",
    "ask.opened",
    "ask.answered",
    "ask.expired",
    "run.state",
    "model.state",
    "daemon.state",
]
Why = Literal["overflow", "restart", "unknown"]
"""Why events are missing: more came than are kept; the daemon was started anew; the id was never given."""
TYPES: tuple[Type, ...] = get_args(Type)
MOST_KEPT = 4096
MOST_DIGITS = 15
MOST_SHOWN = 40


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; `uid` is whose it is, None: everybody's."""

    id: str
    time: str
    type: Type
    uid: int | None
    data: Mapping[str, Any]


class Events:
    """All that is told; whoever has something to tell never waits for those who listen."""

    def __init__(self, clock: Clock, most: int = MOST_KEPT) -> None:
        self._clock = clock
        self._life = clock.new_id()
        self._kept: deque[Event] = deque(maxlen=most)
        self._last = 0
        self._news = asyncio.Event()
        self.closed = False
        """Whether no more will be told."""

    def publish(self, type: Type, data: Mapping[str, Any], uid: int | None = None) -> None:
        """Tell something; what is told after the end nobody hears."""
        self._last += 1
        self._kept.append(Event(id=self._id(self._last), time=self._clock.now(), type=type, uid=uid, data=data))
        self._wake()

    def close(self) -> None:
        """Nothing more is told: everybody hears the rest, and then that this was all."""
        self.closed = True
        self._wake()

    def follow(self, after: str | None = None) -> Follower:
        """A place behind the event of that id, or behind all there were; raises InvalidRequest for what is no id."""
        if after is None:
            return Follower(self, self._last, None)
        life, _, digits = after.partition("-")
        if not life.isalnum() or not digits.isdecimal() or not digits.isascii() or len(digits) > MOST_DIGITS:
            hint = "It is the id of the last event you saw."
            raise InvalidRequest(f'"{after[:MOST_SHOWN]}" is no id of an event', hint, param="after")
        if life != self._life:
            return Follower(self, 0, "restart")
        return Follower(self, int(digits), None if int(digits) <= self._last else "unknown")

    def latest(self, types: Collection[Type], most: int) -> list[Event]:
        """The newest that are kept of these types, the newest first."""
        return list(islice((event for event in reversed(self._kept) if event.type in types), most))

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _id(self, number: int) -> str:
        return f"{self._life}-{number}"

    @property
    def _first(self) -> int:
        """The number of the first event that is kept, or of the next one."""
        return self._last - len(self._kept) + 1

    def _gap(self, why: Why, after: int) -> Event:
        """That the events behind a place, up to the first that is kept, are missing."""
        data = {"why": why} | ({} if why != "overflow" else {"after": self._id(after)})
        return Event(id=self._id(self._first - 1), time=self._clock.now(), type="gap", uid=None, data=data)

    def _behind(self, after: int, most: int) -> list[Event]:
        begin = after - self._first + 1
        return [self._kept[at] for at in range(begin, min(begin + most, len(self._kept)))]


class Follower:
    """One reader's place among the events; it holds no events itself, so that a slow one costs nothing."""

    def __init__(self, events: Events, after: int, missing: Why | None) -> None:
        self._events = events
        self._after = after
        self._missing = missing

    @property
    def place(self) -> str:
        """The id to come back with."""
        return self._events._id(self._after)

    async def more(self, most: int) -> list[Event]:
        """The next events, at most so many, once there is one; none when no more will come."""
        while not (found := self._next(most)) and not self._events.closed:
            await self._events._news.wait()
        return found

    def _next(self, most: int) -> list[Event]:
        events = self._events
        first = events._first
        why: Why | None = self._missing or ("overflow" if self._after < first - 1 else None)
        gap = [] if why is None else [events._gap(why, self._after)]
        if gap:
            self._after, self._missing = first - 1, None
        found = events._behind(self._after, most - len(gap))
        self._after += len(found)
        return gap + found
