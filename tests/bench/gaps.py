"""Four answers under way while a long prompt arrives: how long each waits for a token, and what the prompt pays."""

from __future__ import annotations

import itertools
import json
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import at_once, benchmarked, body_of, connected, fresh_tokens, lines_of
from tests.harness import Tektra

CONTEXT = 8192
STREAMS = 4
PROMPT_TOKENS = 2700
DECODED = 120


def measure_gaps(cache: Path) -> dict[str, Any]:
    """Seconds between two tokens of a running answer while 2,700 tokens are read, and to the first token of those."""
    path = random_gguf(HALF_B, cache)
    with benchmarked(path, CONTEXT) as tektra:
        _, alone = at_once(tektra, [fresh_tokens(PROMPT_TOKENS)], 1)
        times: list[list[float]] = [[] for _ in range(STREAMS)]
        threads = [threading.Thread(target=_listen, args=(tektra, said)) for said in times]
        for thread in threads:
            thread.start()
        while not all(len(said) > 5 for said in times):
            time.sleep(0.05)
        begun = time.perf_counter()
        _, took = at_once(tektra, [fresh_tokens(PROMPT_TOKENS)], 1)
        for thread in threads:
            thread.join()
    gaps = sorted(
        after - before
        for said in times
        for before, after in itertools.pairwise(said)
        if after > begun and before < begun + took
    )
    return {
        "gaps": len(gaps),
        "gap_s": {"median": round(statistics.median(gaps), 3), "p99": round(gaps[int(0.99 * len(gaps))], 3)},
        "long_prompt_s": {"beside_four": round(took, 2), "alone": round(alone, 2), "ratio": round(took / alone, 2)},
    }


def _listen(tektra: Tektra, said: list[float]) -> None:
    connection = connected(tektra)
    said.extend(
        time.perf_counter()
        for line in lines_of(connection, body_of(fresh_tokens(20), DECODED))
        if line.startswith(b"data: {") and json.loads(line.removeprefix(b"data: "))["choices"]
    )
    connection.close()
