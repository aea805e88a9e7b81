"""Drafts from what came before: long where much is alike, none where they do not pay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_models.lookup import ALIKE, LENGTHS, Lookup, expected

TOKENS = st.lists(st.integers(0, 5), max_size=80)
TEXT = list(range(40))


def free(count: int) -> float:
    return 0.0


def dear(count: int) -> float:
    return 1.3 + 0.35 * count


def test_what_followed_the_same_tokens_before_is_drafted() -> None:
    assert Lookup(15).draft([*TEXT, 1, 2, 3], 20, free) == TEXT[4:19]


def test_the_latest_place_counts() -> None:
    assert Lookup(15).draft([1, 2, 3, 4, 1, 2, 3, 5, 0, 1, 2, 3], 10, free)[0] == 5


def test_a_text_that_goes_round_is_drafted_round_and_round() -> None:
    assert Lookup(15).draft([7, 8, 7, 8, 7, 8], 9, free) == [7, 8, 7, 8, 7, 8, 7]


def test_nothing_alike_is_nothing_drafted() -> None:
    for tokens in ([1, 2, 3, 4, 5], [], [1, 2, 3]):
        assert Lookup(15).draft(tokens, 10, free) == []


def test_the_dearer_tokens_are_the_more_has_to_be_alike() -> None:
    assert Lookup(15).draft([*TEXT, *TEXT[:4]], 20, dear) == []
    assert Lookup(15).draft([*TEXT, *TEXT[:20]], 20, dear) == TEXT[20:35]


def test_many_writers_share_what_a_draft_costs_and_not_what_it_gives() -> None:
    tokens = [*TEXT, *TEXT[:12]]
    assert Lookup(15).draft(tokens, 20, lambda count: 0.3 * count, writers=1)
    assert not Lookup(15).draft(tokens, 20, lambda count: 0.3 * count, writers=4)


@given(tokens=TOKENS, most=st.integers(0, 15), room=st.integers(-3, 20))
def test_no_draft_is_longer_than_allowed_and_each_repeats_the_text(tokens: list[int], most: int, room: int) -> None:
    draft = Lookup(most).draft(tokens, room, free)
    assert len(draft) in (0, *LENGTHS)
    assert len(draft) <= max(0, min(most, room))
    whole = tokens + draft
    for place in range(len(tokens), len(whole)):
        end = whole[place - ALIKE : place + 1]
        assert any(whole[at : at + ALIKE + 1] == end for at in range(place - ALIKE))


@given(st.lists(TOKENS, max_size=8))
def test_growing_texts_are_drafted_as_whole_ones(parts: list[list[int]]) -> None:
    growing, tokens = Lookup(15), []
    for part in parts:
        tokens = tokens + part
        assert growing.draft(tokens, 9, free) == Lookup(15).draft(tokens, 9, free)


@pytest.mark.parametrize("cost", [0.1, 0.4, 0.9])
def test_drafts_that_are_wrong_cease_and_come_back_after_many_tokens(cost: float) -> None:
    tokens, lookup, drafted = [*TEXT, *TEXT[:30]], Lookup(15), 0
    while draft := lookup.draft(tokens, 20, lambda count: cost * count):
        lookup.judged(0)
        drafted += len(draft)
    assert drafted <= 60
    waited = 0
    while not lookup.draft(tokens, 20, lambda count: cost * count) and waited < 1000:
        waited += 1
    assert waited > 10 or drafted == 0


def test_drafts_that_are_right_are_trusted() -> None:
    lookup, lengths = Lookup(15), []
    for _ in range(5):
        lengths.append(len(lookup.draft([*TEXT, *TEXT[:20]], 20, dear)))
        lookup.judged(lengths[-1])
    assert lengths == [15] * 5


@given(chance=st.floats(0, 1), length=st.integers(1, 15))
def test_no_more_are_expected_than_drafted(chance: float, length: int) -> None:
    assert 0 <= expected(chance, length) <= length
