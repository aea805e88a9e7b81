"""Drafts from what came before: long where much is alike, none where they do not pay."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_models.lookup import ALIKE, LENGTHS, Lookup

TOKENS = st.lists(st.integers(0, 5), max_size=80)
TEXT = list(range(40))


def free(count: int) -> float:
    return 0.0


def dear(count: int) -> float:
    return 1.3 + 0.65 * count


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
    assert not draft or any(whole[at : at + len(draft)] == draft for at in range(len(tokens)))


@given(st.lists(TOKENS, max_size=8))
def test_growing_texts_are_drafted_as_whole_ones(parts: list[list[int]]) -> None:
    growing, tokens = Lookup(15), []
    for part in parts:
        tokens = tokens + part
        assert growing.draft(tokens, 9, free) == Lookup(15).draft(tokens, 9, free)


def speed(known: list[int], answer: list[int], cost: float) -> float:
    """How many times as fast an answer is written behind a known text, where a token more costs so much of a step."""
    lookup, tokens, took, written = Lookup(15), [*known, 9999, *answer[:ALIKE]], 0.0, ALIKE
    while written < len(answer):
        draft = lookup.draft(tokens, 1000, lambda count: cost * count)
        right = next((at for at, token in enumerate(draft) if answer[written : written + at + 1][-1:] != [token]), None)
        took += 1 + cost * len(draft)
        said = answer[written : written + (len(draft) if right is None else right) + 1]
        tokens, written = tokens + said, written + len(said)
    return (len(answer) - ALIKE) / took


def edited(text: list[int], gap: int, instead: int, left_out: int) -> list[int]:
    """A text in which so many other tokens stand after every `gap`, in the place of as many as are left out."""
    parts = [text[begin : begin + gap] for begin in range(0, len(text), gap)]
    return [token for number, part in enumerate(parts) for token in [*part[left_out:], *([5000 + number] * instead)]]


@pytest.mark.parametrize(("instead", "left_out"), [(1, 1), (1, 0), (0, 1), (3, 2)])
def test_an_edited_text_is_followed_past_its_edits(instead: int, left_out: int) -> None:
    text = list(range(600))
    assert speed(text, edited(text, 40, instead, left_out), cost=0.3) > 1.5


@pytest.mark.parametrize("cost", [0.05, 0.1, 0.4, 0.9])
def test_what_is_alike_by_chance_costs_little(cost: float) -> None:
    chance = random.Random(7)
    phrases = [[chance.randrange(60) for _ in range(5)] for _ in range(40)]
    known, answer = ([token for _ in range(120) for token in chance.choice(phrases)] for _ in range(2))
    assert speed(known, answer, cost) > 0.95


@pytest.mark.parametrize("cost", [0.1, 0.3, 0.9])
def test_a_source_that_is_wrong_is_given_up_soon(cost: float) -> None:
    text = list(range(100))
    answer = [*text[:50], *range(6000, 6200)]
    alone = speed(text, text[:50], cost)
    assert speed(text, answer, cost) > 0.9 * len(answer) / (200 + 50 / alone)
