"""What a model has done since the daemon started; outlives its workers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tektra_models.generation import Finish

NEWEST = 0.3
"""What the newest answer counts for the speed that is shown."""
MOST_UNSEEN = 1000
"""Of so many answers it is kept how long their first token took, until somebody takes that."""


@dataclass(slots=True)
class Totals:
    """Answers, tokens and seconds of one model; its worker adds to them."""

    answers: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    prompt_s: float = 0.0
    decode_s: float = 0.0
    loads: int = 0
    load_s: float = 0.0
    answer_s: float = 0.0
    """Seconds that an answer takes once it has a slot, the newest counting most; 0 before the first."""
    tokens_per_s: float | None = None
    """Of single answers, the newest counting most; None before there has been one of two tokens."""
    written: int = 0
    """Tokens, those of answers under way too, of which a piece counts as one until their end tells how many it were."""
    _first_tokens: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_UNSEEN))

    def began(self, first_token_s: float) -> None:
        """An answer has its first token, so long after its worker was asked."""
        self._first_tokens.append(first_token_s)

    def take_first_tokens(self) -> list[float]:
        """How long it took, of the answers that began since this was asked last."""
        taken = list(self._first_tokens)
        self._first_tokens.clear()
        return taken

    def add(self, finish: Finish) -> None:
        """An answer came to its end."""
        usage, timings = finish.usage, finish.timings
        self.answers += 1
        self.prompt_tokens += usage.prompt_tokens
        self.cached_tokens += usage.cached_tokens
        self.completion_tokens += usage.completion_tokens
        self.prompt_s += timings.prompt_s
        self.decode_s += timings.decode_s
        took = timings.prompt_s + timings.decode_s
        self.answer_s = took if self.answers == 1 else self.answer_s + NEWEST * (took - self.answer_s)
        if usage.completion_tokens > 1 and timings.decode_s > 0:
            speed = (usage.completion_tokens - 1) / timings.decode_s
            before = speed if self.tokens_per_s is None else self.tokens_per_s
            self.tokens_per_s = before + NEWEST * (speed - before)
