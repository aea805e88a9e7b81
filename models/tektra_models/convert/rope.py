"""How positions are turned into angles, and how that is stretched for long contexts."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from gguf import GGUFWriter, RopeScalingType
from numpy.typing import NDArray

from tektra_models.convert.plan import Positive, Size
from tektra_models.errors import Unsupported

PLAIN = ("default", "llama3")


class Rope(msgspec.Struct, frozen=True):
    """`rope_scaling` or `rope_parameters` of a config.json."""

    rope_theta: Positive | None = None
    rope_type: str | None = None
    type: str | None = None
    factor: Positive = 1.0
    original_max_position_embeddings: Size | None = None
    low_freq_factor: Positive = 1.0
    high_freq_factor: Positive = 4.0
    beta_fast: Positive | None = None
    beta_slow: Positive | None = None
    attention_factor: Positive | None = None
    mscale: Positive | None = None
    mscale_all_dim: Positive | None = None
    partial_rotary_factor: Positive = 1.0

    @property
    def kind(self) -> str:
        """What it does; old files say it under another name."""
        return self.rope_type or self.type or "default"


def describe_rope(writer: GGUFWriter, rope: Rope, theta: float, context: int) -> None:
    """Write how angles are made; raises Unsupported for ways that llama.cpp has not, or computes otherwise."""
    if rope.partial_rotary_factor != 1:
        raise Unsupported("The model turns a part of each head only, which its family does not.")
    writer.add_rope_freq_base(theta)
    if rope.kind in PLAIN:
        return
    if rope.kind == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope.factor)
        return
    if rope.kind != "yarn" or rope.attention_factor or rope.mscale or rope.mscale_all_dim:
        raise Unsupported(
            f"The model stretches its positions in a way that is not known here ({rope.kind}).",
            "Known are linear, llama3, and yarn with its usual attention factor.",
        )
    writer.add_rope_scaling_type(RopeScalingType.YARN)
    writer.add_rope_scaling_factor(rope.factor)
    writer.add_rope_scaling_orig_ctx_len(rope.original_max_position_embeddings or context)
    if rope.beta_fast:
        writer.add_rope_scaling_yarn_beta_fast(rope.beta_fast)
    if rope.beta_slow:
        writer.add_rope_scaling_yarn_beta_slow(rope.beta_slow)


def llama3_factors(rope: Rope, theta: float, width: int, context: int) -> NDArray[np.float32]:
    """By what llama.cpp divides each pair's speed: fast pairs stay, slow ones are stretched, between is a ramp."""
    speeds = theta ** (-np.arange(0, width, 2, dtype=np.float64) / width)
    turns = (rope.original_max_position_embeddings or context) * speeds / (2 * math.pi)
    low, high = rope.low_freq_factor, rope.high_freq_factor
    if not low < high:
        raise Unsupported(f"The model's positions are stretched between {low} and {high} turns, which is no range.")
    kept = np.clip((turns - low) / (high - low), 0, 1)
    factors: NDArray[Any] = 1 / ((1 - kept) / rope.factor + kept)
    return factors.astype(np.float32)
