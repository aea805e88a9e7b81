"""What is unusual: more than a bound in ten minutes, or failing again and again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.trust import rates
from tektrad.trust.rates import BOUNDS, FAILURES, IN_A_ROW, WINDOW_S, Count, Rates

STEP_S = WINDOW_S / rates.STEPS
ANNA, BEN = 1001, 1002
SHOWN = BOUNDS["secret.show"].most
times = st.lists(st.floats(0, 5000), max_size=200).map(sorted)


def shows(counted: Rates, when: Iterable[float], uid: int = ANNA) -> list[float]:
    """When an alarm would be sounded."""
    return [now for now in when for _ in counted.done("secret.show", uid, now)]


def fails(counted: Rates, when: Iterable[float], kind: str = "model.load") -> list[float]:
    return [now for now in when for _ in counted.failed(kind, ANNA, now)]


def every(seconds: float, count: int, begin: float = 0.0) -> list[float]:
    return [begin + seconds * number for number in range(count)]


@pytest.mark.parametrize("kind", BOUNDS)
def test_up_to_its_bound_nothing_is_unusual_and_beyond_it_one_alarm_says_so(kind: str) -> None:
    counted, most = Rates(), BOUNDS[kind].most
    found = [finding for _ in range(most + 50) for finding in counted.done(kind, ANNA, 1.0)]
    assert [(finding.kind, finding.details["count"], finding.details["most"]) for finding in found] == [
        ("unusual_rate", most + 1, most)
    ]


def test_the_same_spread_over_a_longer_time_is_ordinary() -> None:
    assert shows(Rates(), every(WINDOW_S / SHOWN + 0.1, 20 * SHOWN)) == []


def test_what_goes_on_is_said_again_after_a_window_and_not_before() -> None:
    (first, second, third) = shows(Rates(), every(1.0, 3 * int(WINDOW_S) - 1))
    assert (second - first, third - second) == (WINDOW_S, WINDOW_S)


def test_each_user_is_counted_for_himself() -> None:
    counted = Rates()
    both = [shows(counted, [0.0] * SHOWN, uid) for uid in (ANNA, BEN)]
    assert both == [[], []]
    assert shows(counted, [1.0], BEN) == [1.0]


def test_kinds_of_one_bound_count_together_and_others_not_at_all() -> None:
    counted, most = Rates(), BOUNDS["permission.grant"].most
    for _ in range(most):
        assert list(counted.done("permission.grant", ANNA, 0.0)) == []
    (finding,) = counted.done("permission.revoke", ANNA, 0.0)
    assert finding.what == "grants changed"
    assert [list(counted.done("user.add", ANNA, 0.0)) for _ in range(10_000)] == [[]] * 10_000


def test_failing_in_a_row_is_said_at_the_tenth_time_and_a_success_begins_anew() -> None:
    counted = Rates()
    assert fails(counted, every(1.0, IN_A_ROW - 1)) == []
    counted.worked("model.load", ANNA)
    assert fails(counted, every(1.0, IN_A_ROW, 20.0)) == [20.0 + IN_A_ROW - 1]


def test_credentials_may_fail_less_often() -> None:
    assert fails(Rates(), every(1.0, 9), "secret.unlock") == [4.0]


def test_failures_that_lie_further_apart_than_a_window_are_no_row() -> None:
    assert fails(Rates(), every(WINDOW_S + 1, 100)) == []


def test_failing_often_with_successes_in_between_is_said_too() -> None:
    counted = Rates()
    heard = []
    for now in every(1.0, FAILURES.most + 1):
        heard += fails(counted, [now])
        counted.worked("model.load", ANNA)
    assert heard == [float(FAILURES.most)]


def test_memory_is_bounded_whoever_comes() -> None:
    counted = Rates()
    for uid in range(5000):
        shows(counted, [0.0] * 3, uid)
    assert len(counted._counts) == rates.MOST_REMEMBERED
    assert shows(counted, [0.0] * SHOWN, 4999) == [0.0], "who came last is still known"


@given(times)
def test_a_count_is_never_more_than_there_were_and_lacks_at_most_one_step(when: list[float]) -> None:
    count = Count()
    for number, now in enumerate(when):
        counted = count.add(now)
        so_far = when[: number + 1]
        assert counted <= sum(each > now - WINDOW_S for each in so_far)
        assert counted >= sum(each > now - WINDOW_S + STEP_S for each in so_far)
        assert len(count.steps) <= rates.STEPS


@given(times, st.sampled_from(["ok", "failed"]))
def test_nobody_is_told_of_the_same_twice_within_a_window(when: list[float], outcome: str) -> None:
    counted = Rates()
    heard = shows(counted, when) if outcome == "ok" else fails(counted, when)
    assert all(later - earlier >= WINDOW_S for earlier, later in pairwise(heard))
