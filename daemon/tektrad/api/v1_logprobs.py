"""Log probabilities in the two shapes that OpenAI's routes have for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tektra_models.generation import Score


def chat_logprobs(scores: Sequence[Score], wanted: int | None) -> dict[str, Any] | None:
    """The `logprobs` of a chat's choice; None where none were asked for."""
    if wanted is None:
        return None
    return {"content": [_token(score.data, score.logprob) | _likeliest(score) for score in scores], "refusal": None}


def _token(data: bytes, logprob: float) -> dict[str, Any]:
    return {"token": data.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(data)}


def _likeliest(score: Score) -> dict[str, Any]:
    return {"top_logprobs": [_token(data, logprob) for data, logprob in score.likeliest]}


def text_logprobs(scores: Sequence[Score], wanted: int | None, offset: int) -> dict[str, Any] | None:
    """The `logprobs` of a completion's choice, whose text begins at `offset`; None where none were asked for."""
    if wanted is None:
        return None
    tokens = [score.data.decode("utf-8", "replace") for score in scores]
    begins = [offset]
    for token in tokens:
        begins.append(begins[-1] + len(token))
    return {
        "tokens": tokens,
        "token_logprobs": [score.logprob for score in scores],
        "top_logprobs": [
            {data.decode("utf-8", "replace"): logprob for data, logprob in score.likeliest} for score in scores
        ],
        "text_offset": begins[:-1],
    }
