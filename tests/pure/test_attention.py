"""Attention where nobody chose: two passes on processors while their scores take little memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_models.attention import AT_ONCE, SCORES_BYTES, settled
from tektra_models.spec import Offload, Spec
from tests.models.test_fit import SMALL, header

GPU = (Offload(device="CUDA0", layers=2, takes_bytes=1, frees_bytes=1),)


def spec(**fields: Any) -> Spec:
    return Spec(name="m", path="m.gguf", **fields)


def of(heads: int | tuple[int, ...]) -> Any:
    return header(**SMALL | {"attention__head_count": heads})


def test_a_small_model_takes_two_passes_over_as_many_as_are_best() -> None:
    chosen = settled(spec(context=8192), of(14))
    assert (chosen.flash_attention, chosen.at_once, chosen.one_pass) == ("off", AT_ONCE[0], False)


@pytest.mark.parametrize(("heads", "context", "at_once"), [(32, 8192, 256), (32, 16_384, 128), (64, 16_384, 64)])
def test_the_more_heads_and_cells_the_fewer_tokens_at_once(heads: int, context: int, at_once: int) -> None:
    assert settled(spec(context=context), of(heads)).at_once == at_once


def test_where_even_few_take_too_much_one_pass_stays() -> None:
    asked = spec(context=131_072)
    assert settled(asked, of(32)) == asked


@pytest.mark.parametrize(
    "fields",
    [{"flash_attention": "on"}, {"flash_attention": "off"}, {"kv_type": "q8_0"}, {"offload": GPU}],
)
def test_what_somebody_chose_and_what_does_not_run_on_processors_alone_stays(fields: dict[str, Any]) -> None:
    assert settled(spec(**fields), of(14)) == spec(**fields)


def test_encoders_and_files_that_name_no_heads_stay() -> None:
    without = {key: value for key, value in SMALL.items() if "head" not in key}
    for each in (header("bert", **SMALL), header(**without)):
        assert settled(spec(), each) == spec()


@given(
    heads=st.integers(1, 200) | st.tuples(st.integers(0, 64), st.integers(0, 64)),
    context=st.integers(64, 300_000),
    micro=st.sampled_from([0, 32, 64, 512]),
    batch=st.integers(16, 2048),
)
def test_scores_never_take_more_than_they_may(heads: Any, context: int, micro: int, batch: int) -> None:
    chosen = settled(spec(context=context, micro_batch=micro, batch=batch), of(heads))
    most = max(heads) if isinstance(heads, tuple) else heads
    if chosen.flash_attention == "off":
        assert chosen.at_once * most * context * 4 <= SCORES_BYTES
        assert micro in (0, chosen.micro_batch)
    else:
        assert chosen.flash_attention == "auto"
        assert not most or min(micro or AT_ONCE[-1], batch) * most * context * 4 > SCORES_BYTES
