"""What goes into a generation and what comes out: frozen values without behaviour."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "cancelled"]
Pooling = Literal["mean", "cls", "last"]
"""How one vector is made of the tokens': their mean, the first one's, the last one's."""


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer has to look like, to the letter; `text` is a JSON schema, a regular expression or a grammar.

    A grammar is in GBNF or in llguidance's dialect of Lark. `call` has no text: one call or more of the prompt's tools.
    """

    kind: Literal["json_schema", "regex", "grammar", "call"]
    text: str = ""


class Sampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the next token is chosen; the defaults are mild and work for chat.

    `temperature` 0 means greedy. `top_k` 0, `top_p` 1 and `min_p` 0 switch those filters off. `repeat_penalty` 1,
    `frequency_penalty` 0 and `presence_penalty` 0 switch penalties off; they look at the last `penalty_window`
    generated tokens. `seed` None draws a fresh one. `max_tokens` None means until the context is full.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    penalty_window: int = 64
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logit_bias: tuple[tuple[int, float], ...] = ()
    max_tokens: int | None = None
    ignore_end: bool = False
    """Go on past the model's end-of-turn token; for measuring."""
    form: Form | None = None
    scores: int | None = None
    """Tell each token's log probability, and those of so many of the likeliest in its place; None: of none."""


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What the model reads: chat messages for its template, or raw text, or tokens; exactly one of them.

    `messages` and `tools` have OpenAI's shapes, since that is what templates are written for.
    """

    messages: list[dict[str, Any]] | None = None
    tools: list[dict[str, Any]] | None = None
    batch: bool = False
    """Whether this has time: others go first."""
    private: bool = False
    """Whether nothing of this may be written to disk."""
    think: bool | None = None
    """Whether to reason first, where the model's template knows the difference; None leaves it to the template."""
    text: str | None = None
    tokens: list[int] | None = None


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the model asks for; `arguments` is a JSON text, as in OpenAI's API."""

    name: str
    arguments: str


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Token counts of one request."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Tokens of the prompt that did not have to be computed, because others had begun with the same ones."""


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that one request spent: waiting for a slot, reading the prompt, writing the answer."""

    queued_s: float = 0.0
    prompt_s: float = 0.0
    decode_s: float = 0.0


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A token's bytes and its natural log probability before any sampling; the likeliest tokens in its place."""

    data: bytes
    logprob: float
    likeliest: tuple[tuple[bytes, float], ...] = ()


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the answer: text or reasoning that is whole UTF-8, or one complete tool call."""

    text: str = ""
    reasoning: str = ""
    tool_call: ToolCall | None = None
    scores: tuple[Score, ...] = ()
    """Of the tokens that came since the last piece, where they were asked for."""


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an answer."""

    reason: FinishReason
    usage: Usage
    timings: Timings


class Embedding(msgspec.Struct, frozen=True, kw_only=True):
    """One unit-length vector per input, in order."""

    vectors: list[list[float]]
    usage: Usage


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """How well each document fits the query, in order; the higher, the better."""

    scores: list[float]
    usage: Usage
