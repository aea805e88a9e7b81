"""Writing a text most of which stands in the prompt, with and without drafts; and one that repeats nothing."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import ask, benchmarked, completion
from tests.harness import Tektra

CONTEXT = 4096
WRITTEN = 300
EDITED = 25
"""One token in so many is another in the text that the prompt holds."""


def measure_drafts(cache: Path, pairs: int) -> dict[str, Any]:
    """Tokens per second of one stream behind its first."""
    path = random_gguf(HALF_B, cache, counting=True)
    with ExitStack() as stack:
        without, drafting = (
            stack.enter_context(benchmarked(path, CONTEXT, TEKTRA_DRAFTS=drafts)) for drafts in ("0", "15")
        )
        speeds = {
            text: [
                (_speed(without, 10_000 * number, edited), _speed(drafting, 10_000 * number, edited))
                for number in range(1, pairs + 1)
            ]
            for text, edited in (("edited_text", EDITED), ("same_text", 0), ("new_text", 1))
        }
    return {"model": {"file": path.name, "bytes": path.stat().st_size}} | {
        text: {
            "without_tokens_per_s": round(statistics.median(before for before, _ in pairs), 2),
            "drafting_tokens_per_s": round(statistics.median(after for _, after in pairs), 2),
            "ratio": round(statistics.median(after / before for before, after in pairs), 3),
        }
        for text, pairs in speeds.items()
    }


def _speed(tektra: Tektra, begin: int, edited: int) -> float:
    (answer,) = ask(tektra, [completion(prompt_holding(WRITTEN, begin, edited), WRITTEN)])
    return (WRITTEN - 1) / answer.decode_s


def prompt_holding(written: int, begin: int, edited: int) -> list[int]:
    """A prompt that holds the answer but for one token in `edited` (0: none, 1: all), and its first tokens again."""
    text = range(begin, begin + written + 4)
    held = [token + 50_000 if edited and place % edited == edited - 1 else token for place, token in enumerate(text)]
    return [*held, 9, *text[:4]]
