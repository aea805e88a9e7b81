"""Four answers under way while a long prompt arrives: how long each waits for a token, and what the prompt pays."""

from __future__ import annotations

import itertools
import statistics
import time
from pathlib import Path
from typing import Any

from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import Request, Server, ask, asking, at_once, benchmarked, completion, fresh_tokens

CONTEXT = 8192
STREAMS = 4
OWN_TOKENS = 20
PROMPT_TOKENS = 2700
DECODED = 120
UNDER_WAY = 5
"""Tokens of each running answer before the long prompt arrives."""


def measure_gaps(cache: Path) -> dict[str, Any]:
    """Seconds between two tokens of a running answer while 2,700 tokens are read, and to the first token of those."""
    path = random_gguf(HALF_B, cache)
    with benchmarked(path, CONTEXT) as tektra:
        _, alone = at_once(tektra, [fresh_tokens(PROMPT_TOKENS)], 1)
        running = [completion(fresh_tokens(OWN_TOKENS), DECODED) for _ in range(STREAMS)]
        gaps, took = gaps_beside(tektra, completion(fresh_tokens(PROMPT_TOKENS), 1), running)
    return {
        "gaps": len(gaps),
        "gap_s": {"median": round(statistics.median(gaps), 3), "p99": round(p99(gaps), 3)},
        "long_prompt_s": {"beside_four": round(took, 2), "alone": round(alone, 2), "ratio": round(took / alone, 2)},
    }


def gaps_beside(server: Server, long: Request, running: list[Request]) -> tuple[list[float], float]:
    """Seconds between two tokens of running answers while a long prompt is read, in order; and how long that took."""
    with asking(server, running) as (answers, heard):
        while not all(len(answer.lines) > UNDER_WAY for answer in answers):
            if any(each.done() for each in heard):
                raise RuntimeError("an answer was over before the long prompt could arrive")
            time.sleep(0.02)
        (arrived,) = ask(server, [long])
    gaps = sorted(
        after - before
        for answer in answers
        for (before, _), (after, _) in itertools.pairwise(answer.pieces)
        if after > arrived.asked and before < arrived.ended
    )
    return gaps, arrived.ended - arrived.asked


def p99(ordered: list[float]) -> float:
    """The value that one in a hundred exceeds."""
    return ordered[int(0.99 * len(ordered))]
