"""The line for models, played through without any model: what must never happen, and that nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tektra_models.shares import Shares
from tektrad.pool.line import LEASES, Memory, Move, Outlook, Waiter, in_order, next_move, outlooks
from tektrad.pool.scheduler import Holding, Load, Refuse, Serve

PLENTY = 10**9
SIZES = {"small": 3, "large": 7, "huge": 10}
BUDGET = 10
LOAD_S, STAY_S, SLOTS = 2, 8, 2


@dataclass
class Request:
    """One request: who wants what, and for how long."""

    number: int
    model: str
    party: str = "a"
    batch: bool = False
    takes_s: int = 1
    came: int = 0
    served: int | None = None


@dataclass
class Loaded:
    """A model in memory."""

    loaded: int
    last_used: int
    leases: list[Request] = field(default_factory=list)


@dataclass
class House:
    """Carries out what the line decides, a second at a time, as the pool does, and checks every move."""

    now: int = 0
    waiting: dict[int, Request] = field(default_factory=dict)
    models: dict[str, Loaded] = field(default_factory=dict)
    shares: Shares = field(default_factory=Shares)
    loads: int = 0

    def come(self, request: Request) -> None:
        request.came = self.now
        self.shares.came(request.party)
        self.waiting[request.number] = request
        self.move()

    def second(self) -> None:
        """A second passes: leases are charged, those in a slot come nearer to their end, the line moves."""
        self.now += 1
        for model in self.models.values():
            for place, lease in enumerate(list(model.leases)):
                self.shares.charge(lease.party, 1.0)
                lease.takes_s -= place < SLOTS and self.now > model.loaded
                if not lease.takes_s:
                    model.leases.remove(lease)
                    model.last_used = self.now
                    self.shares.left(lease.party)
        self.move()

    def move(self) -> None:
        while (move := next_move(self.line(), self.holdings(), Memory(BUDGET, PLENTY))) is not None:
            self.carry_out(move)
        self.check_outlooks()

    def carry_out(self, move: Move) -> None:
        request = self.waiting.pop(move.waiter.number)
        if isinstance(move.decision, Load):
            for name in move.decision.evict:
                assert not self.models.pop(name).leases, "nothing in use is evicted"
            self.models[request.model] = Loaded(loaded=self.now + LOAD_S, last_used=self.now + LOAD_S)
            self.loads += 1
            passed = (other.party for other in self.waiting.values() if other.batch == request.batch)
            self.shares.served(request.party, passed)
        assert isinstance(move.decision, Load | Serve)
        assert sum(SIZES[name] for name in self.models) <= BUDGET, "the budget is never exceeded"
        request.served = self.now
        self.models[request.model].leases.append(request)
        groups = Counter((lease.party, lease.batch) for lease in self.models[request.model].leases)
        assert max(groups.values()) <= LEASES * SLOTS

    def line(self) -> list[Waiter]:
        shares = self.shares.standings((request.party, LOAD_S) for request in self.waiting.values())
        return in_order([
            Waiter(r.number, r.model, SIZES[r.model], (r.party, r.batch), r.batch, share, LOAD_S)
            for r, share in zip(self.waiting.values(), shares, strict=True)
        ])  # fmt: skip

    def holdings(self) -> list[Holding]:
        holdings = []
        for name, model in self.models.items():
            idle_s = self.now - model.last_used
            stay_s = max(model.loaded + STAY_S - self.now, 0) if model.leases or idle_s < LOAD_S else 0
            leases = Counter((lease.party, lease.batch) for lease in model.leases)
            idle = not model.leases and not stay_s
            holdings.append(Holding(name, SIZES[name], idle, idle_s, LOAD_S, SLOTS, 1.0, stay_s, leases))
        return holdings

    def check_outlooks(self) -> None:
        line = self.line()
        expected = outlooks(line, self.holdings(), Memory(BUDGET, PLENTY))
        assert [expected[waiter.number].position for waiter in line] == list(range(1, len(line) + 1))
        assert all(outlook.seconds >= 0 for outlook in expected.values())

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            if not self.waiting and not any(model.leases for model in self.models.values()):
                return
            self.second()


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(list(SIZES)), st.sampled_from("abc"), st.booleans(), st.integers(1, 5), st.integers(0, 4)
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(REQUESTS)
def test_no_budget_is_exceeded_nothing_in_use_goes_and_everybody_is_served(
    wanted: list[tuple[str, str, bool, int, int]],
) -> None:
    house, requests = House(), []
    for number, (model, party, batch, takes_s, pause) in enumerate(wanted):
        requests.append(Request(number, model, party, batch, takes_s))
        house.come(requests[-1])
        for _ in range(pause):
            house.second()
    house.run(len(requests) * (STAY_S + LOAD_S + 10) + 50)
    assert all(request.served is not None for request in requests)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 2), st.integers(2, 5), st.integers(0, 12), st.booleans())
def test_a_model_in_steady_use_does_not_keep_another_out(
    each_second: int, takes_s: int, later: int, same: bool
) -> None:
    house, numbers = House(), iter(range(10_000))
    other = Request(-1, "large", "a" if same else "other")
    for second in range(later + 100):
        for _ in range(each_second):
            house.come(Request(next(numbers), "huge", "a", False, takes_s))
        if second == later:
            house.come(other)
        house.second()
    assert other.served is not None
    assert other.served - other.came <= LOAD_S + STAY_S + LEASES * takes_s


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 100), st.integers(1, 4), st.booleans())
def test_a_hundred_requests_for_one_model_hold_back_one_for_another_for_a_turn_at_most(
    many: int, takes_s: int, same: bool
) -> None:
    house = House()
    for number in range(many):
        house.come(Request(number, "huge", "a", False, takes_s))
    other = Request(-1, "large", "a" if same else "b")
    house.come(other)
    house.run(5000)
    assert other.served is not None
    assert other.served - other.came <= LOAD_S + STAY_S + LEASES * takes_s
    assert not house.waiting


def test_many_models_of_one_party_hold_back_another_party_for_one_of_them() -> None:
    house = House()
    for number in range(30):
        house.come(Request(number, "large" if number % 2 else "huge", "a", False, 20))
    house.run(3)
    other = Request(-1, "small", "b")
    house.waiting[-1] = other
    house.shares.came("b")
    assert house.line()[0].number == -1


def test_two_users_with_a_model_each_exchange_models_far_less_often_than_they_ask() -> None:
    house, numbers = House(), iter(range(10_000))
    asked, served = Counter[str](), Counter[str]()
    for _ in range(400):
        for model in ("huge", "large"):
            if asked[model] == served[model]:
                house.come(Request(next(numbers), model, model))
                asked[model] += 1
        house.second()
        busy = [lease.model for model in house.models.values() for lease in model.leases]
        busy += [request.model for request in house.waiting.values()]
        served.update(model for model in ("huge", "large") if model not in busy and asked[model] > served[model])
    assert min(served.values()) >= 100
    assert house.loads / served.total() <= 0.2


def waiter(number: int, model: str = "m", **fields: object) -> Waiter:
    return replace(Waiter(number, model, 10), **fields)  # type: ignore[arg-type]


def test_class_goes_before_share_and_share_before_arrival() -> None:
    line = [waiter(1, batch=True), waiter(2, share=5.0), waiter(3, share=1.0), waiter(4, share=1.0)]
    assert [each.number for each in in_order(line)] == [3, 4, 2, 1]


def test_those_with_time_close_no_model_for_those_who_type() -> None:
    used = Holding("m", 10, idle=False, leases={("a", False): 1}, slots=4)
    patient, hurried = waiter(1, "other", batch=True), waiter(2, "m", group=("b", False))
    assert next_move([hurried, patient], [used], Memory(10, 0)) == Move(hurried, Serve())
    assert next_move([patient, waiter(2, "m", batch=True)], [used], Memory(10, 0)) is None


def test_who_can_never_be_served_is_refused_at_once() -> None:
    move = next_move([waiter(1, needed=50)], [], Memory(20, 100))
    assert move is not None
    assert move.decision == Refuse(needed=50, possible=20)


def test_a_model_closes_for_one_that_needs_its_device() -> None:
    on_gpu = Holding("gpu", 10, idle=False, answer_s=3.0, leases={("a", False): 1}, on_devices={"g0": 80})
    in_ram = Holding("ram", 10, idle=False, leases={("a", False): 1})
    line = [waiter(1, "x", on_devices={"g0": 30}, load_s=5.0), waiter(2, "gpu"), waiter(3, "ram")]
    memory = Memory(100, 100, {"g0": 100})
    assert next_move(line, [on_gpu, in_ram], memory) == Move(line[2], Serve())
    assert next_move(line[:2], [on_gpu, in_ram], memory) is None
    expected = outlooks(line, [on_gpu, in_ram], memory)
    assert [expected[number].for_memory for number in (1, 2, 3)] == [True, True, False]
    assert expected[1].seconds == 3.0 + 5.0
    idle = replace(on_gpu, idle=True, leases={})
    assert next_move(line[:2], [idle, in_ram], memory) == Move(line[0], Load(("gpu",)))


def test_who_needs_more_than_a_device_has_is_refused_at_once() -> None:
    move = next_move([waiter(1, on_devices={"g0": 101})], [], Memory(100, 100, {"g0": 100}))
    assert move is not None
    assert move.decision == Refuse(needed=101, possible=100, place="g0")


def test_what_is_to_be_expected_adds_up_turns_answers_and_loads() -> None:
    used = Holding("m", 10, idle=False, load_s=1.0, slots=2, answer_s=3.0, leases={("a", False): 3}, stay_s=2.0)
    line = [waiter(1, "x", load_s=5.0, stay_s=20.0), waiter(2, "x", load_s=5.0), waiter(3, "y", load_s=1.0)]
    expected = outlooks(line, [used], Memory(10, 100))
    assert expected[1] == Outlook(1, 6.0 + 5.0, for_memory=True)
    assert expected[2] == Outlook(2, 6.0 + 5.0, for_memory=True)
    assert expected[3] == Outlook(3, 11.0 + 20.0 + 1.0, for_memory=True)


def test_who_waits_for_a_slot_of_a_loaded_model_waits_for_answers() -> None:
    full = Holding("m", 10, idle=False, slots=2, answer_s=3.0, leases={("", False): 4})
    expected = outlooks([waiter(1), waiter(2)], [full], Memory(10, 0))
    assert expected == {1: Outlook(1, 1.5, for_memory=False), 2: Outlook(2, 3.0, for_memory=False)}
