"""What an agent's model is shown when all that was said no longer fits its context. Pure but for the counting.

Prompts grow at their end only, so that an engine knows all but the end of each from the one before. When one does not
fit, as many of the oldest results make way as it takes to be at half of the context, and stay away; where that is not
enough, the oldest steps become a line each behind the task, of which the newest stay. So prompts are cut rarely, and
much at a time. What the agent is told, its task and its last two results always stay; of results that are too long for
a small context even so, the beginning and the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tektrad.chat.prompt import Count, room_for_prompt

ANSWER_TOKENS = 2048
"""What an answer may need: a call that writes a file is long."""
STAY = 2
"""The last results, which an agent needs to go on."""
LENGTHS = (6000, 3000, 1500, 750)
"""To which results are shortened where nothing else is left."""
LONGEST_LINE = 100
MOST_LINES = 20
"""Of steps, the newest; those before them are counted."""
AROUND_TOKENS = 32
"""More than any template writes around one message."""
DONE = "Done so far:"

Message = Mapping[str, Any]
Messages = Sequence[Message]


class Cut(msgspec.Struct, frozen=True):
    """What is left out: the results before one message, and all of the steps before another. It only ever grows.

    `longest` shortens all other results, unless it is 0.
    """

    results: int = 0
    steps: int = 0
    longest: int = 0


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """How a prompt was fitted, as the journal keeps it: its cut, and how many messages were how many tokens."""

    cut: Cut = Cut()
    messages: int = 0
    tokens: int = 0


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a later cut leaves out that an earlier one did not."""

    results: list[str]
    characters: int
    steps: int
    longest: int


class TooLong(Exception):
    """It does not fit, whatever may be left out."""

    def __init__(self, tokens: int, room: int) -> None:
        super().__init__(f"{tokens:,} of {room:,} tokens")


async def fit(messages: Messages, before: Fitted, count: Count, context: int, *, harder: bool = False) -> Fitted:
    """The least cut, from the one before on, with which the prompt and an answer fit; raises TooLong.

    `count` is asked only where it may matter. `harder`: what would fit by it was refused all the same.
    """
    room = room_for_prompt(context, ANSWER_TOKENS)
    cut, most = before.cut, before.tokens + _most_tokens(messages[before.messages :])
    if before.tokens and most <= room and not harder:
        return Fitted(cut=cut, messages=len(messages), tokens=most)
    while (tokens := await count(shown(messages, cut))) > room or harder:
        found = _further(messages, cut, tokens, room, context // 2)
        if found is None:
            raise TooLong(tokens, room)
        cut, harder = found, False
    return Fitted(cut=cut, messages=len(messages), tokens=tokens)


def shown(messages: Messages, cut: Cut) -> list[dict[str, Any]]:
    """The messages with what is left out replaced."""
    told = [dict(message) for message in messages]
    begin = _begin(messages)
    for at in _results(messages):
        short = _placeholder(messages, at)
        if at < cut.results and len(short) < len(_text(messages[at])):
            told[at]["content"] = short
        elif cut.longest and len(_text(messages[at])) > cut.longest:
            told[at]["content"] = _shortened(_text(messages[at]), cut.longest)
    lines = [_line(message) for message in messages[begin : cut.steps] if message.get("role") == "assistant"]
    if not lines:
        return told
    if len(lines) > MOST_LINES:
        lines = [f"- {len(lines) - MOST_LINES} steps", *lines[-MOST_LINES:]]
    task = told[begin - 1]
    return [*told[: begin - 1], task | {"content": "\n".join([_text(task), "", DONE, *lines])}, *told[cut.steps :]]


def left_out(messages: Messages, before: Cut, after: Cut) -> LeftOut:
    """What is gone with the later cut."""
    gone = [at for at in _results(messages) if before.results <= at < after.results]
    steps = [
        message
        for message in messages[max(before.steps, _begin(messages)) : after.steps]
        if message.get("role") == "assistant"
    ]
    return LeftOut(
        results=[_called(messages, at) for at in gone],
        characters=_size(shown(messages, before)) - _size(shown(messages, after)),
        steps=len(steps),
        longest=after.longest if after.longest != before.longest else 0,
    )


def _further(messages: Messages, cut: Cut, tokens: int, room: int, goal: int) -> Cut | None:
    """The next larger cut: by its length as near to the goal as results bring it, or steps where these do not do.

    Shortening what has to stay is the last that there is, and brings it into the room only.
    """
    results, starts = _results(messages), _starts(messages)
    free = results[:-STAY]
    by_length = tokens / max(1, _size(shown(messages, cut)))

    def about(found: Cut) -> float:
        return by_length * _size(shown(messages, found))

    fewer = [msgspec.structs.replace(cut, results=at + 1) for at in free if at >= cut.results]
    if fewer and about(fewer[-1]) <= room:
        return _first(fewer, lambda found: about(found) <= goal)
    last = results[-STAY] if len(results) >= STAY else len(messages)
    at_least = max(cut.results, free[-1] + 1 if free else 0)
    lines = [
        msgspec.structs.replace(cut, results=max(at_least, at), steps=at) for at in starts if cut.steps < at <= last
    ]
    if lines:
        return _first(lines, lambda found: about(found) <= goal)
    longest = cut.longest or max((len(_text(messages[at])) for at in results), default=0)
    shorter = [msgspec.structs.replace(cut, results=at_least, longest=length) for length in LENGTHS if length < longest]
    if shorter:
        return _first(shorter, lambda found: about(found) <= room)
    return fewer[-1] if fewer else None


def _first(cuts: list[Cut], enough: Callable[[Cut], bool]) -> Cut:
    """The first that is enough, each being more than the one before; else the last."""
    low, high = 0, len(cuts) - 1
    while low < high:
        middle = (low + high) // 2
        if enough(cuts[middle]):
            high = middle
        else:
            low = middle + 1
    return cuts[low]


def _begin(messages: Messages) -> int:
    """Where what was done begins: behind the task, the first that is no system prompt."""
    return next((at + 1 for at, message in enumerate(messages) if message.get("role") != "system"), len(messages))


def _results(messages: Messages) -> list[int]:
    """What the agent was told back: a tool's result, or as a user's word what became of its code."""
    begin = _begin(messages)
    return [at for at in range(begin, len(messages)) if messages[at].get("role") in ("tool", "user")]


def _starts(messages: Messages) -> list[int]:
    """Where steps begin that are not the first: there the dialogue can go on behind the task."""
    begin = _begin(messages)
    roles = [message.get("role") for message in messages]
    return [at for at in range(begin + 1, len(roles)) if roles[at] == "assistant" != roles[at - 1]]


def _placeholder(messages: Messages, at: int) -> str:
    return f"[the result of {_called(messages, at)} was left out here: {len(_text(messages[at])):,} characters]"


def _shortened(text: str, longest: int) -> str:
    half = longest // 2
    return f"{text[:half]}\n[{len(text) - 2 * half:,} characters were left out here]\n{text[-half:]}"


def _called(messages: Messages, at: int) -> str:
    """Of which call this is the result, in one line."""
    before = messages[at - 1]
    return _calls(before) if before.get("role") == "assistant" and before.get("tool_calls") else "an earlier step"


def _line(said: Message) -> str:
    """A step in one line."""
    what = _calls(said) if said.get("tool_calls") else _short(_text(said)) or "nothing"
    return f"- {what}"


def _calls(said: Message) -> str:
    calls = said.get("tool_calls")
    functions = [_fields(_fields(call).get("function")) for call in (calls if isinstance(calls, Sequence) else ())]
    return _short(", ".join(f"{each.get('name')}({_arguments(each.get('arguments'))})" for each in functions))


def _arguments(said: Any) -> str:
    try:
        found = json.loads(said) if isinstance(said, str) else said
    except ValueError:
        return str(said)
    return ", ".join(f"{name}={value!r}" for name, value in _fields(found).items())


def _fields(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _text(message: Message) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else ""


def _size(messages: Messages) -> int:
    return sum(len(json.dumps(message, ensure_ascii=False)) for message in messages)


def _most_tokens(messages: Messages) -> int:
    """More than these can be: no token is less than a byte."""
    return sum(len(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")) for message in messages) + (
        AROUND_TOKENS * len(messages)
    )
