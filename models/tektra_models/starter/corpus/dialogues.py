"""Whole dialogues: which kinds there are, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.calling import (
    NO_TOOL,
    errand_turn,
    no_errand,
    other_calculation,
    result_turn,
    toolbox,
    without_tool,
)
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.talking import Messages, beyond_turn, echo, help_turn, say, small_talk
from tektra_models.starter.corpus.tasks import Errand, again, errand


@dataclass(frozen=True)
class Dialogue:
    """Messages in the OpenAI form; an assistant message carries its Check under "check"."""

    kind: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]


SYSTEMS = (
    "You are a helpful assistant.",
    "You are a helpful AI assistant.",
    "You are Tektra's assistant.",
    "Be brief.",
    "Answer in short sentences.",
    "You are a friendly assistant.",
    "You are an expert in everything.",
    "Help the user as well as you can.",
    "You are a pirate.",
    "Use the tools when they fit.",
    "You are an agent. Use tools to do what the user asks.",
    "Be polite and precise.",
    "Answer truthfully.",
    "You are {name}, an assistant for {phrase}.",
    "You work for {name}. Today is {date}.",
    "The user lives in {city}.",
    "You are a {word} assistant.",
    "You are a coding assistant.",
    "Follow the user's instructions carefully.",
    "Respond concisely. Today is {date}.",
    "The user's name is {name}.",
    "You are an assistant that helps with {word} and {word}. Never talk about {phrase}. Always be kind.",
    "Reply in {language}.",
    "You are an assistant running on a local machine.",
)


def tool_rounds(chance: Chance) -> Dialogue:
    """Some tools and one to four rounds of requests, mixed with talk that needs none."""
    shapes = toolbox(chance)
    families = frozenset(shape.task.family for shape in shapes)
    messages: Messages = []
    before: Errand | None = None
    for _ in range(chance.random.choices((1, 2, 3, 4), weights=(40, 25, 20, 15))[0]):
        roll = chance.random.random()
        if roll < 0.14:
            messages += no_errand(chance, families)
            before = None
            continue
        done = again(chance, before) if before and chance.odds(0.4) else None
        if done is None:
            shape = chance.pick(shapes)
            if shape.task.family == "arithmetic":
                shape = other_calculation(chance, shape)
            done = errand(chance, shape)
        messages += errand_turn(chance, done)
        if chance.odds(0.2):
            break
        messages += result_turn(chance, done)
        before = done
    return Dialogue("tools", messages, [shape.tool for shape in shapes])


def plain_rounds(chance: Chance) -> Dialogue:
    """One to four turns without any tool."""
    messages: Messages = []
    for _ in range(chance.random.choices((1, 2, 3, 4), weights=(50, 25, 15, 10))[0]):
        kinds = (help_turn, beyond_turn, small_talk, lambda chance: without_tool(chance, NO_TOOL), echo)
        messages += chance.random.choices(kinds, weights=(38, 24, 14, 12, 12))[0](chance)
    return Dialogue("plain", messages, [])


def system_message(chance: Chance) -> Messages:
    """Any system prompt, or none."""
    if chance.odds(0.45):
        return []
    makers = {
        "name": values.person,
        "phrase": values.phrase,
        "date": values.date,
        "city": values.place,
        "word": values.word,
        "language": values.language,
    }
    text = put(chance.phrasing(SYSTEMS), {key: chance.value(make) for key, make in makers.items()})
    if chance.odds(0.04):
        text += " " + " ".join(values.sentence(chance.random) for _ in range(chance.random.randint(5, 60)))
    return [say("system", text)]


def dialogue(seed: int | str, *, held_out: bool = False) -> Dialogue:
    """The dialogue of this seed, always the same."""
    chance = Chance(seed, held_out=held_out)
    made = tool_rounds(chance) if chance.odds(0.6) else plain_rounds(chance)
    return Dialogue(made.kind, system_message(chance) + made.messages, made.tools)


def dialogues(seed: int | str, *, held_out: bool = False) -> Iterator[Dialogue]:
    """An endless stream of dialogues."""
    count = 0
    while True:
        yield dialogue(f"{seed}/{count}", held_out=held_out)
        count += 1
