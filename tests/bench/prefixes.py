"""Eight requests that share a long beginning, at once; a conversation's next turn; decoding beside kept cells."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import ask, at_once, benchmarked, completion, fresh_tokens
from tests.harness import Tektra

CONTEXT = 16384
SHARED_TOKENS = 1300
OWN_TOKENS = 20
TURN_TOKENS = 4000
DECODED = 96


def measure_prefixes(cache: Path, runs: int) -> dict[str, Any]:
    """Seconds to the last first token of eight requests: with a common beginning, with none, and of one alone."""
    path = random_gguf(HALF_B, cache)
    with benchmarked(path, CONTEXT) as tektra:
        at_once(tektra, [fresh_tokens(OWN_TOKENS)], 2)  # warm up
        empty = _decoding(tektra)
        apart = _first_tokens(tektra, [_prompt([]) for _ in range(8)])[0]
        alone = [_first_tokens(tektra, [_prompt([])])[0] for _ in range(runs)]
        together, cached = zip(*(_eight_alike(tektra) for _ in range(runs)), strict=True)
        first_turn, next_turn = _two_turns(tektra)
        full = _decoding(tektra)
    return {
        "model": {"file": path.name, "bytes": path.stat().st_size},
        "shared_tokens": SHARED_TOKENS,
        "eight_alike_s": round(statistics.median(together), 3),
        "eight_alike_cached_tokens": cached[0],
        "eight_apart_s": round(apart, 3),
        "one_alone_s": round(statistics.median(alone), 3),
        "ratio_to_apart": round(statistics.median(together) / apart, 3),
        "ratio_to_one_alone": round(statistics.median(together) / statistics.median(alone), 3),
        "first_turn_s": round(first_turn, 3),
        "next_turn_s": round(next_turn, 3),
        "decode_tokens_per_s": {"no_cells_kept": round(empty, 2), "all_cells_kept": round(full, 2)},
    }


def _prompt(shared: list[int]) -> list[int]:
    return shared + fresh_tokens(SHARED_TOKENS + OWN_TOKENS - len(shared))


def _first_tokens(tektra: Tektra, prompts: list[list[int]]) -> tuple[float, int]:
    """Seconds until the last of several requests has its first token, and how many tokens were known before."""
    usages, took = at_once(tektra, prompts, 1)
    return took, sum(usage["prompt_tokens_details"]["cached_tokens"] for usage in usages)


def _eight_alike(tektra: Tektra) -> tuple[float, int]:
    shared = fresh_tokens(SHARED_TOKENS)
    return _first_tokens(tektra, [_prompt(shared) for _ in range(8)])


def _two_turns(tektra: Tektra) -> tuple[float, float]:
    """Seconds to the first token of a long prompt, and of the same prompt with a little more behind it."""
    said = fresh_tokens(TURN_TOKENS)
    first, _ = _first_tokens(tektra, [said])
    after, _ = _first_tokens(tektra, [said + fresh_tokens(OWN_TOKENS)])
    return first, after


def _decoding(tektra: Tektra) -> float:
    """Tokens per second of one stream, its prompt read."""
    (answer,) = ask(tektra, [completion(fresh_tokens(OWN_TOKENS), DECODED + 1)])
    return DECODED / answer.decode_s
