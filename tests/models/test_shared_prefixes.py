"""Prompts that begin alike: computed once, kept while there is room, and never an answer changed by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tektra_models.errors import ModelError
from tektra_models.generation import Prompt, Sampling
from tests.models.test_engine import ALPHABET, GREEDY, Answers, Counting, Failing, Make, finish, make

__all__ = ["make"]  # the fixture

SYSTEM = "You are kind. " * 30


def computed(engine: Any) -> int:
    assert isinstance(engine.backend, Counting)
    return engine.backend.computed


def cached(answers: Answers) -> list[int]:
    return [answers.ends[request].usage.cached_tokens for request in sorted(answers.ends)]


def test_what_eight_prompts_begin_with_is_computed_once(make: Make) -> None:
    engine = make(batch=64)
    for number in range(8):
        engine.add(str(number), Prompt(text=f"{SYSTEM}{number}"), Sampling(max_tokens=3))
    answers = finish(engine)
    assert set(answers.text.values()) == {"abc"}
    assert cached(answers) == [0] + [len(SYSTEM)] * 7
    assert computed(engine) == len(SYSTEM) + 8 * (1 + 2)


def test_the_next_turn_of_a_conversation_computes_only_what_is_new(make: Make) -> None:
    engine = make("answer")
    engine.add("1", Prompt(text=SYSTEM + "question"), GREEDY)
    finish(engine)
    engine.add("2", Prompt(text=SYSTEM + "questionanswer, and then?"), GREEDY)
    assert cached(finish(engine)) == [len(SYSTEM + "questionanswer")]


def test_a_prompt_that_comes_again_computes_one_token(make: Make) -> None:
    engine = make("a")
    for request in "12":
        engine.add(request, Prompt(text=SYSTEM), Sampling(max_tokens=1))
        answers = finish(engine)
    assert cached(answers) == [len(SYSTEM) - 1]
    assert computed(engine) == len(SYSTEM) + 1


def test_what_was_computed_for_one_user_is_known_to_all_their_agents_and_to_nobody_else(make: Make) -> None:
    engine = make("a")
    for request, party in enumerate(("1000", "1000/coder", "1001", "1001/coder", "1000/writer")):
        engine.add(str(request), Prompt(text=SYSTEM), Sampling(max_tokens=1), party)
        answers = finish(engine)
        assert cached(answers) == [len(SYSTEM) - 1 if party not in ("1000", "1001") else 0]


def test_users_who_ask_the_same_at_once_do_not_wait_for_each_other(make: Make) -> None:
    engine = make("a", batch=64)
    for request, party in enumerate(("1000", "1001", "1000", "1001")):
        engine.add(str(request), Prompt(text=SYSTEM), Sampling(max_tokens=1), party)
    known = cached(finish(engine))
    assert known[:2] == [0, 0]
    assert min(known[2:]) > len(SYSTEM) - 10


def test_a_cancelled_answer_leaves_its_prompt_to_the_next(make: Make) -> None:
    engine = make([{"say": "x", "forever": True}], batch=64)
    engine.add("1", Prompt(text=SYSTEM), GREEDY)
    engine.step()
    engine.cancel("1")
    engine.add("2", Prompt(text=SYSTEM), Sampling(max_tokens=1))
    assert cached(finish(engine)) == [64]


def test_who_shares_nothing_passes_those_who_wait_for_a_common_beginning(make: Make) -> None:
    engine = make(batch=300, slots=3)
    for request, text in (("1", SYSTEM + "1"), ("2", SYSTEM + "2"), ("3", "short")):
        engine.add(request, Prompt(text=text), GREEDY)
    engine.step()
    engine.step()
    assert {sequence.id for sequence in engine._running.values()} == {"1", "3"}
    assert len(finish(engine).ends) == 3


def test_what_is_kept_goes_when_others_need_the_room(make: Make) -> None:
    engine = make(context=1000)
    for number in range(6):
        engine.add(str(number), Prompt(text=str(number) * 300), Sampling(max_tokens=20))
        finish(engine)
    engine.add("again", Prompt(text="5" * 300), Sampling(max_tokens=20))
    assert cached(finish(engine)) == [299]
    engine.add("gone", Prompt(text="0" * 300), Sampling(max_tokens=20))
    assert cached(finish(engine)) == [0]


def test_more_conversations_than_can_be_kept_apart(make: Make) -> None:
    engine = make(slots=2)
    for number in range(100):
        engine.add(str(number), Prompt(text=f"{number:03} asks"), Sampling(max_tokens=4))
        assert finish(engine).text[str(number)] == "abcd"


def test_a_preempted_answer_goes_on_from_what_is_left_of_its_cells(make: Make) -> None:
    engine = make([{"say": ALPHABET, "forever": True}], context=400, slots=2)
    engine.add("1", Prompt(text="x" * 100), Sampling(max_tokens=120))
    engine.add("2", Prompt(text="y" * 100), Sampling(max_tokens=250))
    answers = finish(engine)
    assert {request: len(text) for request, text in answers.text.items()} == {"1": 120, "2": 250}
    assert computed(engine) < 100 + 119 + 100 + 249 + 100
    assert cached(answers) == [0, 0]


class Uncuttable(Counting):
    """Like a recurrent model: what a sequence holds cannot be shared."""

    can_share = False

    def copy(self, source: int, target: int, length: int) -> None:
        raise AssertionError

    def cut(self, holder: int, length: int) -> None:
        assert length == 0
        super().cut(holder, length)


def test_a_memory_that_cannot_be_cut_keeps_and_shares_nothing(make: Make) -> None:
    engine = make("abc", Uncuttable, batch=64)
    for number in range(12):
        engine.add(f"{number:02}", Prompt(text=f"{SYSTEM}{number}"), GREEDY)
    answers = finish(engine)
    assert set(answers.text.values()) == {"abc"}
    assert cached(answers) == [0] * 12
    assert not any(engine.backend.cells.values())  # type: ignore[attr-defined]


def test_after_a_failed_step_nothing_of_it_is_used(make: Make) -> None:
    engine = make("abc", type("FailingCounting", (Failing, Counting), {}))
    for request in "12":
        engine.add(request, Prompt(text=request + SYSTEM), GREEDY)
    with pytest.raises(ModelError):
        engine.step()
    engine.fail_all()
    engine.add("3", Prompt(text="1" + SYSTEM), GREEDY)
    assert cached(finish(engine)) == [0]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prompts=st.lists(st.text("ab", min_size=1, max_size=60), min_size=1, max_size=12),
    arrivals=st.lists(st.integers(0, 12), min_size=12, max_size=12),
    context=st.integers(70, 160),
    slots=st.integers(1, 4),
    batch=st.integers(4, 64),
)
def test_no_answer_depends_on_what_others_began_with(
    tmp_path: Path, prompts: list[str], arrivals: list[int], context: int, slots: int, batch: int
) -> None:
    from tektra_models.engine import Engine
    from tektra_models.spec import Spec

    path = tmp_path / "echo.scripted.json"
    replies = [{"when": rf"\A{prompt}\Z", "say": prompt[::-1]} for prompt in prompts]
    path.write_text(json.dumps({"schema": "tektra.scripted/1", "replies": replies}))
    spec = Spec(name="m", path=str(path), backend="scripted", context=context, slots=slots, batch=batch)
    engine = Engine(Counting(spec), spec)
    answers = Answers()
    for number, (prompt, steps) in enumerate(zip(prompts, arrivals, strict=False)):
        engine.add(str(number), Prompt(text=prompt), Sampling(temperature=0, max_tokens=8))
        for _ in range(steps):
            if engine.running or engine.waiting:
                answers.take(engine.step())
    finish(engine, answers)
    assert answers.text == {str(number): prompt[::-1][:8] for number, prompt in enumerate(prompts)}
