"""Attention in one pass (flash attention) against attention in two on this processor: some tokens behind many.

`auto` is llama.cpp's choice, which is one pass on processors.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from tektra_models.backend import Feed
from tektra_models.gguf import read_header
from tektra_models.llamacpp import LlamaCppBackend
from tektra_models.spec import FlashAttention, Spec
from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import fresh_tokens

CONTEXT = 4096
BATCH = 256
DEPTHS = (320, 1300, 2600)
STEPS = {1: 16, 4: 6, 16: 4, 64: 3, 256: 2}
"""Tokens of a step, and how many pairs of such steps are timed."""
ONE_PASS, TWO_PASSES = "auto", "off"


def measure_attention(cache: Path) -> list[dict[str, Any]]:
    """Seconds of a step in one pass and in two, and the median ratio of the pairs, for every depth and size."""
    path = random_gguf(HALF_B, cache)
    backends = [_opened(path, kind) for kind in (ONE_PASS, TWO_PASSES)]
    rows: list[dict[str, Any]] = []
    for depth in DEPTHS:
        for backend in backends:
            _read_up_to(backend, depth)
        for count, pairs in STEPS.items():
            took = [[_step(backend, depth, count) for backend in backends] for _ in range(pairs)]
            rows.append({
                "behind": depth,
                "tokens": count,
                "one_pass_s": round(statistics.median(one for one, _ in took), 4),
                "two_passes_s": round(statistics.median(two for _, two in took), 4),
                "ratio": round(statistics.median(two / one for one, two in took), 3),
            })  # fmt: skip
    for backend in backends:
        backend.close()
    return rows


def _opened(path: Path, kind: FlashAttention) -> LlamaCppBackend:
    spec = Spec(name="attention", path=str(path), context=CONTEXT, slots=1, batch=BATCH, flash_attention=kind)
    return LlamaCppBackend(spec, read_header(path))


def _read_up_to(backend: LlamaCppBackend, depth: int) -> None:
    """Fill the cells from nothing."""
    backend.cut(0, 0)
    tokens = fresh_tokens(depth)
    for begin in range(0, depth, BATCH):
        backend.decode([Feed(0, tokens[begin : begin + BATCH], begin, None)])


def _step(backend: LlamaCppBackend, depth: int, count: int) -> float:
    """Seconds for so many tokens behind `depth` others, which alone are left afterwards."""
    feed = Feed(0, fresh_tokens(count), depth, None)
    begun = time.perf_counter()
    backend.decode([feed])
    took = time.perf_counter() - begun
    backend.cut(0, depth)
    return took
