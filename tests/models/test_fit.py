"""The memory estimate: arithmetic that follows llama.cpp's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_models.fit import estimate
from tektra_models.gguf import Header, LongArray, Tensor

MIB = 1024 * 1024


def header(architecture: str = "llama", weights: int = 0, **facts: object) -> Header:
    """A header of these facts; the vocabulary is a number here."""
    metadata: dict[str, object] = {"general.architecture": architecture}
    for key, value in facts.items():
        if key == "vocabulary":
            metadata["tokenizer.ggml.tokens"] = LongArray("string", int(str(value)))
        else:
            metadata[f"{architecture}.{key.replace('__', '.')}"] = value
    return Header(Path("x"), 3, weights, metadata, (Tensor("w", (weights,), "I8", weights),))


SMALL = {
    "block_count": 4,
    "embedding_length": 896,
    "feed_forward_length": 4864,
    "attention__head_count": 14,
    "attention__head_count_kv": 2,
    "vocabulary": 152_064,
}
WIDE = {
    "block_count": 3,
    "embedding_length": 4096,
    "feed_forward_length": 14336,
    "attention__head_count": 32,
    "attention__head_count_kv": 8,
    "vocabulary": 32_000,
}


def test_keys_and_values_take_two_bytes_a_number_for_each_cell_and_layer() -> None:
    assert estimate(header(**SMALL), 4096, 8, 512).kv_bytes == 4096 * 4 * 2 * (64 + 64) * 2


def test_slots_share_the_cells() -> None:
    one, many = (estimate(header(**SMALL), 4096, slots, 512) for slots in (1, 16))
    assert one.kv_bytes == many.kv_bytes
    assert one.buffers_bytes < many.buffers_bytes


def test_a_quantized_cache_is_smaller() -> None:
    full, packed = (estimate(header(**SMALL), 4096, 8, 512, kind).kv_bytes for kind in ("f16", "q8_0"))
    assert packed * 2 * 32 == full * 34


def test_attention_in_two_passes_holds_the_scores_of_all_heads() -> None:
    one, two = (estimate(header(**WIDE), 8192, 8, 512, one_pass=one_pass) for one_pass in (True, False))
    assert two.kv_bytes == one.kv_bytes
    assert two.buffers_bytes - one.buffers_bytes == 512 * 32 * 8192 * 4


def test_head_counts_may_differ_by_layer() -> None:
    facts = SMALL | {"attention__head_count_kv": (2, 0, 1, 0)}
    assert estimate(header(**facts), 100, 1, 512).kv_bytes == 100 * 3 * (64 + 64) * 2


def test_stated_head_lengths_win_over_the_even_share() -> None:
    facts = SMALL | {"attention__key_length": 128, "attention__value_length": 96}
    assert estimate(header(**facts), 100, 1, 512).kv_bytes == 100 * 4 * 2 * (128 + 96) * 2


def test_an_encoder_keeps_nothing_between_steps() -> None:
    assert estimate(header("bert", **SMALL), 512, 1, 512).kv_bytes == 0


def test_recurrent_layers_keep_a_state_for_each_sequence() -> None:
    facts = {"block_count": 10, "ssm__inner_size": 100, "ssm__state_size": 16, "ssm__conv_kernel": 4}
    short, long = (estimate(header("mamba", **facts), context, 2, 512).kv_bytes for context in (1, 100_000))
    assert short == long == 2 * 10 * (1600 + 800) * 4


@pytest.mark.parametrize(
    ("facts", "weights", "context", "taken"),
    [
        # What llama.cpp reported for files of these shapes: weights, cache, compute and output buffers, in MiB.
        (SMALL, 198.52, 4096, 198.52 + 8 + 300.5 + 4.64),
        (SMALL, 198.52, 32_768, 198.52 + 64 + 300.5 + 4.64),
        (WIDE, 795.92, 4096, 795.92 + 48 + 120.01 + 0.98),
    ],
)
def test_the_total_is_what_llama_cpp_takes_or_a_little_more(
    facts: dict[str, object], weights: float, context: int, taken: float
) -> None:
    total = estimate(header(weights=int(weights * MIB), **facts), context, 8, 512).total_bytes / MIB
    assert taken <= total <= taken * 1.25


def test_the_parts_add_up() -> None:
    found = estimate(header(weights=12345, **SMALL), 4096, 8, 512)
    assert found.total_bytes == found.weights_bytes + found.kv_bytes + found.buffers_bytes
    assert (found.weights_bytes, found.context, found.slots) == (12345, 4096, 8)


def test_a_header_that_says_nothing_costs_its_weights_and_a_mask() -> None:
    assert estimate(header(weights=7), 4096, 8, 512).total_bytes == 7 + 4096 * 512 * 6


@given(st.integers(1, 10**6), st.integers(1, 64), st.integers(1, 4096))
def test_more_of_anything_never_takes_less(context: int, slots: int, batch: int) -> None:
    def total(c: int, s: int, b: int) -> int:
        return estimate(header(**SMALL), c, s, b).total_bytes

    assert total(context, slots, batch) <= min(
        total(context + 1, slots, batch), total(context, slots + 1, batch), total(context, slots, batch + 1)
    )


@given(st.integers(0, 2**64), st.integers(0, 2**64))
def test_absurd_headers_are_only_arithmetic(layers: int, heads: int) -> None:
    facts = SMALL | {"block_count": layers, "attention__head_count_kv": heads}
    assert estimate(header(**facts), 4096, 8, 512).total_bytes >= 0
