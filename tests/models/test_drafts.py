"""Drafted tokens change how fast an answer comes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import llama_cpp.llama_cpp as llama
import pytest

from tektra_models.engine import Engine
from tektra_models.generation import Prompt, Sampling
from tektra_models.starter import MODEL_PATH
from tests.models.test_llamacpp import Recorder, opened, tiny, with_

__all__ = ["tiny"]  # fixture
GREEDY = Sampling(temperature=0.0, max_tokens=120, ignore_end=True)
ROUND = Prompt(text="one two three four five six seven " * 12)
PLAIN = Prompt(text="What is the weather like in Berlin today?")
PROMPTS = [ROUND, PLAIN, Prompt(text="a b a b a b a b"), Prompt(tokens=[5, 6, 7, 8] * 20)]


def still(engine: Engine) -> Engine:
    """The engine with a clock that stands still: whether drafts pay must not depend on this machine."""
    engine._now = lambda: 0.0
    return engine


@pytest.fixture(scope="module", params=["random weights", "built-in"])
def engines(request: pytest.FixtureRequest, tiny: Path) -> Iterator[tuple[Engine, Engine]]:
    """The same model without drafts and with them."""
    path = tiny if request.param == "random weights" else MODEL_PATH
    without, drafting = (still(opened(path, drafts=drafts)) for drafts in (0, 15))
    yield without, drafting
    without.backend.close()
    drafting.backend.close()


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: str(prompt.text or prompt.tokens)[:12])
def test_greedy_answers_are_the_same(engines: tuple[Engine, Engine], prompt: Prompt) -> None:
    without, drafting = (Recorder(engine, [prompt], GREEDY) for engine in engines)
    assert drafting.tokens == without.tokens
    assert drafting.ends[0].usage == without.ends[0].usage
    assert drafting.steps <= without.steps


def test_a_text_that_repeats_itself_takes_far_fewer_steps(engines: tuple[Engine, Engine]) -> None:
    bias = tuple((token, 30.0) for token in set(engines[0].tokens(Prompt(text=" one two"))[-2:]))
    sampling = with_(GREEDY, logit_bias=bias)
    without, drafting = (Recorder(engine, [ROUND], sampling) for engine in engines)
    assert drafting.tokens == without.tokens
    assert drafting.steps < without.steps / 3


@pytest.mark.parametrize("seed", range(4))
def test_the_same_seed_draws_the_same_tokens(engines: tuple[Engine, Engine], seed: int) -> None:
    wild = with_(GREEDY, temperature=0.8, seed=seed, repeat_penalty=1.1)
    without, drafting = (Recorder(engine, [ROUND], wild) for engine in engines)
    assert drafting.tokens == without.tokens


@pytest.mark.parametrize("most", [1, 2, 3, 7, 20])
def test_max_tokens_holds(engines: tuple[Engine, Engine], most: int) -> None:
    without, drafting = (Recorder(engine, [ROUND], with_(GREEDY, max_tokens=most)) for engine in engines)
    assert drafting.tokens == without.tokens
    assert drafting.ends[0].usage.completion_tokens == most


def test_stop_strings_and_ends_hold_in_the_middle_of_a_draft(engines: tuple[Engine, Engine]) -> None:
    for ending in (with_(GREEDY, ignore_end=False), with_(GREEDY, stop=("fi",)), with_(GREEDY, stop=("e", "o"))):
        without, drafting = (Recorder(engine, [ROUND], ending) for engine in engines)
        assert drafting.text == without.text
        assert drafting.ends[0].reason == without.ends[0].reason


def test_wrong_drafts_leave_no_cells_behind(engines: tuple[Engine, Engine]) -> None:
    for engine in engines:
        Recorder(engine, [ROUND, PLAIN], with_(GREEDY, temperature=1.5, seed=3))
        for holder in engine._cells.keepable(1):
            last = llama.llama_memory_seq_pos_max(engine.backend._memory, holder)  # type: ignore[attr-defined]
            assert last + 1 == len(engine._cells.tokens(holder))
    again = [Recorder(engine, [ROUND], GREEDY, kept=True).tokens for engine in engines]
    assert again[0] == again[1]


def test_several_at_once_and_preempted_ones_say_the_same() -> None:
    tight = [still(opened(MODEL_PATH, context=256, drafts=drafts)) for drafts in (0, 15)]
    prompts = [Prompt(text=f"{word} one two three four five six " * 6) for word in ("red", "green", "blue")]
    each = [Recorder(engine, prompts, with_(GREEDY, max_tokens=60)).tokens for engine in tight]
    for engine in tight:
        engine.backend.close()
    assert each[0] == each[1]
