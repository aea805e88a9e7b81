"""What follows from figures: which type is the best of its class, what is recommended, which settings are better."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tektra_models.hub import PREFERRED
from tektra_models.quantize import TYPES
from tektra_models.tuning import (
    CLASSES,
    NOTICEABLE,
    TIMED,
    WORTH_TELLING,
    Best,
    Speed,
    Trial,
    advice,
    best_settings,
    class_of,
    disturbance,
    preference,
    ranked,
)

RATES = st.floats(0.1, 10_000)


def speed(quantization: str, prompt: float, written: float, perplexity: float | None = None) -> Speed:
    return Speed(
        quantization=quantization,
        prompt_per_s=prompt,
        written_per_s=written,
        bits_per_weight=4.5,
        perplexity=perplexity,
    )


SPEEDS = st.lists(
    st.builds(speed, st.sampled_from([name for types in CLASSES.values() for name in types]), RATES, RATES),
    unique_by=lambda each: each.quantization,
)
MEASURED = [speed("Q4_K_M", 315, 61), speed("IQ4_NL", 619, 88), speed("Q4_0", 629, 91), speed("Q8_0", 500, 70)]
"""A processor with fast ways for two of the types."""


def test_every_class_holds_types_that_can_be_made_each_in_one_class() -> None:
    types = [name for names in CLASSES.values() for name in names]
    assert len(types) == len(set(types))
    assert set(types) <= set(TYPES)
    assert set(TIMED) <= set(types)
    assert all(class_of(name) for name in PREFERRED)
    assert class_of("IQ1_S") == class_of(None) == ()


def test_of_two_types_that_are_about_as_fast_the_one_that_loses_less_is_chosen() -> None:
    assert [each.quantization for each in ranked(MEASURED, CLASSES["4-bit"])] == ["IQ4_NL", "Q4_0", "Q4_K_M"]
    faster = [*MEASURED[:2], speed("Q4_0", 700, 100)]
    assert ranked(faster, CLASSES["4-bit"])[0].quantization == "Q4_0"


def test_measured_losses_decide_between_equals_rather_than_what_is_known_of_types() -> None:
    alike = [speed("Q4_K_M", 100, 10, 8.1), speed("Q4_0", 101, 10, 8.0)]
    assert ranked(alike, CLASSES["4-bit"])[0].quantization == "Q4_0"


@given(SPEEDS, st.sampled_from(list(CLASSES.values())))
def test_the_best_of_a_class_is_in_it_and_not_noticeably_slower_than_any(
    speeds: list[Speed], types: tuple[str, ...]
) -> None:
    order = ranked(speeds, types)
    assert {each.quantization for each in order} == {each.quantization for each in speeds} & set(types)
    for place, each in enumerate(order):
        assert all(each.turn_s <= later.turn_s * NOTICEABLE for later in order[place:])


@given(SPEEDS)
def test_a_preference_leaves_no_customary_type_out_and_mixes_no_classes(speeds: list[Speed]) -> None:
    order = preference(speeds, PREFERRED)
    assert set(PREFERRED) <= set(order)
    assert len(order) == len(set(order))
    classes = [class_of(name) for name in order]
    assert classes == sorted(classes, key=classes.index)


def test_without_figures_the_customary_order_stays() -> None:
    assert preference([], PREFERRED) == PREFERRED
    assert preference(MEASURED, PREFERRED)[:3] == ("IQ4_NL", "Q4_0", "Q4_K_M")


def test_what_is_clearly_faster_is_recommended_where_it_is_to_be_had() -> None:
    found = advice(MEASURED, "Q4_K_M")
    assert found is not None
    assert (found.quantization, found.ratio) == ("IQ4_NL", 1.63)
    only = advice(MEASURED, "Q4_K_M", ["Q4_K_M", "Q4_0", "Q8_0"])
    assert only is not None
    assert only.quantization == "Q4_0"
    assert advice(MEASURED, "Q4_K_M", ["Q4_K_M", "Q8_0"]) is None
    assert advice(MEASURED, "Q4_0") is None
    assert advice(MEASURED, "Q4_K_S") is None
    assert advice(MEASURED, None) is None
    assert advice([], "Q4_K_M") is None


@given(SPEEDS, st.sampled_from([name for types in CLASSES.values() for name in types]))
def test_no_advice_leads_out_of_a_class_or_to_little_gain(speeds: list[Speed], instead_of: str) -> None:
    found = advice(speeds, instead_of)
    if found is not None:
        turns = {each.quantization: each.turn_s for each in speeds}
        assert found.quantization in class_of(instead_of)
        assert turns[instead_of] > turns[found.quantization] * WORTH_TELLING


def trial(setting: str, value: int | str, prompt: float, written: float = 50.0) -> Trial:
    return Trial(setting=setting, value=value, prompt_per_s=prompt, written_per_s=written)  # type: ignore[arg-type]


def test_a_setting_is_changed_only_where_that_is_noticeably_faster() -> None:
    usual = [trial("threads", 8, 100), trial("micro_batch", 0, 100), trial("flash_attention", "auto", 100)]
    alike = [*usual, trial("threads", 4, 101), trial("micro_batch", 64, 102), trial("flash_attention", "off", 99)]
    assert best_settings(alike) == Best()
    better = [*usual, trial("threads", 4, 200), trial("micro_batch", 64, 300), trial("micro_batch", 128, 200)]
    assert best_settings(better) == Best(threads=4, micro_batch=64)
    assert best_settings([*usual, trial("flash_attention", "off", 300)]).flash_attention == "off"
    assert best_settings([]) == Best()


def test_no_type_of_cells_is_chosen_however_fast_it_is() -> None:
    trials = [trial("kv_type", "q8_0", 10_000, 10_000), trial("kv_type", "q4_0", 90_000, 90_000)]
    assert best_settings(trials) == Best()
    assert best_settings(trials).found == {}


def test_only_what_is_better_than_the_usual_counts_as_found() -> None:
    assert Best(threads=2).found == {"threads": 2}
    assert Best(flash_attention="off", micro_batch=64).found == {"flash_attention": "off", "micro_batch": 64}


def test_what_else_a_machine_does_is_judged_by_its_cores() -> None:
    assert [disturbance(load, 2) for load in (0.0, 1.0, 1.1, 2.0, 2.1)] == ["none", "none", "some", "some", "too much"]
    assert disturbance(8.0, 16) == "none"
