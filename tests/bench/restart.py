"""The next turn of a long conversation after the daemon was restarted: with its attention states, and without."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import MODEL, at_once, fresh_tokens
from tests.harness import Tektra, installation

CONTEXT = 8192
TURN_TOKENS = 4000
OWN_TOKENS = 20


def measure_restart(cache: Path, runs: int) -> dict[str, Any]:
    """Seconds from the request to the first token, the daemon just started and the model not loaded."""
    path = random_gguf(HALF_B, cache)
    with remembering(path) as tektra:
        said = fresh_tokens(TURN_TOKENS)
        _, first_turn = at_once(tektra, [said], 2)
        with_states, known = zip(*(_next_turn(tektra, said) for _ in range(runs)), strict=True)
        loading = statistics.median(_next_turn(tektra, [])[0] for _ in range(runs))
        size = max(state.stat().st_size for state in _states(tektra))
        without_states, unknown = _next_turn(tektra, said, forget=True)
    again = statistics.median(with_states)
    return {
        "model": {"file": path.name, "bytes": path.stat().st_size},
        "conversation_tokens": TURN_TOKENS,
        "cached_tokens": known[0],
        "cached_tokens_without_states": unknown,
        "state_bytes": size,
        "first_turn_s": round(first_turn, 3),
        "after_restart_s": round(again, 3),
        "after_restart_without_states_s": round(without_states, 3),
        "loading_and_a_short_prompt_s": round(loading, 3),
        "ratio": round(again / without_states, 4),
    }


@contextmanager
def remembering(path: Path) -> Iterator[Tektra]:
    """A Tektra of its own on all cores, as it comes but for the context; the model is loaded and has answered."""
    with installation() as tektra:
        del tektra.env["TEKTRA_THREADS"]
        tektra.env["TEKTRA_CONTEXT"] = str(CONTEXT)
        tektra.start()
        tektra.json("models", "import", str(path), "--name", MODEL)
        at_once(tektra, [fresh_tokens(OWN_TOKENS)], 1)
        yield tektra


def restarted(tektra: Tektra) -> float:
    """Stop the daemon and start it again; seconds that the start took."""
    tektra.stop()
    begun = time.perf_counter()
    tektra.start()
    return time.perf_counter() - begun


def _states(tektra: Tektra) -> list[Path]:
    return list((tektra.home / "cache/tektra/states").glob("*.kv"))


def _next_turn(tektra: Tektra, said: list[int], *, forget: bool = False) -> tuple[float, int]:
    """Restart the daemon; seconds of what was said and a little more to its first token, and how much was known."""
    if forget:
        tektra.stop()
        for state in _states(tektra):
            state.unlink()
    restarted(tektra)
    (usage,), took = at_once(tektra, [said + fresh_tokens(OWN_TOKENS)], 1)
    return took, usage["prompt_tokens_details"]["cached_tokens"]
