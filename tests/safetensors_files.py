"""Safetensors files and model folders written by hand, without torch."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "vocab_size": 100,
}
TENSORS = {"model.embed_tokens.weight": (100, 64), "model.layers.0.mlp.up_proj.weight": (128, 64)}


def stored(header: object, data: bytes = b"", *, length: int | None = None) -> bytes:
    """A file with this header, which may be JSON already, and these bytes behind it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def tensors(shapes: dict[str, tuple[int, ...]]) -> bytes:
    """A file of zeros in bfloat16."""
    header: dict[str, object] = {}
    at = 0
    for name, shape in shapes.items():
        size = 2 * prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    return stored(header, bytes(at))


def write_model(folder: Path, **changes: Any) -> Path:
    """A folder as transformers writes it, with a tokenizer that is none; `changes` go into its config.json."""
    folder.mkdir()
    config = {key: value for key, value in (CONFIG | changes).items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(tensors(TENSORS))
    (folder / "tokenizer.json").write_text("{}")
    return folder
