"""What of a conversation fits into the model's context, and what was left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

RESERVE = 512
Count = Callable[[list[dict[str, Any]]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Messages to send, and how many of the oldest were left out."""

    messages: list[dict[str, Any]]
    dropped: int


def alternating(said: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Make (role, content, status) into what templates accept: user and assistant in turn.

    Unanswered questions become one with the question after them; of several answers to one question the last complete
    one stands, or else the last.
    """
    messages: list[dict[str, Any]] = []
    settled = False
    for role, content, status in said:
        if not content:
            continue
        if not messages or messages[-1]["role"] != role:
            messages.append({"role": role, "content": content})
        elif role == "user":
            messages[-1]["content"] += "\n\n" + content
        elif status == "complete" or not settled:
            messages[-1]["content"] = content
        settled = role == "assistant" and (status == "complete" or settled)
    return messages


def room_for_prompt(context: int, max_tokens: int | None = None) -> int:
    """What a prompt may take, so that there is room for an answer."""
    return context - min(max_tokens or RESERVE, context // 4)


async def fit_history(
    system: str | None, history: list[dict[str, Any]], count: Count, context: int, max_tokens: int | None
) -> Fitted:
    """Leave out as few of the oldest messages as it takes to keep room for an answer.

    `history` alternates user and assistant and ends with the question. Exchanges go as a whole; the question itself
    always stays (if it alone is too long, the engine refuses it with both numbers).
    """
    room = room_for_prompt(context, max_tokens)
    lead: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    starts = [at for at, message in enumerate(history) if message["role"] == "user"]
    if len(starts) < 2 or await count(lead + history) <= room:
        return Fitted(messages=lead + history, dropped=0)
    low, high = 1, len(starts) - 1
    while low < high:
        middle = (low + high) // 2
        if await count(lead + history[starts[middle] :]) <= room:
            high = middle
        else:
            low = middle + 1
    first = starts[low]
    return Fitted(messages=lead + history[first:], dropped=first)
