"""Writes LoRA adapters as GGUF files, right ones and wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np

Pairs = dict[str, tuple[Any, Any]]
"""By the name of the weight: A (rank, columns) and B (rows, rank)."""


def random_pairs(sizes: dict[str, tuple[int, int]], rank: int = 4) -> Pairs:
    """Pairs for weights of these (rows, columns)."""
    chance = np.random.default_rng(7)

    def random(*shape: int) -> Any:
        return chance.standard_normal(shape, dtype=np.float32) * np.float32(0.1)

    return {name: (random(rank, columns), random(rows, rank)) for name, (rows, columns) in sizes.items()}


def write_adapter(
    path: Path,
    pairs: Pairs,
    *,
    architecture: str = "llama",
    kind: str = "adapter",
    form: str = "lora",
    alpha: float | str = 8.0,
    others: dict[str, Any] | None = None,
    invoked: bool = False,
) -> Path:
    """Write an adapter; `others` are tensors beside the pairs."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_string("adapter.type", form)
    if isinstance(alpha, str):
        writer.add_string("adapter.lora.alpha", alpha)
    else:
        writer.add_float32("adapter.lora.alpha", alpha)
    if invoked:
        writer.add_array("adapter.alora.invocation_tokens", [1, 2])
    for name, (a, b) in pairs.items():
        writer.add_tensor(f"{name}.lora_a", a)
        writer.add_tensor(f"{name}.lora_b", b)
    for name, values in (others or {}).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
