"""In what the training run computes its products: what is fast on this device."""

from __future__ import annotations

import torch


def has_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16 itself, as far as this PyTorch knows."""
    told = getattr(torch.cpu, "get_capabilities", None)
    return told is not None and bool(told().get("avx512_bf16"))


def precision(device: str) -> torch.dtype:
    """bfloat16; on processors without instructions for it float32, since products take 3 to 35 times as long there."""
    narrow = device != "cpu" or has_bfloat16()
    return torch.bfloat16 if narrow else torch.float32


def narrowed(device: str) -> torch.autocast:
    """Compute in that precision inside the block."""
    return torch.autocast(device, torch.bfloat16, enabled=precision(device) is torch.bfloat16)
