"""What makes an answer right: its kind, its calls, its facts, and the commands that it names."""

from __future__ import annotations

import json
import re

from tektra_models.answers.stream import AnswerStream
from tektra_models.answers.usual import OPEN, USUAL
from tektra_models.starter.corpus.beyond import SMALL
from tektra_models.starter.corpus.command_check import names_only_known_commands
from tektra_models.starter.corpus.small_talk import TALK
from tektra_models.starter.corpus.talking import Check
from tektra_models.starter.handmade import Call, holds

ASKING = re.compile(r"(Which|What) .*\?|(For that )?I need the .*|Please tell me the .*", re.DOTALL)
# "Are you alive?" is answered well by saying what it is.
ABOUT_ITSELF = frozenset({"identity", "model", "ability", "human", "size", "maker"})
CALLED = frozenset({"call", "two_calls"})


def read_calls(text: str) -> tuple[Call, ...]:
    """The calls in an answer, by the parser that Tektra itself uses; none when one of them is not well formed."""
    stream = AnswerStream(USUAL)
    found = [delta.tool_call for delta in (*stream.push(text), *stream.close()) if delta.tool_call]
    if len(found) != text.count(OPEN):
        return ()
    return tuple((call.name, json.loads(call.arguments)) for call in found)


def due_calls(check: Check) -> tuple[Call, ...]:
    """The calls that would be right."""
    return check.calls or ((check.call,) if check.call else ())


def choice_of(text: str) -> str:
    """What the answer chose to do: call, ask back, or answer in plain words."""
    if OPEN in text:
        return "call"
    return "ask" if ASKING.fullmatch(text.strip()) else "plain"


def due_choice(check: Check) -> str:
    """What it should have chosen."""
    return "call" if check.kind in CALLED else "ask" if check.kind == "ask_back" else "plain"


def is_honest(text: str) -> bool:
    """Whether the answer says that it is small and names the command that brings a larger model."""
    return "tektra models pull" in text and any(small[2:].strip("'m ") in text for small in SMALL)


def right_kind(check: Check, text: str) -> bool:
    """Whether it chose rightly, and said that something is beyond it just where it is."""
    if choice_of(text) != due_choice(check):
        return False
    if check.kind in {"honest", "no_tool"}:
        return is_honest(text)
    return due_choice(check) != "plain" or not is_honest(text) or check.kind in ABOUT_ITSELF | {"no_fit"}


def right(check: Check, text: str) -> bool:
    """Whether the answer is right as a whole."""
    if check.kind in CALLED:
        return read_calls(text) == due_calls(check)
    if not right_kind(check, text):
        return False
    if check.kind in {talk.name for talk in TALK}:
        fitting = ABOUT_ITSELF if check.kind in ABOUT_ITSELF else {check.kind}
        return any(text in talk.answers for talk in TALK if talk.name in fitting)
    if check.kind == "ask_back":
        return any(holds(text, word) for word in check.facts)
    return all(fact in text for fact in check.facts) and names_only_known_commands(text)
