"""The pace: what it foretells comes true on a machine that keeps its speed, and it follows one that does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tektra_models.batcher import TILE
from tektra_models.pace import DRAFT_COST, UNKNOWN, Pace


def after(pace: Pace, write_s: float, read_s: float, steps: int = 40) -> list[float]:
    """Let it choose for some steps beside running answers; gives how long each took."""
    took: list[float] = []
    for step in range(steps):
        read = pace.chunk if step % 2 else 0
        took.append(write_s + read * read_s)
        pace.took(took[-1], read=read, written=4)
    return took


@given(write_s=st.floats(0.001, 0.1), read_s=st.floats(1e-5, 0.008), gap_s=st.floats(0.4, 2.0))
def test_no_step_takes_longer_than_the_gap_once_the_cost_is_known(write_s: float, read_s: float, gap_s: float) -> None:
    took = after(Pace(gap_s), write_s, read_s)
    assert max(took[4:]) <= gap_s * 1.001
    assert max(took[4:]) > gap_s - read_s - 0.001, "and it reads as much as there is time for"


def test_before_anything_is_known_it_reads_a_little() -> None:
    assert Pace(0.4).chunk == UNKNOWN


def test_it_follows_a_machine_that_becomes_slower_and_faster() -> None:
    pace = Pace(0.4)
    after(pace, write_s=0.04, read_s=0.001)
    fast = pace.chunk
    after(pace, write_s=0.04, read_s=0.004)
    assert pace.chunk < fast / 3
    after(pace, write_s=0.04, read_s=0.001)
    assert abs(pace.chunk - fast) <= 0.1 * fast


def test_the_short_rest_of_a_prompt_teaches_nothing() -> None:
    pace = Pace(0.4)
    after(pace, write_s=0.04, read_s=0.001)
    before = pace.chunk
    pace.took(0.3, read=1, written=4)
    assert pace.chunk == before


def test_reading_alone_teaches_what_reading_costs() -> None:
    pace = Pace(0.4)
    pace.took(1.0, read=500, written=0)
    assert pace.chunk == 200


def drafting(pace: Pace, writers: int, write_s: float, costs: dict[int, float], steps: int = 30) -> None:
    """Steps without drafts and with each kind of them in turn."""
    for _ in range(steps):
        pace.took(write_s, read=0, written=writers)
        for count, cost in costs.items():
            pace.took(write_s * (1 + cost), read=0, written=writers, drafted=count)


@given(st.sampled_from([3, 7, 15]), st.floats(0.1, 12), st.floats(0.005, 0.5))
def test_what_drafts_cost_is_learned(count: int, cost: float, write_s: float) -> None:
    pace = Pace(0.4)
    assert pace.draft_cost(count, writers=1) == DRAFT_COST * count
    drafting(pace, 1, write_s, {count: cost})
    assert abs(pace.draft_cost(count, writers=1) - cost) < 0.25 * (1 + cost)


def test_what_drafts_cost_beside_others_says_nothing_of_one_answer_alone() -> None:
    pace = Pace(0.4)
    drafting(pace, 4, 0.06, {15: 4.0})
    assert abs(pace.draft_cost(15, writers=4) - 4.0) < 0.5
    assert pace.draft_cost(15, writers=1) == DRAFT_COST * 15


def test_a_slow_machine_makes_no_kind_of_drafts_look_dear_beside_another() -> None:
    pace = Pace(0.4)
    drafting(pace, 1, 0.02, {3: 1.2, 7: 2.8, 15: 6.0})
    for _ in range(20):
        pace.took(0.04 * 7.0, read=0, written=1, drafted=15)
    assert pace.draft_cost(15, writers=1) < 1.5 * 6.0 < 13.0


def test_a_draft_that_was_dear_once_is_tried_again() -> None:
    pace = Pace(0.4)
    pace.took(0.02, read=0, written=1)
    pace.took(2.0, read=0, written=1, drafted=3)
    assert pace.draft_cost(3, writers=1) > 40
    for _ in range(1000):
        pace.took(0.02, read=0, written=1)
    assert pace.draft_cost(3, writers=1) < 1.1 * DRAFT_COST * 3


def beside(pace: Pace, token_s: float, attention_s: float = 0.0, steps: int = 20) -> list[int]:
    """Read beside four answers in steps of as many tokens as it wants, whose attention is dear in half tiles."""
    tiles: list[int] = []
    for _ in range(steps):
        tiles.append(pace.tile)
        seconds = tiles[-1] * (token_s + attention_s * (2 if tiles[-1] < TILE else 1))
        pace.took(seconds, read=tiles[-1] - 4, written=4)
    return tiles


def test_whole_tiles_are_read_until_they_take_far_too_long() -> None:
    assert set(beside(Pace(0.4), token_s=0.015)) == {TILE}
    assert beside(Pace(0.4), token_s=0.1)[2:] == [TILE // 2] * 18


def test_half_a_tile_is_given_up_where_it_spares_no_time() -> None:
    assert beside(Pace(0.4), token_s=0.01, attention_s=0.02)[2:] == [TILE] * 18


def test_one_slow_moment_is_soon_forgotten() -> None:
    pace = Pace(0.4)
    beside(pace, token_s=0.1, steps=1)
    assert beside(pace, token_s=0.01)[1:] == [TILE] * 19
