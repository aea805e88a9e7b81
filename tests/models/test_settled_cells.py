"""What ended behind a long prompt moves down when the prompt is gone: bit for bit, and llama.cpp goes through less."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import pytest

from tektra_models.cells import FAR
from tektra_models.engine import Engine
from tektra_models.generation import Prompt, Sampling
from tektra_models.llamacpp_log import heard
from tektra_models.recall import WORTH_KEEPING
from tektra_models.spec import Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.worker import open_backend
from tests.models.test_llamacpp import with_

SAID = re.compile(rb"n =\s+(\d+), used =")
"""What llama.cpp says of its cells before each step: one more than the highest in use, and how many are."""
ENDLESS = Sampling(temperature=0.0, max_tokens=400, ignore_end=True)
Heights = Callable[[], int]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("LLAMA_KV_CACHE_DEBUG", "1")
    spec = Spec(name="m", path=str(MODEL_PATH), threads=1, context=2048)
    backend = open_backend(spec)
    yield Engine(backend, spec)
    backend.close()


@pytest.fixture
def height(engine: Engine) -> Iterator[Heights]:
    """How high the cells reached before the last step, by llama.cpp's own word."""
    heights: list[int] = []

    def hear(text: bytes) -> None:
        if found := SAID.search(text):
            heights.append(int(found[1]))

    with heard(hear):
        yield lambda: heights[-1]


def some(engine: Engine, count: int, seed: int) -> Prompt:
    rng = random.Random(seed)
    return Prompt(tokens=[rng.randrange(300, engine.backend.vocabulary) for _ in range(count)])


def run(engine: Engine, *requests: str) -> str:
    """Step until these have ended, or all; gives what was said."""
    said = ""
    left = {*requests} or {s.id for s in [*engine._running.values(), *engine._waiting.values()]}
    while left:
        for request, event in engine.step():
            said += getattr(event, "text", "")
            left -= {request} if hasattr(event, "reason") else set()
    return said


def behind_a_long_prompt(engine: Engine) -> int:
    """Let a conversation's cells lie behind a long prompt that goes then; gives the conversation's holder."""
    engine.add("long", some(engine, 1200, seed=1), with_(ENDLESS, max_tokens=60))
    while not any(sequence.writing for sequence in engine._running.values()):
        engine.step()
    engine.add("short", some(engine, 40, seed=2), with_(ENDLESS, max_tokens=20))
    run(engine, "long", "short")
    (long,) = engine._cells.keepable(WORTH_KEEPING)
    (short,) = {*engine._cells.keepable(1)} - {long}
    engine._cells.give_up(long)
    return short


def test_cells_move_down_bit_for_bit(engine: Engine, height: Heights) -> None:
    short = behind_a_long_prompt(engine)
    before = engine.backend.state(short)
    assert height() > 1200
    while engine._cells.settle():
        pass
    assert engine.backend.state(short) == before
    engine.add("next", some(engine, 8, seed=3), with_(ENDLESS, max_tokens=4))
    run(engine)
    assert height() < FAR


def test_a_running_answer_is_moved_between_its_steps(engine: Engine, height: Heights) -> None:
    engine.add("long", some(engine, 1200, seed=1), with_(ENDLESS, max_tokens=30))
    while not any(sequence.writing for sequence in engine._running.values()):
        engine.step()
    engine.add("short", some(engine, 40, seed=2), ENDLESS)
    run(engine, "long")
    (long,) = engine._cells.keepable(WORTH_KEEPING)
    (short,) = (sequence.holder for sequence in engine._running.values())
    engine.step()
    assert height() > 1200
    engine._cells.give_up(long)
    before = engine.backend.state(short)
    while engine._cells.settle():
        pass
    assert engine.backend.state(short) == before
    engine.step()
    assert height() < 2 * FAR
    run(engine)
    assert engine._cells._tree.length(short) == 40 + 400 - 1


def test_what_several_share_is_moved_once_and_stays_shared(engine: Engine, height: Heights) -> None:
    engine.add("long", some(engine, 1000, seed=1), with_(ENDLESS, max_tokens=1))
    run(engine)
    (long,) = engine._cells.keepable(WORTH_KEEPING)
    beginning = some(engine, 120, seed=2).tokens or []
    prompts = [Prompt(tokens=beginning + (some(engine, 30, seed).tokens or [])) for seed in (3, 4, 5)]

    def ask(prompt: Prompt) -> str:
        engine.add("again", prompt, with_(ENDLESS, max_tokens=8))
        return run(engine)

    answers = [ask(prompt) for prompt in prompts]
    held = engine._cells._tree.cells
    assert held == 1000 + 120 + 3 * (30 + 7)
    engine._cells.give_up(long)
    while engine._cells.settle():
        pass
    assert [ask(prompt) for prompt in prompts] == answers
    assert height() < FAR + 120
    assert engine._cells._tree.cells == held - 1000 + 3 * 8  # the last token of each prompt, and its answer


def test_nothing_moves_where_nothing_lies_high(engine: Engine) -> None:
    engine.add("one", some(engine, 300, seed=1), with_(ENDLESS, max_tokens=40))
    run(engine)
    assert not engine._cells.settle()
