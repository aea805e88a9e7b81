"""What a run may use: its time stands still while it waits for somebody."""

from __future__ import annotations

import asyncio

import pytest

from tektrad.agents.agent import Limits
from tektrad.agents.allowance import Allowance
from tektrad.clock import SystemClock
from tektrad.errors import LimitReached

pytestmark = pytest.mark.anyio


class Hands(SystemClock):
    """Moves when it is moved."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


async def test_waiting_for_somebody_takes_no_time_and_what_was_taken_before_counts() -> None:
    clock = Hands()
    allowance = Allowance(Limits(seconds=10), clock)
    clock.at = 3
    with allowance.waiting_for_somebody():
        clock.at = 5000
        assert allowance.seconds == 3
        with allowance.waiting_for_somebody():
            pass
        assert allowance.seconds == 3
    clock.at = 5001
    assert allowance.seconds == 4
    async with allowance.ticking():
        await asyncio.sleep(0)
    allowance.was(10)
    with pytest.raises(LimitReached, match="used its 10 seconds"):
        async with allowance.ticking():
            await asyncio.Event().wait()


async def test_what_waits_for_somebody_is_not_ended_though_the_time_would_be_over() -> None:
    clock = Hands()
    allowance = Allowance(Limits(seconds=10), clock)
    allowance.was(10)
    ended = asyncio.Event()

    async def asking() -> None:
        async with allowance.ticking():
            with allowance.waiting_for_somebody():
                for _ in range(100):
                    await asyncio.sleep(0)
                ended.set()
            await asyncio.Event().wait()

    with pytest.raises(LimitReached):
        await asking()
    assert ended.is_set()


async def test_another_s_timeout_is_not_taken_for_the_run_s() -> None:
    with pytest.raises(TimeoutError):
        async with Allowance(Limits(seconds=10), Hands()).ticking():
            raise TimeoutError
