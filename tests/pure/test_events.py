"""Events by themselves: ids, who comes back, who is too slow, and the end."""

from __future__ import annotations

import asyncio
import itertools
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.clock import SystemClock
from tektrad.errors import InvalidRequest
from tektrad.events import Events, Follower


def numbered(events: Events, count: int) -> None:
    for number in range(count):
        events.publish("daemon.state", {"number": number})


def at_once(follower: Follower, most: int = 64) -> list[object]:
    """What there is already: the numbers, and why something is missing."""
    return [event.data.get("number", event.data.get("why")) for event in asyncio.run(follower.more(most))]


def test_who_comes_back_goes_on_behind_the_last_event_that_was_seen() -> None:
    events = Events(SystemClock())
    follower = events.follow()
    numbered(events, 3)
    assert at_once(follower, 2) == [0, 1]
    assert at_once(events.follow(follower.place)) == [2]
    assert at_once(follower) == [2]


def test_who_is_too_slow_hears_of_the_gap_first_and_then_all_that_is_kept() -> None:
    events = Events(SystemClock(), most=4)
    slow = events.follow()
    numbered(events, 5)
    assert at_once(events.follow(slow.place)) == ["overflow", 1, 2, 3, 4]
    assert at_once(slow, 3) == ["overflow", 1, 2]
    numbered(events, 1)
    assert at_once(slow) == [3, 4, 0]
    numbered(events, 9)
    assert at_once(slow, 1) == ["overflow"]
    assert at_once(slow) == [5, 6, 7, 8]


def test_the_id_of_a_gap_is_one_to_come_back_with() -> None:
    events = Events(SystemClock(), most=4)
    numbered(events, 9)
    follower = events.follow("aaaaaaaaaaaa-3")
    (gap,) = asyncio.run(follower.more(1))
    assert gap.id == follower.place
    assert at_once(events.follow(gap.id)) == [5, 6, 7, 8]


def test_an_id_of_an_earlier_daemon_and_one_that_was_never_given_are_gaps() -> None:
    earlier, events = Events(SystemClock()), Events(SystemClock())
    numbered(earlier, 5)
    numbered(events, 2)
    assert at_once(events.follow(earlier.follow().place)) == ["restart", 0, 1]
    life = events.follow().place.split("-")[0]
    assert at_once(events.follow(f"{life}-3")) == ["unknown", 0, 1]


@pytest.mark.parametrize(
    "said", ["", "-", "abc", "abc-", "-1", "a b-1", "abc--1", "abc-٣", "abc-1x", "abc-" + "9" * 16]
)
def test_what_is_no_id_is_refused(said: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        Events(SystemClock()).follow(said)
    assert refusal.value.param == "after"


async def test_who_waits_hears_of_the_next_event_and_of_the_end() -> None:
    events = Events(SystemClock())
    follower = events.follow()
    waiting = asyncio.create_task(follower.more(64))
    await asyncio.sleep(0)
    numbered(events, 1)
    assert len(await waiting) == 1
    waiting = asyncio.create_task(follower.more(64))
    await asyncio.sleep(0)
    events.close()
    assert await waiting == []


async def test_what_was_told_before_the_end_is_heard_before_it() -> None:
    events = Events(SystemClock())
    follower = events.follow()
    numbered(events, 3)
    events.close()
    assert [len(await follower.more(2)) for _ in range(3)] == [2, 1, 0]


@given(
    most=st.integers(1, 8),
    steps=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12), st.booleans()), max_size=20),
)
def test_a_reader_misses_nothing_without_being_told(most: int, steps: list[tuple[int, int, bool]]) -> None:
    events, count = Events(SystemClock(), most=most), itertools.count()
    follower = events.follow()
    heard: list[object] = []
    for told, taken, again in [*steps, (1, 12, False)]:
        for _ in range(told):
            events.publish("daemon.state", {"number": next(count)})
        if again:
            follower = events.follow(follower.place)
        if follower.place != events.follow().place:
            heard += at_once(follower, taken)
    assert heard[-1] == next(count) - 1
    for before, said in pairwise([-1, *heard]):
        assert said == "overflow" or before == "overflow" or (isinstance(before, int) and said == before + 1)
