"""How many tokens are computed at once, and attention in one pass or not: the same answers, in steps of any size."""

from __future__ import annotations

import pytest

from tektra_models.errors import BadRequest
from tektra_models.generation import Prompt, Sampling
from tektra_models.starter import MODEL_PATH
from tests.models.test_llamacpp import Recorder, opened

LONG = Prompt(messages=[{"role": "user", "content": "Tell me how to pull a model, please. " * 40}])
PROMPTS = [Prompt(messages=[{"role": "user", "content": "What can you do?"}]), LONG, LONG]
GREEDY = Sampling(temperature=0.0, max_tokens=24)


def answers(**how: int | str) -> list[list[int]]:
    engine = opened(MODEL_PATH, **how)
    recorded = Recorder(engine, PROMPTS, GREEDY)
    engine.backend.close()
    return recorded.tokens


@pytest.mark.parametrize(
    "how",
    [
        {"micro_batch": 32}, {"micro_batch": 64, "batch": 256}, {"micro_batch": 4096}, {"flash_attention": "on"},
        {"flash_attention": "off"}, {"flash_attention": "off", "micro_batch": 64}, {"kv_type": "f16", "slots": 200},
    ],
)  # fmt: skip
def test_greedy_answers_are_the_same(how: dict[str, int | str]) -> None:
    assert answers(**how) == answers()


def test_cells_in_fewer_bits_without_flash_attention_are_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="flash attention"):
        opened(MODEL_PATH, kv_type="q8_0", flash_attention="off")


def test_unasked_attention_is_computed_in_two_passes_here_and_in_one_with_cells_in_fewer_bits() -> None:
    layouts = []
    for how in ({}, {"flash_attention": "off"}, {"flash_attention": "on"}, {"kv_type": "q8_0"}):
        engine = opened(MODEL_PATH, **how)
        layouts.append(engine.backend.layout)
        engine.backend.close()
    assert layouts == ["f16 in two passes", "f16 in two passes", "f16", "q8_0"]
