"""Decoding through command line, socket, daemon and worker against the bare loop, in turn, on the same work."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.bare import bare
from tests.bench.comparison import compared
from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import MODEL, at_once, benchmarked, fresh_tokens
from tests.harness import Tektra

CONTEXT = 2048
ONE_TOKENS = 96
EIGHT_TOKENS = 96
PROMPT_TOKENS = 32


def measure(cache: Path, pairs: int) -> dict[str, Any]:
    """Return tokens per second of both ways, one and eight streams, with the ratio of each pair."""
    path = random_gguf(HALF_B, cache)
    with benchmarked(path, CONTEXT) as tektra:
        _one_stream(tektra)  # warm up
        one = [
            (_one_stream(tektra), bare(path, 1, PROMPT_TOKENS, ONE_TOKENS)["decode_tokens_per_s"]) for _ in range(pairs)
        ]
        eight = [
            (_eight_streams(tektra), bare(path, 8, PROMPT_TOKENS, EIGHT_TOKENS)["total_tokens_per_s"])
            for _ in range(pairs)
        ]
    bandwidth = memory_bandwidth()
    return {
        "model": {"file": path.name, "bytes": path.stat().st_size},
        "one_stream": compared(one, "tektra", "bare"),
        "eight_streams": compared(eight, "tektra", "bare"),
        "floor": {
            "memory_bytes_per_s": round(bandwidth),
            "one_stream_tokens_per_s": round(bandwidth / path.stat().st_size, 1),
        },
    }


def _one_stream(tektra: Tektra) -> float:
    """`tektra chat --jsonl` in a process of its own; seconds from its first delta to its last."""
    command = [sys.executable, "-m", "tektra_cli", "chat", "--jsonl", "--model", MODEL, "--temperature", "0"]
    command += ["--max-tokens", str(ONE_TOKENS), "w1 w2 w3 w4 w5 w6"]
    first = 0.0
    with subprocess.Popen(command, env=tektra.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["type"] == "delta":
                first = first or time.perf_counter()
            elif event["type"] == "finish":
                tokens = event["usage"]["completion_tokens"]
                return float((tokens - 1) / (time.perf_counter() - first))
    raise RuntimeError("the answer did not finish")


def _eight_streams(tektra: Tektra) -> float:
    """Eight requests at once, none of which begins as another; all their tokens over the time they took."""
    usages, took = at_once(tektra, [fresh_tokens(PROMPT_TOKENS) for _ in range(8)], EIGHT_TOKENS)
    return sum(usage["completion_tokens"] for usage in usages) / took


def memory_bandwidth() -> float:
    """Bytes per second that all cores together read from memory."""
    arrays = [np.ones(32 << 20, dtype=np.float64) for _ in range(2)]
    best = 0.0
    for _ in range(5):
        threads = [threading.Thread(target=array.sum) for array in arrays]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = max(best, sum(array.nbytes for array in arrays) / (time.perf_counter() - started))
    return best
