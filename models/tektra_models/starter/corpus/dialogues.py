"""Whole dialogues: which kinds there are, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tektra_models.starter.corpus import agents, values
from tektra_models.starter.corpus.calling import (
    NO_TOOL,
    errand_turn,
    no_errand,
    other_calculation,
    result_turn,
    toolbox,
    without_tool,
)
from tektra_models.starter.corpus.chains import chain_dialogue
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.exercises import decisions, drills, echoes, matches
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.kindred import kindreds
from tektra_models.starter.corpus.linked import linked_dialogue
from tektra_models.starter.corpus.outcomes import outcome
from tektra_models.starter.corpus.pointing import handed_on
from tektra_models.starter.corpus.talking import (
    Check,
    Dialogue,
    Messages,
    beyond_turn,
    echo,
    help_turn,
    say,
    small_talk,
)
from tektra_models.starter.corpus.tasks import Errand, Maker, Shape, again, errand
from tektra_models.starter.corpus.together import two_errands
from tektra_models.starter.corpus.turns import asking_back

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


@dataclass(frozen=True)
class Mixture:
    """How often each kind of dialogue comes, by weight."""

    tools: float = 0.0
    match: float = 0.0
    kindred: float = 0.0
    drill: float = 0.0
    decide: float = 0.0
    chain: float = 0.0
    linked: float = 0.0
    agent: float = 0.0
    plain: float = 0.0
    echo: float = 0.0


# First what all else is made of: copying a text, and finding the tool whose words were said.
FINDING = Mixture(match=18, kindred=42, drill=20, tools=6, echo=10, plain=4)
CHOOSING = Mixture(tools=26, match=3, kindred=20, drill=22, decide=6, chain=3, linked=3, agent=6, plain=10, echo=1)
EVERYTHING = Mixture(tools=26, kindred=6, drill=12, decide=14, chain=5, linked=5, agent=12, plain=36)
ROUNDS = (1, 2, 3, 4, 5, 6)
Before = tuple[Errand, Mapping[Maker, str]]


def tool_rounds(chance: Chance) -> Dialogue:
    """Some tools and one to six rounds of requests, mixed with talk that needs none."""
    shapes = toolbox(chance)
    families = frozenset(shape.task.family for shape in shapes)
    messages: Messages = []
    before: Before | None = None
    for _ in range(chance.random.choices(ROUNDS, weights=(30, 27, 19, 13, 7, 4))[0]):
        added, before = tool_round(chance, shapes, families, before)
        messages += added
    return Dialogue("tools", messages, [shape.tool for shape in shapes])


def tool_round(
    chance: Chance, shapes: list[Shape], families: frozenset[str], before: Before | None
) -> tuple[Messages, Before | None]:
    """One round, and what a next request may refer to."""
    roll = chance.random.random()
    if roll < 0.17:
        return no_errand(chance, families), None
    if roll < 0.32 and (asked := asking_back(chance, chance.pick(shapes))):
        return asked, None
    if roll < 0.42:
        return two_errands(chance, shapes), None
    done = None
    if before and chance.odds(0.6):
        done = handed_on(chance, *before, shapes) if chance.odds(0.7) else again(chance, before[0])
    if done is None:
        shape = chance.pick(shapes)
        done = errand(chance, other_calculation(chance, shape) if shape.task.family == "arithmetic" else shape)
    messages = errand_turn(chance, done)
    # A call may end the dialogue, or be followed by the next request when nobody told its result.
    if chance.odds(0.4):
        return messages + quiet(), (done, {})
    ended = outcome(chance, done)
    return messages + result_turn(ended), (done, ended.shown)


def quiet() -> Messages:
    """A result that needs no words of its own."""
    return [say("tool", "ok"), say("assistant", "Done.", Check("result"))]


def plain_rounds(chance: Chance) -> Dialogue:
    """One to four turns without any tool."""
    messages: Messages = []
    for _ in range(chance.random.choices((1, 2, 3, 4), weights=(50, 25, 15, 10))[0]):
        kinds = (help_turn, beyond_turn, small_talk, lambda chance: without_tool(chance, NO_TOOL), echo)
        messages += chance.random.choices(kinds, weights=(52, 18, 14, 10, 6))[0](chance)
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


def dialogue(seed: int | str, *, held_out: bool = False, mixture: Mixture = EVERYTHING) -> Dialogue:
    """The dialogue of this seed, always the same."""
    chance = Chance(seed, held_out=held_out)
    kind = chance.random.choices(list(MAKERS), weights=[getattr(mixture, name) for name in MAKERS])[0]
    made = MAKERS[kind](chance)
    if kind == "agent":
        return made
    return Dialogue(made.kind, system_message(chance) + made.messages, made.tools)


MAKERS: dict[str, Callable[[Chance], Dialogue]] = {
    "tools": tool_rounds,
    "match": matches,
    "kindred": kindreds,
    "drill": drills,
    "decide": decisions,
    "chain": chain_dialogue,
    "linked": linked_dialogue,
    "agent": agents.agent_dialogue,
    "plain": plain_rounds,
    "echo": echoes,
}


def dialogues(seed: int | str, *, held_out: bool = False) -> Iterator[Dialogue]:
    """An endless stream of dialogues."""
    count = 0
    while True:
        yield dialogue(f"{seed}/{count}", held_out=held_out)
        count += 1
