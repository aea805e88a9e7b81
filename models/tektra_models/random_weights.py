"""Honest files for timing: random weights in a model's own shape; what a step costs does not depend on values.

llama.cpp's quantizer says which tensor gets which type in a file of some type; the blocks of these types are then
filled with random bytes, all but their scales. So a file of half a gigabyte takes a second and not a minute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tektra_models.errors import Unsupported
from tektra_models.ggml_types import GGML_TYPES
from tektra_models.gguf_header import Header, LongArray, Tensor
from tektra_models.gguf_writer import TYPE_NUMBERS, tensor, write_gguf
from tektra_models.llamacpp_quantize import types_in

SCALES: dict[str, tuple[int, ...]] = {
    "Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "IQ4_NL": (0,), "IQ4_XS": (0,),
    "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,),
}  # fmt: skip
"""Where a block of each type keeps its 16-bit floats, which must not be just any bytes."""
SCALE = 2.0**-13
LAYER = re.compile(r"blk\.(\d+)\.")
ROWS = 32


@dataclass(frozen=True)
class Shape:
    """What a model is made of, perhaps only its first layers and as large a part of its vocabulary."""

    name: str
    metadata: dict[str, object]
    tensors: tuple[Tensor, ...]
    layers: int
    of_layers: int

    @property
    def weights(self) -> int:
        """How many there are."""
        return sum(each.elements for each in self.tensors)


def half_b() -> Shape:
    """The shape of Qwen2.5-0.5B, which is what is timed where no model is named."""
    width, heads, kv_heads, hidden, vocabulary, layers = 896, 14, 2, 4864, 151_936, 24
    kept = width // heads * kv_heads
    own = {
        "context_length": 32768, "embedding_length": width, "block_count": layers, "feed_forward_length": hidden,
        "attention.head_count": heads, "attention.head_count_kv": kv_heads, "vocab_size": vocabulary,
        "attention.layer_norm_rms_epsilon": 1e-6, "rope.freq_base": 1e6,
    }  # fmt: skip
    tensors = [tensor("token_embd.weight", (width, vocabulary), "F16"), tensor("output_norm.weight", (width,), "F32")]
    for layer in range(layers):
        sizes = {
            "attn_norm": (width,), "attn_q": (width, width), "attn_k": (width, kept), "attn_v": (width, kept),
            "attn_output": (width, width), "ffn_norm": (width,), "ffn_gate": (width, hidden),
            "ffn_up": (width, hidden), "ffn_down": (hidden, width),
        }  # fmt: skip
        tensors += [
            tensor(f"blk.{layer}.{name}.weight", size, "F16" if len(size) > 1 else "F32")
            for name, size in sizes.items()
        ]
    metadata = _metadata("llama", {f"llama.{key}": value for key, value in own.items()})
    return Shape("0.5B", metadata, tuple(tensors), layers, layers)


def shape_of(header: Header, name: str) -> Shape:
    """The shape of the model in a file; raises Unsupported where that is none that writes."""
    layers = header.layers
    if header.embedding_only or not layers or not header.vocabulary or not header.architecture:
        raise Unsupported(f'"{name}" is no model that writes text, and only such are tuned', "Name another one.")
    prefix = f"{header.architecture}."
    own = {k: v for k, v in header.metadata.items() if k.startswith(prefix) and not isinstance(v, LongArray)}
    metadata = _metadata(header.architecture, own | {f"{prefix}vocab_size": header.vocabulary})
    tensors = tuple(
        tensor(each.name, each.shape, "F32" if each.type == "F32" or len(each.shape) == 1 else "F16")
        for each in header.tensors
    )
    return Shape(name, metadata, tensors, layers, layers)


def _metadata(architecture: str, own: dict[str, object]) -> dict[str, object]:
    """A header without a vocabulary's texts: only how many there are."""
    return {"general.architecture": architecture, "tokenizer.ggml.model": "none"} | own


def cut(shape: Shape, most: int) -> Shape:
    """The first layers of a shape, and the same part of its vocabulary, so that about `most` weights are left."""
    layers = max(1, min(shape.of_layers, shape.of_layers * most // shape.weights))
    if layers == shape.of_layers:
        return shape
    architecture = shape.metadata["general.architecture"]
    full = shape.metadata[f"{architecture}.vocab_size"]
    assert isinstance(full, int)
    rows = max(ROWS, full * layers // shape.of_layers // ROWS * ROWS)
    metadata = {
        key: value[:layers] if isinstance(value, tuple) and len(value) == shape.of_layers else value
        for key, value in shape.metadata.items()
    } | {f"{architecture}.block_count": layers, f"{architecture}.vocab_size": rows}
    return replace(shape, metadata=metadata, tensors=_cut_tensors(shape, layers, full, rows), layers=layers)


def _cut_tensors(shape: Shape, layers: int, full: int, rows: int) -> tuple[Tensor, ...]:
    kept = [each for each in shape.tensors if not (at := LAYER.match(each.name)) or int(at[1]) < layers]
    return tuple(
        each
        if LAYER.match(each.name) or full not in each.shape
        else tensor(each.name, [rows if size == full else size for size in each.shape], each.type)
        for each in kept
    )


def write_random(shape: Shape, quantization: str, file_type: int, path: Path) -> None:
    """Write a file of this type; raises LoadFailed, Unsupported or OSError."""
    plan = path.with_suffix(".plan")
    try:
        write_gguf(plan, shape.metadata, shape.tensors, None)
        types = types_in(str(plan), file_type)
    finally:
        plan.unlink(missing_ok=True)
    tensors = [tensor(each.name, each.shape, types.get(each.name, each.type)) for each in shape.tensors]
    unknown = {each.type for each in tensors} - {*SCALES, "F32", "F16", "BF16"}
    if unknown:
        raise Unsupported(f"files of type {quantization} cannot be made up ({', '.join(sorted(unknown))})")
    chance = np.random.default_rng(1)
    write_gguf(path, shape.metadata | {"general.file_type": file_type}, tensors, lambda each: _random(each, chance))


def _random(each: Tensor, chance: np.random.Generator) -> bytes:
    """Random weights; the vectors that scale a layer are ones."""
    if each.type == "F32":
        values = (
            np.ones(each.elements, np.float32) if len(each.shape) == 1 else chance.random(each.elements, np.float32)
        )
        return values.tobytes()
    if each.type in ("F16", "BF16"):
        bits = chance.integers(0, 1 << 16, each.elements, np.uint16)
        small = (0x83FF, 0x2000) if each.type == "F16" else (0x807F, 0x3C00)
        return ((bits & small[0]) | small[1]).astype(np.uint16).tobytes()
    size = GGML_TYPES[TYPE_NUMBERS[each.type]].block_bytes
    blocks = np.frombuffer(bytearray(chance.bytes(each.bytes)), np.uint8).reshape(-1, size)
    scale = np.frombuffer(np.float16(SCALE).tobytes(), np.uint8)
    for at in SCALES[each.type]:
        blocks[:, at : at + 2] = scale
    return blocks.tobytes()
