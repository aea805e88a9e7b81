"""Foretells how many bytes a model will take once loaded; pure, so that the pool can decide before opening it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tektra_models.gguf_header import Header, PerLayer
from tektra_models.model_directory import ModelDirectory
from tektra_models.safetensors_header import StoredTensor
from tektra_models.spec import IDLE_HOLDERS, Weights

# Bytes per value as (bytes, values): a q8_0 block packs 32 values into 34 bytes.
KV_TYPES = {"f32": (4, 1), "f16": (2, 1), "bf16": (2, 1), "q8_0": (34, 32), "q5_1": (24, 32), "q4_0": (18, 32)}

F32 = 4
# llama.cpp keeps each token's text, score and look-up entries, and its merges: 180 to 230 bytes a token were measured.
VOCABULARY_ENTRY = 256
# Four bits, and a scale and a zero of 16 bits for each 32 values.
INT4 = 0.5 + 4 / 32
# Python with torch and transformers, before any model.
TORCH = 350 << 20


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that a loaded model takes, and the context and slots that this is true for."""

    weights_bytes: int
    kv_bytes: int
    buffers_bytes: int
    total_bytes: int
    context: int
    slots: int


def estimate(
    header: Header,
    context: int,
    slots: int,
    batch: int,
    kv_type: str = "f16",
    adapters: Sequence[Header] = (),
    *,
    one_pass: bool = True,
) -> Estimate:
    """Estimate what the model takes with `context` KV cells that all `slots` share and `batch` tokens at once.

    `one_pass` says that attention is computed in one pass (flash attention).
    """
    weights = header.weights_bytes + sum(adapter.weights_bytes for adapter in adapters)
    kv = _kv_bytes(header, context, kv_type) + _state_bytes(header, slots)
    buffers = buffers_bytes(header, context, slots, batch, one_pass=one_pass)
    return _summed(weights, kv, buffers, context, slots)


def estimate_directory(found: ModelDirectory, context: int, slots: int, batch: int, weights: Weights) -> Estimate:
    """The same for a directory's model under torch, which computes in the stored type, or in 16 bits if quantized."""
    size = F32 if weights == "stored" and found.dtype in ("F32", "F64") else 2
    held = sum(int(tensor.elements * _bytes_per_weight(tensor, weights, size)) for tensor in found.tensors)
    heads = found.number("num_attention_heads") or 1
    width = found.number("hidden_size") or 0
    row = (found.number("num_key_value_heads") or heads) * (found.number("head_dim") or width // heads)
    kv = 2 * context * (found.number("num_hidden_layers") or 0) * row * size
    layer = (3 * (found.number("intermediate_size") or 0) + 8 * width) * size
    buffers = TORCH + batch * layer + slots * (found.number("vocab_size") or 0) * 4 * F32
    return _summed(held, kv, buffers, context, slots)


def _summed(weights: int, kv: int, buffers: int, context: int, slots: int) -> Estimate:
    return Estimate(
        weights_bytes=weights,
        kv_bytes=kv,
        buffers_bytes=buffers,
        total_bytes=weights + kv + buffers,
        context=context,
        slots=slots,
    )


def _bytes_per_weight(tensor: StoredTensor, weights: Weights, size: int) -> float:
    # As torch_weights.py does it: matrices of layers as asked for, the last one in 8 bits, the input embedding whole.
    inside = len(tensor.shape) == 2 and not any(mark in tensor.name for mark in ("embed", "wte", "wpe", "norm"))
    if weights == "stored" or not inside:
        return size
    return 1 if weights == "int8" or "lm_head" in tensor.name else INT4


def _kv_bytes(header: Header, context: int, kv_type: str) -> int:
    # The cache is one pool of cells for all sequences, so slots do not multiply it. Sliding-window layers are counted
    # in full, as llama.cpp keeps them unless told otherwise.
    return _cells_bytes(header, _sum_over_layers(header.kv_heads, header.layers or 0), context, kv_type)


def layer_bytes(header: Header, layer: int, context: int, slots: int, kv_type: str = "f16") -> int:
    """What one layer keeps of all sequences: its part of the cells, and its states."""
    heads = header.kv_heads
    own = (heads[layer] if layer < len(heads) else 0) if isinstance(heads, tuple) else heads or 0
    return _cells_bytes(header, own, context, kv_type) + slots * _state_values(header) * F32


def _cells_bytes(header: Header, heads: int, context: int, kv_type: str) -> int:
    if header.encoder:
        return 0
    size, values = KV_TYPES[kv_type]
    head_bytes = ((header.head_dim_k or 0) + (header.head_dim_v or 0)) * size
    return context * heads * head_bytes // values


def _state_bytes(header: Header, slots: int) -> int:
    return slots * (header.layers or 0) * _state_values(header) * F32


def _state_values(header: Header) -> int:
    # Recurrent layers keep one state for each sequence, whatever its length: a convolution tail and a matrix, in f32.
    inner = header.own_number("ssm.inner_size") or 0
    matrix = inner * (header.own_number("ssm.state_size") or 0)
    tail = inner * (header.own_number("ssm.conv_kernel") or 0)
    return matrix + 2 * tail


def buffers_bytes(header: Header, context: int, slots: int, batch: int, *, one_pass: bool = True) -> int:
    """What computing a step takes beside weights and cells."""
    # llama.cpp reserves one compute buffer for its largest step and reuses it along the graph, so what counts is the
    # wider of two moments: the end, where a whole batch has logits beside the hidden state and its normed copy; and
    # one layer, with three feed-forward activations, the hidden state four times, queries, and the attention mask
    # (f32 and its f16 copy). Measured: 300.5 MiB for a vocabulary of 152,064 and width 896 (the end), 120 MiB for
    # width 4096 and 14336 inside (a layer); these formulas give 300.5 and 132.
    vocabulary = header.vocabulary or 0
    width = header.embedding_length or 0
    queries = header.most_heads * (header.head_dim_k or 0)
    end = (vocabulary + 2 * width) * F32
    layer = (3 * (header.feed_forward_length or 0) + 4 * width + queries) * F32 + context * (F32 + 2)
    if not one_pass:  # every head's scores for all cells
        layer += header.most_heads * context * F32
    # Beside it: one row of logits for each sequence, also for kept ones, and the sampler's candidates for running ones.
    rows = (slots + IDLE_HOLDERS) * (vocabulary + width) * F32 + slots * vocabulary * 12
    return batch * max(end, layer) + rows + vocabulary * VOCABULARY_ENTRY


def _sum_over_layers(heads: PerLayer | None, layers: int) -> int:
    if isinstance(heads, tuple):
        return sum(heads)
    return (heads or 0) * layers
