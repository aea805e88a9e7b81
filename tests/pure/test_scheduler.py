"""What the pool does with a request for a model, decided without any pool."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tektrad.pool.scheduler import Holding, Load, Refuse, Serve, Wait, decide

HOLDINGS = st.lists(
    st.builds(
        Holding,
        name=st.sampled_from([f"m{n}" for n in range(6)]),
        promised=st.integers(1, 50),
        idle=st.booleans(),
        last_used=st.floats(0, 100),
    ),
    max_size=6,
    unique_by=lambda holding: holding.name,
)


def test_a_loaded_model_serves_whatever_the_memory_looks_like() -> None:
    assert decide("a", 10, [Holding("a", 10, idle=False, last_used=0)], budget=1, available=0) == Serve()


def test_the_least_recently_used_idle_models_go_and_no_more_than_needed() -> None:
    loaded = [
        Holding("old", 10, idle=True, last_used=1),
        Holding("busy", 10, idle=False, last_used=0),
        Holding("new", 10, idle=True, last_used=2),
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
    everything_idle = [Holding(h.name, h.promised, idle=True, last_used=h.last_used) for h in loaded]
    assert refused != isinstance(decide("new", needed, everything_idle, budget, available), Load)
