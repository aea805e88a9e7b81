"""A breaker opens after failures close together, and only for a while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tektrad.breaker import Breaker


def test_it_opens_at_the_third_failure_within_a_minute_and_closes_again() -> None:
    breaker = Breaker()
    for now in (0.0, 10.0):
        breaker.failed(now)
        assert breaker.wait(now) == 0
    breaker.failed(20.0)
    assert breaker.wait(20.0) == 30
    assert breaker.wait(49.0) == 1
    assert breaker.wait(50.0) == 0


def test_failures_far_apart_do_not_open_it() -> None:
    breaker = Breaker()
    for number in range(20):
        breaker.failed(31.0 * number)
        assert breaker.wait(31.0 * number) == 0


def test_another_failure_after_the_rest_opens_it_at_once() -> None:
    breaker = Breaker()
    for now in (0.0, 1.0, 2.0):
        breaker.failed(now)
    assert breaker.wait(33.0) == 0
    breaker.failed(33.0)
    assert breaker.wait(33.0) == 30


@given(st.lists(st.floats(0, 1000), max_size=20).map(sorted), st.floats(0, 2000))
def test_nobody_waits_longer_than_the_rest(times: list[float], now: float) -> None:
    breaker = Breaker()
    for time in times:
        breaker.failed(time)
    if not times or now >= times[-1]:
        assert 0 <= breaker.wait(now) <= breaker.rest_s
