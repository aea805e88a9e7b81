"""Inside one model: the next free slot goes to whose requests had least."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tektra_models.engine import Engine
from tektra_models.generation import Finish, Prompt
from tests.models.test_engine import ALPHABET, GREEDY, Make, make

__all__ = ["make"]  # fixture


def ask(engine: Engine, party: str, count: int, *, batch: bool = False) -> None:
    for _ in range(count):
        name = f"{party}{next(engine._orders)}"
        engine.add(name, Prompt(text=f"{name} asks", batch=batch), GREEDY, party)


def ends(engine: Engine) -> list[str]:
    """Run to the end; whose requests ended, in order."""
    ended = []
    while engine.running or engine.waiting:
        ended += [request[0] for request, said in engine.step() if isinstance(said, Finish)]
    return ended


def test_the_next_free_slot_is_for_the_other_user_though_fifty_of_one_wait(make: Make) -> None:
    engine = make(slots=8)
    ask(engine, "a", 50)
    engine.step()
    ask(engine, "b", 1)
    while not any(isinstance(said, Finish) for _, said in engine.step()):
        assert engine.waiting == 43
    engine.step()
    assert "b" in {sequence.party for sequence in engine._running.values()}
    assert ends(engine).count("b") == 1


def test_users_who_come_together_share_the_slots(make: Make) -> None:
    engine = make(slots=4)
    ask(engine, "a", 12)
    ask(engine, "b", 12)
    first = Counter(ends(engine)[:12])
    assert abs(first["a"] - first["b"]) <= 2


def test_a_class_goes_before_a_share(make: Make) -> None:
    engine = make(slots=1)
    ask(engine, "a", 3)
    ask(engine, "b", 2, batch=True)
    assert ends(engine) == list("aaabb")


def test_among_those_with_time_shares_count_too(make: Make) -> None:
    engine = make(slots=1)
    ask(engine, "a", 3, batch=True)
    ask(engine, "b", 1, batch=True)
    assert ends(engine).index("b") == 1


def test_who_writes_much_waits_for_who_writes_little(make: Make) -> None:
    engine = make([{"when": "long", "say": ALPHABET * 8}, {"say": "x"}], slots=1)
    for name, party, text in (("1", "a", "long"), ("2", "a", "long"), ("3", "b", "short"), ("4", "b", "short")):
        engine.add(name, Prompt(text=text), GREEDY, party)
    ended = []
    while engine.running or engine.waiting:
        ended += [request for request, said in engine.step() if isinstance(said, Finish)]
    assert ended == ["1", "3", "4", "2"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 6)), min_size=1, max_size=20),
    st.integers(1, 4),
    st.integers(60, 300),
)
def test_every_request_ends_whoever_asks_and_whenever(
    make: Make, requests: list[tuple[str, bool, int]], slots: int, context: int
) -> None:
    engine = make(slots=slots, context=context, script={"context": context})
    for party, batch, steps in requests:
        ask(engine, party, 1, batch=batch)
        for _ in range(steps):
            if engine.running or engine.waiting:
                engine.step()
    while engine.running or engine.waiting:
        engine.step()
    assert engine._shares._wants == {}
