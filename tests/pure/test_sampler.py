"""The choice of a token by its logits: each filter alone, their order, and seeds that reproduce."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from tektra_models.errors import BadRequest
from tektra_models.generation import Sampling
from tektra_models.sampler import LogitSampler, likeliest, log_softmax

OPEN = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, seed=1)


def logits(*chances: float) -> NDArray[np.float32]:
    return np.log(np.array(chances, dtype=np.float32))


def drawn(sampling: Sampling, *chances: float, times: int = 400) -> Counter[int]:
    """How often each token was drawn."""
    sampler = LogitSampler(sampling, len(chances))
    return Counter(sampler.draw(logits(*chances)) for _ in range(times))


def changed(**how: object) -> Sampling:
    return Sampling(**{field: getattr(OPEN, field) for field in OPEN.__struct_fields__} | how)  # type: ignore[arg-type]


def test_without_filters_tokens_come_as_often_as_they_are_likely() -> None:
    seen = drawn(OPEN, 0.5, 0.3, 0.15, 0.05, times=4000)
    assert [round(seen[token] / 4000, 1) for token in range(4)] == pytest.approx([0.5, 0.3, 0.1, 0.1], abs=0.11)
    assert set(seen) == {0, 1, 2, 3}


def test_no_temperature_takes_the_best_and_next_to_none_too() -> None:
    assert set(drawn(changed(temperature=0.0), 0.2, 0.5, 0.3)) == {1}
    assert set(drawn(changed(temperature=1e-300), 0.2, 0.5, 0.3)) == {1}


@pytest.mark.parametrize(
    ("how", "left"),
    [
        ({"top_k": 2}, {1, 2}),
        ({"top_k": 100}, {0, 1, 2, 3}),
        ({"top_p": 0.5}, {1, 2}),
        ({"top_p": 0.0}, {1}),
        ({"min_p": 0.5}, {1, 2}),
        ({"min_p": 1.0}, {1}),
        ({"top_k": 3, "top_p": 0.9, "min_p": 0.1}, {0, 1, 2}),
        ({"logit_bias": ((3, 100.0),)}, {3}),
        ({"logit_bias": ((1, -100.0), (2, -100.0))}, {0, 3}),
    ],
)
def test_each_filter_leaves_the_likeliest(how: dict[str, object], left: set[int]) -> None:
    assert set(drawn(changed(**how), 0.2, 0.4, 0.3, 0.1)) == left


def test_filters_look_at_chances_before_the_temperature() -> None:
    assert set(drawn(changed(temperature=50.0, top_p=0.6), 0.6, 0.3, 0.1)) == {0}


def test_penalties_concern_the_last_generated_tokens_only() -> None:
    greedy = changed(temperature=0.0, presence_penalty=2.0, penalty_window=1)
    sampler = LogitSampler(greedy, 3)
    assert [sampler.draw(logits(0.5, 0.3, 0.2)) for _ in range(4)] == [0, 1, 0, 1]
    for how, again in (({"repeat_penalty": 3.0}, 1), ({"frequency_penalty": 1.0}, 1), ({}, 0)):
        sampler = LogitSampler(changed(temperature=0.0, **how), 3)
        sampler.accept(0)
        assert sampler.draw(logits(0.5, 0.3, 0.2)) == again


def test_a_seed_reproduces_and_none_does_not() -> None:
    flat = [1 / 64] * 64
    one, other = (LogitSampler(changed(seed=7), 64) for _ in range(2))
    assert [one.draw(logits(*flat)) for _ in range(50)] == [other.draw(logits(*flat)) for _ in range(50)]
    one, other = (LogitSampler(changed(seed=None), 64) for _ in range(2))
    assert [one.draw(logits(*flat)) for _ in range(50)] != [other.draw(logits(*flat)) for _ in range(50)]


def test_tokens_that_a_mask_forbids_are_never_drawn() -> None:
    masked = np.array([-np.inf, 0.0, -np.inf], dtype=np.float32)
    sampler = LogitSampler(OPEN, 3)
    assert {sampler.draw(masked.copy()) for _ in range(100)} == {1}


def test_a_bias_for_no_token_is_refused() -> None:
    with pytest.raises(BadRequest, match="vocabulary of 3"):
        LogitSampler(changed(logit_bias=((3, 1.0),)), 3)


def test_log_probabilities_and_the_likeliest() -> None:
    chances = log_softmax(logits(0.2, 0.5, 0.3))
    assert np.exp(chances) == pytest.approx([0.2, 0.5, 0.3])
    assert [token for token, _ in likeliest(chances, 2)] == [1, 2]
    assert [token for token, _ in likeliest(chances, 20)] == [1, 2, 0]
    assert likeliest(chances, 0) == []
