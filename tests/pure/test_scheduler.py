"""What the pool does with a request for a model, decided without any pool."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tektrad.pool.scheduler import MOST_RESIDENCE_S, Holding, Load, Refuse, Serve, Wait, decide, residence

HOLDINGS = st.lists(
    st.builds(
        Holding,
        name=st.sampled_from([f"m{n}" for n in range(6)]),
        promised=st.integers(1, 50),
        idle=st.booleans(),
        idle_s=st.floats(0, 1000),
        load_s=st.floats(0, 100),
    ),
    max_size=6,
    unique_by=lambda holding: holding.name,
)


def test_a_loaded_model_serves_whatever_the_memory_looks_like() -> None:
    assert decide("a", 10, [Holding("a", 10, idle=False)], budget=1, available=0) == Serve()


def test_the_least_recently_used_idle_models_go_and_no_more_than_needed() -> None:
    loaded = [
        Holding("old", 10, idle=True, idle_s=200),
        Holding("busy", 10, idle=False, idle_s=300),
        Holding("new", 10, idle=True, idle_s=100),
    ]
    assert decide("x", 10, loaded, budget=30, available=100) == Load(("old",))
    assert decide("x", 20, loaded, budget=30, available=100) == Load(("old", "new"))
    assert decide("x", 25, loaded, budget=30, available=100) == Wait()
    assert decide("x", 31, loaded, budget=30, available=100) == Refuse(needed=31, possible=30)


@given(HOLDINGS, st.integers(1, 100), st.integers(0, 100), st.integers(0, 100))
def test_a_load_never_exceeds_the_budget_or_the_memory_and_never_evicts_what_is_in_use(
    loaded: list[Holding], needed: int, budget: int, available: int
) -> None:
    decision = decide("new", needed, loaded, budget, available)
    if isinstance(decision, Load):
        gone = [holding for holding in loaded if holding.name in decision.evict]
        freed = sum(holding.promised for holding in gone)
        assert all(holding.idle for holding in gone)
        assert sum(holding.promised for holding in loaded) - freed + needed <= budget
        assert needed <= available + freed


@given(HOLDINGS, st.integers(1, 100), st.integers(0, 100), st.integers(0, 100))
def test_who_is_refused_could_not_be_helped_by_waiting(
    loaded: list[Holding], needed: int, budget: int, available: int
) -> None:
    refused = isinstance(decide("new", needed, loaded, budget, available), Refuse)
    everything_idle = [Holding(h.name, h.promised, idle=True, idle_s=h.idle_s, load_s=h.load_s) for h in loaded]
    assert refused != isinstance(decide("new", needed, everything_idle, budget, available), Load)


DEVICES = st.dictionaries(st.sampled_from(["g0", "g1"]), st.integers(1, 50))
SPREAD = st.lists(
    st.builds(
        Holding,
        name=st.sampled_from([f"m{n}" for n in range(6)]),
        promised=st.integers(1, 50),
        idle=st.booleans(),
        on_devices=DEVICES,
    ),
    max_size=6,
    unique_by=lambda holding: holding.name,
)


@given(
    SPREAD, st.integers(1, 100), DEVICES, st.fixed_dictionaries({"g0": st.integers(0, 150), "g1": st.integers(0, 150)})
)
def test_no_device_is_ever_promised_more_than_it_has(
    loaded: list[Holding], needed: int, on_devices: dict[str, int], rooms: dict[str, int]
) -> None:
    decision = decide("new", needed, loaded, 150, 150, on_devices, rooms)
    if isinstance(decision, Load):
        stay = [holding for holding in loaded if holding.name not in decision.evict]
        assert all(holding.idle for holding in loaded if holding.name in decision.evict)
        assert sum(holding.promised for holding in stay) + needed <= 150
        for device, bytes_needed in on_devices.items():
            assert sum(holding.on(device) for holding in stay) + bytes_needed <= rooms[device]
    if isinstance(decision, Refuse):
        assert decide("new", needed, [], 150, 150, on_devices, rooms) == decision


def test_who_holds_nothing_of_the_device_that_is_short_stays() -> None:
    loaded = [
        Holding("ram", 10, idle=True, idle_s=900),
        Holding("gpu", 10, idle=True, on_devices={"g0": 80}),
        Holding("other", 10, idle=True, on_devices={"g1": 80}),
    ]
    rooms = {"g0": 100, "g1": 100}
    assert decide("x", 10, loaded, 100, 100, {"g0": 20}, rooms) == Load(())
    assert decide("x", 10, loaded, 100, 100, {"g0": 30}, rooms) == Load(("gpu",))
    assert decide("x", 10, loaded, 100, 100, {"g0": 101}, rooms) == Refuse(needed=101, possible=100, place="g0")
    busy = [Holding("gpu", 10, idle=False, on_devices={"g0": 80})]
    assert decide("x", 10, busy, 100, 100, {"g0": 30}, rooms) == Wait()


def test_what_loads_fast_goes_before_what_loads_slowly() -> None:
    loaded = [Holding("slow", 10, idle=True, load_s=30), Holding("fast", 10, idle=True, load_s=1)]
    assert decide("x", 10, loaded, budget=20, available=0) == Load(("fast",))


def test_what_has_not_been_used_for_long_goes_though_it_loads_slowly() -> None:
    loaded = [Holding("slow", 10, idle=True, load_s=30, idle_s=3000), Holding("fast", 10, idle=True, load_s=1)]
    assert decide("x", 10, loaded, budget=20, available=0) == Load(("slow",))


def test_a_small_model_stays_when_a_large_one_has_to_go_anyway() -> None:
    loaded = [Holding("small", 2, idle=True, idle_s=1000), Holding("large", 20, idle=True, load_s=100)]
    assert decide("x", 20, loaded, budget=22, available=0) == Load(("large",))


@given(HOLDINGS, st.integers(1, 100), st.integers(0, 100), st.integers(0, 100))
def test_no_more_go_than_have_to(loaded: list[Holding], needed: int, budget: int, available: int) -> None:
    decision = decide("new", needed, loaded, budget, available)
    if isinstance(decision, Load):
        gone = [holding for holding in loaded if holding.name in decision.evict]
        promised = sum(holding.promised for holding in loaded)
        free = min(budget - promised, available) + sum(holding.promised for holding in gone)
        assert all(free - holding.promised < needed for holding in gone)


@given(st.floats(0, 1000), st.floats(0, 100))
def test_a_model_stays_for_a_while_and_not_for_ever(load_s: float, times: float) -> None:
    assert 0 <= residence(load_s, times) <= MOST_RESIDENCE_S
