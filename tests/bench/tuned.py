"""What tuning is worth: the type and the settings that it chooses, against Q4_K_M as everybody loads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.comparison import compared
from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import at_once, benchmarked, fresh_tokens, load, started
from tests.harness import Tektra

CONTEXT = 4096
PROMPT_TOKENS = 1024
WRITTEN = 128


def measure_tuned(cache: Path, pairs: int) -> dict[str, Any]:
    """Tokens per second of both, read and written by one stream, with the ratio of each pair."""
    with tuned_tektra(cache) as (tuned, tuning), benchmarked(random_gguf(HALF_B, cache), CONTEXT) as customary:
        for tektra in (tuned, customary):
            _speeds(tektra)  # warm up
        measured = [(_speeds(tuned), _speeds(customary)) for _ in range(pairs)]
        (loaded,) = tuned.json("models", "ps")["models"]
    return {
        "chosen": tuning["preferred"]["4-bit"],
        "settings": loaded["settings"],
        "tuning": {key: tuning[key] for key in ("speeds", "trials", "seconds", "load_average")},
        "prompt": compared([(ours[0], usual[0]) for ours, usual in measured], "tuned", "customary"),
        "decode": compared([(ours[1], usual[1]) for ours, usual in measured], "tuned", "customary"),
    }


@contextmanager
def tuned_tektra(cache: Path) -> Iterator[tuple[Tektra, dict[str, Any]]]:
    """A Tektra that was tuned and then loaded the best 4-bit file with what was found; and what was found."""
    with started() as tektra:
        done = tektra.run("models", "tune", "--json", timeout=600)
        tuning = json.loads(done.stdout)
        if done.returncode != 0:
            raise RuntimeError(tuning["error"]["message"])
        load(tektra, random_gguf(HALF_B, cache, tuning["preferred"]["4-bit"]), CONTEXT)
        yield tektra, tuning


def _speeds(tektra: Tektra) -> tuple[float, float]:
    """Tokens per second that are read, and that are written behind them."""
    _, reading = at_once(tektra, [fresh_tokens(PROMPT_TOKENS)], 1)
    _, both = at_once(tektra, [fresh_tokens(PROMPT_TOKENS)], WRITTEN)
    return PROMPT_TOKENS / reading, (WRITTEN - 1) / (both - reading)
