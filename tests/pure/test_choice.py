"""Who decides how a model computes: the request before the settings, these before a tuning, and that before nobody."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tektrad.pool.choice import NAMES, choose

USUAL: dict[str, Any] = {"threads": 0, "micro_batch": 0, "flash_attention": "auto", "kv_type": "f16"}
VALUES = {
    "threads": st.integers(1, 8),
    "micro_batch": st.sampled_from([64, 128]),
    "flash_attention": st.sampled_from(["on", "off"]),
    "kv_type": st.just("f16"),
}
LAYER = st.fixed_dictionaries({}, optional={name: st.none() | value for name, value in VALUES.items()})


@given(LAYER, LAYER, LAYER)
def test_the_first_who_says_something_is_heard(
    request: dict[str, Any], settings: dict[str, Any], tuned: dict[str, Any]
) -> None:
    choice = choose(request, settings, tuned, USUAL)
    for name in NAMES:
        said = [("request", request), ("settings", settings), ("tuned", tuned), ("default", USUAL)]
        who, layer = next((who, layer) for who, layer in said if layer.get(name) is not None)
        assert (choice.origins[name], choice.values[name]) == (who, layer[name])


def test_a_value_that_is_zero_is_a_value() -> None:
    choice = choose({}, {"threads": 0}, {"threads": 4}, USUAL)
    assert (choice.values["threads"], choice.origins["threads"]) == (0, "settings")


def test_cells_in_fewer_bits_overrule_a_tuning_against_flash_attention_but_no_person() -> None:
    tuned = {"flash_attention": "off"}
    choice = choose({"kv_type": "q8_0"}, {}, tuned, USUAL)
    assert (choice.values["flash_attention"], choice.origins["flash_attention"]) == ("auto", "default")
    assert choose({"kv_type": "q8_0", "flash_attention": "off"}, {}, {}, USUAL).values["flash_attention"] == "off"
    assert choose({}, {}, tuned, USUAL).shown()["flash_attention"] == {"value": "off", "by": "tuned"}
