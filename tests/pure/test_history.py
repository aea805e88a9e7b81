"""How busy it was: samples of what is counted, with the time passed in."""

from __future__ import annotations

import pytest

from tektrad.clock import later
from tektrad.history import STEP_S, Counts, History

BEGIN = "2026-11-22T12:00:00.000000Z"


def counts(at: float, written: int = 0, **fields: object) -> Counts:
    """What is counted after so many seconds."""
    usual: dict[str, object] = {"read": 0, "first_tokens": (), "memory_bytes": 100, "device_bytes": 0}
    usual |= {"cpu_s": {}, "running": 0, "waiting": 0}
    return Counts(time=later(BEGIN, at), at=at, written=written, **(usual | fields))  # type: ignore[arg-type]


def history_of(*looks: Counts) -> History:
    history = History()
    for look in looks:
        history.add(look)
    return history


def test_rates_are_what_was_counted_in_the_time_that_really_passed() -> None:
    (slow,) = history_of(counts(0, 100), counts(4, 180, read=40, cpu_s={1: 2.0})).samples("10m")
    assert (slow.tokens_per_s, slow.prompt_tokens_per_s, slow.cpu) == (20, 10, 0.5)
    assert slow.time == later(BEGIN, 4)


def test_a_first_look_alone_says_nothing() -> None:
    assert history_of(counts(0, 100)).samples("10m") == []


def test_ten_minutes_are_kept_closely_and_a_day_by_the_minute() -> None:
    history = history_of(*(counts(number * STEP_S, number) for number in range(50_000)))
    close, day = history.samples("10m"), history.samples("24h")
    assert (len(close), len(day)) == (300, 1440)
    assert {sample.tokens_per_s for sample in (*close, *day)} == {0.5}
    assert close[-1].time == later(BEGIN, 49_999 * STEP_S)
    assert day[1].time == later(day[0].time, 60)


def test_only_what_is_new_can_be_asked_for() -> None:
    history = history_of(*(counts(number * STEP_S) for number in range(9)))
    *_, before, _, _ = all_of = history.samples("10m")
    assert history.samples("10m", before.time) == all_of[-2:]
    assert history.samples("10m", all_of[-1].time) == []


def test_a_minute_has_the_median_of_all_first_tokens_and_the_most_of_what_was_held() -> None:
    looks = [
        counts(number * STEP_S, first_tokens=(float(number),), memory_bytes=number, running=number % 3, waiting=1)
        for number in range(31)
    ]
    (minute,) = history_of(*looks).samples("24h")
    assert minute.first_token_s == 15.5  # that of the first look was before
    assert (minute.memory_bytes, minute.running, minute.waiting) == (30, 2, 1)


def test_where_no_answer_began_nothing_is_said_of_first_tokens() -> None:
    (sample,) = history_of(counts(0, first_tokens=(1.0,)), counts(2)).samples("10m")
    assert sample.first_token_s is None


@pytest.mark.parametrize(
    ("before", "after", "cores"),
    [
        ({1: 10.0}, {1: 11.0}, 0.5),
        ({1: 10.0}, {1: 10.0, 2: 3.0}, 1.5),  # a new process
        ({1: 10.0, 2: 3.0}, {1: 12.0}, 1.0),  # one that ended
        ({1: 10.0, 2: 3.0}, {1: 10.0, 2: 1.0}, 0.5),  # another one of its number
    ],
)
def test_computing_is_added_up_over_processes_that_come_and_go(
    before: dict[int, float], after: dict[int, float], cores: float
) -> None:
    (sample,) = history_of(counts(0, cpu_s=before), counts(2, cpu_s=after)).samples("10m")
    assert sample.cpu == cores


def test_what_was_corrected_downwards_is_no_negative_speed() -> None:
    (sample,) = history_of(counts(0, 100), counts(2, 99)).samples("10m")
    assert sample.tokens_per_s == 0
