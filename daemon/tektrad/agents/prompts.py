"""Pure: what a model was asked in a run, as the journal has it: of each prompt what the one before did not have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tektrad.agents import fitting
from tektrad.agents.fitting import Cut, Fitted, LeftOut
from tektrad.agents.knocks import ModelKnock
from tektrad.errors import InvalidRequest, NotFound

MODEL = ":model"
"""Behind the place of a knock, in the name of the step in which it was answered."""
MOST_AT_ONCE = 64_000
"""Characters of messages in one answer."""
Message = Mapping[str, Any]


class Kept(msgspec.Struct, frozen=True):
    """How a prompt goes on from the one before of the same guest: so many of its messages, and then these."""

    same: int
    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] | None
    """None: those of the one before."""


class Asked:
    """The prompts of one guest, one after the other."""

    def __init__(self) -> None:
        self._messages: Sequence[Message] = ()
        self._tools: Sequence[Mapping[str, Any]] = ()

    def kept(self, knock: ModelKnock) -> Kept:
        """What has to be kept of the next one."""
        pairs = zip(self._messages, knock.messages, strict=False)
        same = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
        if same is None:
            same = min(len(self._messages), len(knock.messages))
        tools = None if knock.tools == self._tools else knock.tools
        self._messages, self._tools = knock.messages, knock.tools
        return Kept(same, knock.messages[same:], tools)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a model, and all that it was shown before."""

    at: str
    """Its place in the run."""
    step: int | None
    """Of the run's own agent: which of its steps."""
    model: str
    messages: Sequence[Message]
    """As they were shown: what did not fit is left out of them, as it was then."""
    left_out: LeftOut
    tools: Sequence[str]
    answer: Mapping[str, Any]
    error: str


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a prompt, or as much of its text as goes into one answer."""

    number: int
    role: str
    text: str
    """Its content; behind it a line for each call."""
    begin: int
    characters: int
    """Of the whole text."""


def call(journal: Sequence[tuple[str, Any]], reference: str) -> Call:
    """The call of a model in a step of the run's agent, by its number; or at a place, which begins with a slash.

    Raises NotFound.
    """
    asked = [(name.removesuffix(MODEL), said) for name, said in journal if name.endswith(MODEL)]
    own = [place for place, _ in asked if "/" not in place[1:]]
    at = reference
    if not reference.startswith("/"):
        number = int(reference) if reference.isascii() and reference.isdecimal() and len(reference) < 10 else 0
        if not 0 < number <= len(own):
            raise NotFound(f"its agent asked its model {len(own)} times, so there is no {reference[:40]}")
        at = own[number - 1]
    known = dict(asked)
    if at not in known:
        raise NotFound(f"no model was asked at {at[:80]}", "The run's events say where: their step has it in `at`.")
    messages, tools = _whole(asked, at)
    said = known[at]["said"]
    cut = msgspec.convert(said.get("fitted", Fitted()), Fitted).cut
    return Call(
        at=at,
        step=own.index(at) + 1 if at in own else None,
        model=str(said.get("model", "")),
        messages=fitting.shown(messages, cut),
        left_out=fitting.left_out(messages, Cut(), cut),
        tools=[_name(tool) for tool in tools],
        answer=said.get("result") or {},
        error=str(said.get("error") or said.get("over") or ""),
    )


def _whole(asked: Sequence[tuple[str, Any]], at: str) -> tuple[list[Message], Sequence[Mapping[str, Any]]]:
    """All messages and tools of a prompt, put together again."""
    guest, messages, tools = _guest(at), list[Message](), list[Mapping[str, Any]]()
    for place, step in asked:
        if _guest(place) != guest:
            continue
        if step.get("prompt") is None:
            raise NotFound("what its model was asked was not kept: the run was begun by an earlier version of Tektra")
        kept = msgspec.convert(step["prompt"], Kept)
        messages = [*messages[: kept.same], *kept.messages]
        tools = tools if kept.tools is None else list(kept.tools)
        if place == at:
            return messages, tools
    raise AssertionError("the call is in the journal")


def _guest(place: str) -> str:
    """Whose knock it is: the place of an agent that was asked is that of the call of it."""
    return place.rpartition("/")[0]


def _name(tool: Mapping[str, Any]) -> str:
    function = tool.get("function")
    return str(function.get("name", "")) if isinstance(function, Mapping) else ""


def pieces(messages: Sequence[Message], begin: str, most: int = MOST_AT_ONCE) -> tuple[list[Piece], str | None]:
    """Messages from a place on, as much as goes into one answer; and the place to go on from, if something is left.

    A place is the number of a message, and behind a colon how many characters of it are known: `3:64000`.
    """
    number, known = _begin(begin, len(messages))
    found: list[Piece] = []
    for at in range(number, len(messages)):
        text = _text(messages[at])
        start, known = (known, 0) if at == number else (0, 0)
        part = text[start : start + most]
        most -= len(part)
        role = str(messages[at].get("role", ""))
        found.append(Piece(number=at + 1, role=role, text=part, begin=start, characters=len(text)))
        if start + len(part) < len(text):
            return found, f"{at + 1}:{start + len(part)}"
        if not most and at + 1 < len(messages):
            return found, f"{at + 2}:0"
    return found, None


def _begin(said: str, count: int) -> tuple[int, int]:
    number, _, known = said.partition(":")
    parts = [each for each in (number, known or "0") if each.isascii() and each.isdecimal() and len(each) < 10]
    if len(parts) < 2 or not 1 <= int(parts[0]) <= max(1, count):
        raise InvalidRequest(f'"{said[:40]}" is no place in this prompt', "Take what `next` said.", param="begin")
    return int(parts[0]) - 1, int(parts[1])


def _text(message: Message) -> str:
    """All that it says, as one text."""
    content = message.get("content")
    parts = [content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)] if content else []
    for made in message.get("tool_calls") or ():
        function = made.get("function") if isinstance(made, Mapping) else None
        if isinstance(function, Mapping):
            arguments = function.get("arguments", "")
            told = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
            parts.append(f"{function.get('name', '')}({told})")
    return "\n".join(parts)
