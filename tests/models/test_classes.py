"""Interactive requests go before those that have time; those lose nothing by it, and do not wait for ever."""

from __future__ import annotations

from tektra_models.engine import PATIENCE_S, Engine
from tektra_models.generation import Delta, Finish, Prompt
from tests.models.test_engine import ALPHABET, GREEDY, Counting, Make, make

__all__ = ["make"]  # fixture
HURRIED, PATIENT = Prompt(text="now"), Prompt(text="whenever", batch=True)


def take(engine: Engine, texts: dict[str, str]) -> list[str]:
    """One step: adds what was said to the texts; gives who ended."""
    ended = []
    for request, said in engine.step():
        if isinstance(said, Delta):
            texts[request] = texts.get(request, "") + said.text
        elif isinstance(said, Finish):
            ended.append(request)
    return ended


def ends(engine: Engine, texts: dict[str, str]) -> list[str]:
    """Run to the end; who ended, in order."""
    ended = []
    while engine.running or engine.waiting:
        ended += take(engine, texts)
    return ended


def test_a_newcomer_takes_the_only_slot_from_one_that_has_time(make: Make) -> None:
    engine = make(slots=1)
    texts: dict[str, str] = {}
    engine.add("patient", PATIENT, GREEDY)
    for _ in range(6):
        take(engine, texts)
    engine.add("hurried", HURRIED, GREEDY)
    assert ends(engine, texts) == ["hurried", "patient"]
    assert texts == {"hurried": ALPHABET, "patient": ALPHABET}
    assert isinstance(engine.backend, Counting)
    assert engine.backend.samplers == 0


def test_beside_an_interactive_answer_the_others_write_a_fourth_as_fast(make: Make) -> None:
    engine = make(slots=2)
    engine.add("patient", PATIENT, GREEDY)
    engine.add("hurried", HURRIED, GREEDY)
    texts: dict[str, str] = {}
    while len(texts.get("hurried", "")) < 20:
        take(engine, texts)
    assert 3 <= len(texts["patient"]) <= 7


def test_those_with_time_are_as_fast_as_any_when_they_are_alone(make: Make) -> None:
    engine = make(slots=2)
    for name in "ab":
        engine.add(name, PATIENT, GREEDY)
    ends(engine, {})
    assert engine._steps <= len(ALPHABET) + 2


def test_who_has_waited_long_enough_goes_before_those_that_come_later(make: Make) -> None:
    engine, now = make(slots=1), [0.0]
    engine._now = lambda: now[0]
    engine.add("first", HURRIED, GREEDY)
    engine.add("patient", PATIENT, GREEDY)
    engine.step()
    now[0] = PATIENCE_S + 1
    engine.step()
    engine.add("late", HURRIED, GREEDY)
    assert ends(engine, {}) == ["first", "patient", "late"]
