"""How fast one loaded model reads and writes, and how surprised it is by a text."""

from __future__ import annotations

import math
import time

from tektra_models.backend import Feed
from tektra_models.errors import BadRequest
from tektra_models.generation import Sampling
from tektra_models.llamacpp import LlamaCppBackend

WARM_UP = 64
LEAST_PROMPT = 64
WRITTEN, LEAST_WRITTEN = 16, 4
"""Tokens that are written at a time; fewer where time is up."""
TIMES_AS_DEEP = 4
"""How many times its prompt a conversation is as long, behind which settings are timed."""
ODD = 7919
"""Tokens are chosen by multiples of it, so that no text repeats itself."""
WINDOW = 512
LEAST_TEXT = 64
MOST_TEXT = 4096


class Stopwatch:
    """Times one backend, whose cells are empty before and afterwards."""

    def __init__(self, backend: LlamaCppBackend) -> None:
        self._backend = backend
        self._sampler = backend.sampler(Sampling(temperature=0.0), [])
        self._warm_up()

    def prompt_length(self, seconds: float, most: int) -> int:
        """How long a prompt can be that takes no more than so many seconds: `most`, or half of it, or a quarter, …"""
        rate = WARM_UP / self._feed(WARM_UP, 0)
        length = most
        while length > LEAST_PROMPT and length / rate > seconds:
            length //= 2
        self._backend.cut(0, 0)
        return length

    def speed(self, prompt: int, until: float, *, deep: bool = False) -> tuple[float, float]:
        """Tokens a second, read and written: of several runs the fastest, since all that disturbs makes them slower.

        What is written stands behind the prompt, or, `deep`, behind a conversation of several such prompts.
        """
        reading, wrote = math.inf, math.inf
        while math.isinf(reading) or time.monotonic() < until:
            reading = min(reading, self._feed(prompt, 0) / prompt)
            behind = self._deepened(prompt) if deep else prompt
            wrote = min(wrote, self._write(behind, until))
            self._backend.cut(0, 0)
        return 1 / reading, 1 / wrote

    def _deepened(self, length: int) -> int:
        """Double what the cells hold, which takes far less time than computing it; how much they hold then."""
        most = min(TIMES_AS_DEEP * length, self._backend.context - WRITTEN - 1)
        behind = length
        while behind * 2 <= most and self._backend.repeat(0, behind):
            behind *= 2
        self._feed(1, behind)  # carries out what was moved
        self._backend.cut(0, behind)
        return behind

    def _write(self, position: int, until: float) -> float:
        """Seconds for one more token."""
        took: list[float] = []
        while len(took) < LEAST_WRITTEN or (len(took) < WRITTEN and time.monotonic() < until):
            took.append(self._feed(1, position + len(took)))
        return sum(took) / len(took)

    def _warm_up(self) -> None:
        """Bring the weights into memory."""
        self._feed(WARM_UP, 0)
        self._backend.cut(0, 0)

    def _feed(self, count: int, position: int) -> float:
        """Seconds that so many tokens take at once, the next one drawn."""
        tokens = [(position + place) * ODD % self._backend.vocabulary for place in range(count)]
        begun = time.monotonic()
        self._backend.decode([Feed(0, tokens, position, self._sampler)])
        return time.monotonic() - begun

    def close(self) -> None:
        """Release the sampler."""
        self._backend.free_sampler(self._sampler)


def tokens_of(backend: LlamaCppBackend, parts: list[tuple[str, bool]], *, special: bool) -> list[tuple[int, bool]]:
    """As much of a text as is looked at: each token, and whether it counts. Raises BadRequest for a text too short."""
    marked = [
        (token, counts) for part, counts in parts for token in backend.tokenize(part, special=special)
    ][:MOST_TEXT]  # fmt: skip
    if len(marked) < LEAST_TEXT:
        raise BadRequest(
            f"the text has {len(marked)} tokens, and from fewer than {LEAST_TEXT} nothing can be told",
            "Give a longer one; some pages are best.",
        )
    return marked


def perplexity(backend: LlamaCppBackend, marked: list[tuple[int, bool]]) -> float:
    """Among how many tokens the model wavers, on average: in each window in the second half, as llama.cpp does it."""
    window = min(WINDOW, backend.context, len(marked))
    surprise, count = 0.0, 0
    for at in range(0, len(marked) - window + 1, window):
        wanted = {place for place in range(window // 2, window) if marked[at + place][1]}
        surprise += backend.surprise([token for token, _ in marked[at : at + window]], wanted)
        count += len(wanted)
    return math.exp(surprise / max(count, 1))
