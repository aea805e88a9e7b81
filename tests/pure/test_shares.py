"""Fair shares: what one party wants, however much, never keeps another waiting for long."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from tektra_models.shares import MOST_PASSED, Shares

PARTIES = "abcdef"
COSTS = st.floats(0.1, 100)


class OneCounter:
    """One thing that is given to one request after the other, in the order that shares give."""

    def __init__(self) -> None:
        self.shares = Shares()
        self.line: deque[tuple[str, float]] = deque()

    def ask(self, party: str, cost: float = 1.0) -> None:
        self.shares.came(party)
        self.line.append((party, cost))

    def serve(self) -> str:
        """Serve the next request to its end; gives whose it was."""
        standings = self.shares.standings(self.line)
        place = min(range(len(standings)), key=lambda at: (standings[at], at))
        party, cost = self.line[place]
        del self.line[place]
        self.shares.served(party, [other for other, _ in self.line])
        self.shares.charge(party, cost)
        self.shares.left(party)
        return party

    def served(self, count: int) -> Iterator[str]:
        for _ in range(count):
            yield self.serve()


@given(st.integers(1, 100), st.integers(0, 50), COSTS, COSTS)
def test_one_request_goes_before_the_hundred_of_another(many: int, served: int, large: float, small: float) -> None:
    counter = OneCounter()
    for _ in range(many):
        counter.ask("greedy", large)
    list(counter.served(min(served, many - 1)))
    counter.ask("modest", small)
    assert "modest" in list(counter.served(min(2, len(counter.line))))


def test_equal_parties_take_turns() -> None:
    counter = OneCounter()
    for party in "aaaabbbb":
        counter.ask(party)
    assert "".join(counter.served(8)) == "abababab"


@given(st.lists(COSTS, min_size=40, max_size=40), st.lists(COSTS, min_size=40, max_size=40))
def test_parties_that_always_want_something_get_the_same(left: list[float], right: list[float]) -> None:
    counter, given_to = OneCounter(), dict.fromkeys(("left", "right"), 0.0)
    waiting = {"left": deque(left), "right": deque(right)}
    for party in waiting:
        counter.ask(party, waiting[party][0])
        counter.ask(party, waiting[party][1])
    while all(len(costs) > 2 for costs in waiting.values()):
        party = counter.serve()
        given_to[party] += waiting[party].popleft()
        counter.ask(party, waiting[party][1])
        assert abs(given_to["left"] - given_to["right"]) <= max(left) + max(right)


@given(st.data())
@settings(max_examples=50)
def test_nobody_is_passed_over_for_ever_though_ever_new_parties_come(data: st.DataObject) -> None:
    counter = OneCounter()
    counter.ask("old", 50.0)
    counter.ask("new 0")
    assert counter.serve() == "old"
    counter.ask("old", 50.0)
    for number in range(1, MOST_PASSED + 4):
        counter.ask(f"new {number}", data.draw(COSTS))
        if counter.serve() == "old":
            return
    raise AssertionError("the old one starves")


def test_who_wanted_nothing_for_long_has_saved_up_nothing() -> None:
    counter = OneCounter()
    counter.ask("rare")
    counter.serve()
    for _ in range(50):
        counter.ask("frequent")
    list(counter.served(30))
    for _ in range(10):
        counter.ask("rare")
    assert Counter(counter.served(10))["rare"] <= 6


def test_who_had_much_comes_back_with_what_it_had() -> None:
    counter = OneCounter()
    counter.ask("other")
    counter.ask("other")
    counter.ask("heavy", 100.0)
    assert [counter.serve(), counter.serve()] == ["other", "heavy"]
    counter.ask("other")
    counter.ask("heavy")
    assert list(counter.served(3)) == ["other", "other", "heavy"]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(PARTIES), COSTS, st.booleans()), max_size=80))
def test_every_request_is_served_and_nothing_is_remembered_of_those_who_had_little(
    events: list[tuple[str, float, bool]],
) -> None:
    counter, asked, served = OneCounter(), Counter[str](), Counter[str]()
    for party, cost, serving in events:
        counter.ask(party, cost)
        asked[party] += 1
        if serving:
            served[counter.serve()] += 1
    served.update(counter.served(len(counter.line)))
    assert served == asked
    counter.ask("another")
    assert set(counter.shares._had) == {"another"}
