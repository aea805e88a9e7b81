"""One generation: its tokens, its counts, its status; owned by the Engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from tektra_models.answers.stream import AnswerStream
from tektra_models.backend import Sampler, Sheet
from tektra_models.generation import Delta, FinishReason, Sampling, Score, Timings, Usage
from tektra_models.lookup import Lookup
from tektra_models.text_stream import TextStream

if TYPE_CHECKING:
    from tektra_models.forms import Follower

Status = Literal["waiting", "running", "finished"]


@dataclass(slots=True, eq=False)
class Sequence:
    """Prompt and answer as one list of tokens, of which the first `held` lie in its holder's cells."""

    id: str
    order: int
    tokens: list[int]
    prompt_length: int
    limit: int
    """Tokens in all at which the answer ends for length."""
    sampling: Sampling
    sampler: Sampler
    text: TextStream
    answer: AnswerStream | None
    """What takes the answer apart; None where the prompt was no conversation."""
    follower: Follower | None
    added_at: float
    batch: bool = False
    party: str = ""
    private: bool = False
    sheet: Sheet | None = None
    scores: list[Score] = field(default_factory=list)
    """Of tokens whose text is still held back."""
    lookup: Lookup | None = None
    draft: list[int] = field(default_factory=list)
    """Guesses at the next tokens, computed with the last one."""
    status: Status = "waiting"
    holder: int = -1
    held: int = 0
    cached: int = 0
    entered_at: float = 0.0
    waiting_since: float = 0.0
    first_token_at: float = 0.0
    reason: FinishReason | None = None
    owed: list[int] = field(default_factory=list)
    """Tokens with which the grammar begins every answer: fed with the prompt, not yet said."""

    @property
    def owner(self) -> str:
        """Whose it is, whichever of their agents asked: what is computed for it is for their sequences only."""
        return self.party.partition("/")[0]

    @property
    def writing(self) -> bool:
        """Whether its next token is all that it waits for."""
        return len(self.tokens) - self.held == 1

    @property
    def usage(self) -> Usage:
        """Counts so far."""
        completion = len(self.tokens) - self.prompt_length
        return Usage(prompt_tokens=self.prompt_length, completion_tokens=completion, cached_tokens=self.cached)

    def timings(self, now: float) -> Timings:
        """Where the time went until `now` (seconds of a monotonic clock)."""
        entered = self.entered_at or now
        first = self.first_token_at or now
        return Timings(queued_s=entered - self.added_at, prompt_s=first - entered, decode_s=now - first)

    def say(self, text: str) -> list[Delta]:
        """Turn certain text into deltas: reasoning, content, and calls where tools were offered."""
        if self.answer is not None:
            return self._scored(self.answer.push(text))
        return self._scored([Delta(text=text)] if text else [])

    def _scored(self, deltas: list[Delta]) -> list[Delta]:
        """Give the tokens' scores along with the first text that comes."""
        for place, delta in enumerate(deltas):
            if self.scores and delta.text:
                deltas[place] = msgspec.structs.replace(delta, scores=tuple(self.scores))
                self.scores = []
        return deltas

    def close_text(self) -> list[Delta]:
        """Release what was held back, once the answer is over."""
        deltas = self.say(self.text.close())
        return deltas + self._scored(self.answer.close() if self.answer is not None else [])

    @property
    def final_reason(self) -> FinishReason:
        """The reason to report: a stop after tool calls is `tool_calls`."""
        assert self.reason is not None
        called = self.answer is not None and self.answer.calls > 0
        return "tool_calls" if self.reason == "stop" and called else self.reason
