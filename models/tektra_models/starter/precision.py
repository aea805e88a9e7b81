"""In what the training run computes its products: what is fast on this device."""

from __future__ import annotations

import torch


def precision(device: str) -> torch.dtype:
    """bfloat16; on processors without AVX-512 float32, since products in bfloat16 take 5 to 35 times as long there."""
    narrow = device != "cpu" or torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return torch.bfloat16 if narrow else torch.float32


def narrowed(device: str) -> torch.autocast:
    """Compute in that precision inside the block."""
    return torch.autocast(device, torch.bfloat16, enabled=precision(device) is torch.bfloat16)
