"""Writes small but whole GGUF files for tests, with the `gguf` library that others use for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np


def write_gguf(
    path: Path, architecture: str = "llama", extra: dict[str, Any] | None = None, seed: int = 0, **sizes: int
) -> Path:
    """Write a llama-shaped model; `sizes` overrides layers, width, heads, kv_heads, inner, vocabulary, context."""
    size = {"layers": 2, "width": 64, "heads": 4, "kv_heads": 2, "inner": 96, "vocabulary": 100, "context": 512} | sizes
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Tiny Test")
    writer.add_block_count(size["layers"])
    writer.add_context_length(size["context"])
    writer.add_embedding_length(size["width"])
    writer.add_feed_forward_length(size["inner"])
    writer.add_head_count(size["heads"])
    writer.add_head_count_kv(size["kv_heads"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"token {index} é" for index in range(size["vocabulary"])])
    writer.add_token_types([1] * size["vocabulary"])
    writer.add_chat_template("{{ messages }}")
    for key, value in (extra or {}).items():
        _add(writer, key, value)
    _add_tensors(writer, size, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    elif isinstance(value, list):
        writer.add_array(key, value)
    else:
        writer.add_uint32(key, value)


def _add_tensors(writer: gguf.GGUFWriter, size: dict[str, int], chance: np.random.Generator) -> None:
    def add(name: str, rows: int, columns: int) -> None:
        values = chance.standard_normal((rows, columns), dtype=np.float32)
        packed = gguf.quantize(values, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    width, inner = size["width"], size["inner"]
    kept = width // size["heads"] * size["kv_heads"]
    add("token_embd.weight", size["vocabulary"], width)
    writer.add_tensor("output_norm.weight", np.ones(width, dtype=np.float32))
    for layer in range(size["layers"]):
        block = f"blk.{layer}"
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}.{name}.weight", np.ones(width, dtype=np.float32))
        for name, rows in (("attn_q", width), ("attn_k", kept), ("attn_v", kept), ("attn_output", width)):
            add(f"{block}.{name}.weight", rows, width)
        add(f"{block}.ffn_gate.weight", inner, width)
        add(f"{block}.ffn_up.weight", inner, width)
        add(f"{block}.ffn_down.weight", width, inner)
