"""Chooses a token by its logits, in the order of llama.cpp's chains: where there is none, and where the best is wanted.

Bias, penalties over what was generated, top-k, top-p, min-p, temperature, a seeded draw; temperature 0: the best.
"""

from __future__ import annotations

from collections import Counter, deque

import numpy as np
from numpy.typing import NDArray

from tektra_models.errors import BadRequest
from tektra_models.generation import Sampling

Logits = NDArray[np.float32]


class LogitSampler:
    """The choices of one sequence: what was generated so far, and a stream of random numbers of its own."""

    def __init__(self, sampling: Sampling, vocabulary: int) -> None:
        if not all(0 <= token < vocabulary for token, _ in sampling.logit_bias):
            raise BadRequest(f"logit_bias names a token outside the vocabulary of {vocabulary}")
        self._how = sampling
        self._last: deque[int] = deque(maxlen=max(sampling.penalty_window, 0))
        self._random = np.random.default_rng(None if sampling.seed is None else sampling.seed & 0xFFFFFFFF)
        self._penalizes = (sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty) != (1, 0, 0)

    def accept(self, token: int) -> None:
        """Let penalties know of a token."""
        self._last.append(token)

    def draw(self, logits: Logits) -> int:
        """Choose by logits, (vocabulary,), which are changed on the way."""
        for token, bias in self._how.logit_bias:
            logits[token] += bias
        if self._penalizes:
            self._penalize(logits)
        token = int(logits.argmax()) if self._how.temperature <= 0 else self._drawn(logits)
        self.accept(token)
        return token

    def _penalize(self, logits: Logits) -> None:
        how = self._how
        for token, count in Counter(self._last).items():
            logit = logits[token]
            logit = logit * how.repeat_penalty if logit <= 0 else logit / how.repeat_penalty
            logits[token] = logit - count * how.frequency_penalty - how.presence_penalty

    def _drawn(self, logits: Logits) -> int:
        how = self._how
        candidates = best(logits, how.top_k or len(logits))
        chances = softmax(logits[candidates])
        kept = len(chances)
        if how.top_p < 1:
            kept = int(np.searchsorted(chances.cumsum(), how.top_p)) + 1
        if how.min_p > 0:
            kept = min(kept, int(np.count_nonzero(chances >= chances[0] * how.min_p)))
        chances = softmax(logits[candidates[: max(kept, 1)]], how.temperature)
        place = int(np.searchsorted(chances.cumsum(), self._random.random(), side="right"))
        return int(candidates[min(place, len(chances) - 1)])


def best(logits: Logits, count: int) -> NDArray[np.intp]:
    """So many tokens with the highest logits, the best first."""
    if count >= len(logits):
        return np.argsort(-logits, kind="stable")
    found = np.argpartition(logits, -count)[-count:]
    return found[np.argsort(-logits[found], kind="stable")]


def softmax(logits: Logits, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities in double precision, as many as logits."""
    with np.errstate(over="ignore"):  # next to no temperature: all but the best have none of the probability
        weights: NDArray[np.float64] = np.exp((logits.astype(np.float64) - logits.max()) / temperature)
    weights /= weights.sum()
    return weights


def log_softmax(logits: Logits) -> Logits:
    """Natural log probabilities, (vocabulary,)."""
    shifted: Logits = logits - logits.max()
    shifted -= np.log(np.exp(shifted).sum())
    return shifted


def likeliest(chances: Logits, count: int) -> list[tuple[int, float]]:
    """The tokens with the highest log probabilities, the best first."""
    return [(int(token), float(chances[token])) for token in best(chances, count)] if count else []
