"""A guest to spare: there is one after the first run, whoever comes takes it, and nobody keeps it for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tektrad.agents.guest import Guest, guest
from tektrad.agents.knocks import EndKnock, ModelKnock, Task
from tektrad.agents.spare import Guests
from tektrad.clock import SystemClock
from tektrad.errors import GuestFailed
from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.sandbox import Sandbox
from tests.guests import needs_guests

pytestmark = [pytest.mark.anyio, needs_guests]
TASK = Task(kind="tools", task="Say five.", instructions="", tools=[], steps=2)


class Patience(SystemClock):
    """Sleeps until it is told that the time is over."""

    def __init__(self) -> None:
        self.asleep, self.over = asyncio.Event(), asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await self.over.wait()


@pytest.fixture
async def clock() -> Patience:
    return Patience()


@pytest.fixture
async def guests(tmp_path: Path, clock: Patience) -> AsyncIterator[Guests]:
    found = Guests(Sandbox(tmp_path, []), clock)
    async with found.kept():
        yield found
    assert not found.has_spare


async def answered(mind: Guest) -> Any:
    await mind.begin(TASK)
    while not isinstance(knock := await mind.knock(), EndKnock):
        final = {"id": "call_1", "name": "final_answer", "arguments": {"answer": "five"}}
        said = {"content": "", "calls": [final], "prompt_tokens": 1, "completion_tokens": 1}
        await mind.answer(knock, said if isinstance(knock, ModelKnock) else None)
    return knock.answer


async def test_the_second_run_takes_the_guest_that_was_made_ready_behind_the_first(
    guests: Guests, clock: Patience
) -> None:
    assert not guests.has_spare
    async with guests.entered() as first:
        assert await answered(first) == "five"
        assert not guests.has_spare
    await clock.asleep.wait()
    assert guests.has_spare
    async with guests.entered() as second:
        assert not guests.has_spare
        assert second is not first
        async with guests.entered() as third:  # two at once: nobody gets the other's
            assert await answered(third) == "five"
        assert await answered(second) == "five"


async def test_a_guest_that_nobody_takes_is_given_up(guests: Guests, clock: Patience) -> None:
    async with guests.entered():
        pass
    await clock.asleep.wait()
    assert guests._spare is not None
    assert guests._keeping is not None
    spare = guests._spare.guest
    clock.over.set()
    await asyncio.wait([guests._keeping])
    assert spare.is_over
    assert not guests.has_spare
    async with guests.entered() as after:
        assert await answered(after) == "five"


async def test_a_spare_guest_that_died_is_not_let_in(guests: Guests, clock: Patience) -> None:
    async with guests.entered():
        pass
    await clock.asleep.wait()
    assert guests._spare is not None
    await guests._spare.guest.stop()
    async with guests.entered() as after:
        assert await answered(after) == "five"


async def test_a_guest_that_takes_too_much_memory_ends_with_the_bound(tmp_path: Path) -> None:
    async with guest(Sandbox(tmp_path, [], at_most="B"), Limits(memory_bytes=32 << 20)) as mind:
        with pytest.raises(GuestFailed, match="32 MiB of memory"):
            await answered(mind)
