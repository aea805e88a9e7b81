"""Whole dialogues: which kinds there are, how often, and what a right answer must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from tektra_models.starter.corpus import beyond, values
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.everyday import FILE_TASKS, calculations
from tektra_models.starter.corpus.filling import fence, put, unfence
from tektra_models.starter.corpus.help_facts import BACKGROUND, FACTS, SLOTS, Background, Fact, command_words
from tektra_models.starter.corpus.invented import NOUNS, VERBS, invent
from tektra_models.starter.corpus.noise import polite, roughen
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.corpus.small_talk import TALK
from tektra_models.starter.corpus.tasks import Errand, Shape, Task, again, declare, errand, outcome

CALCULATIONS = tuple(calculations())


@dataclass(frozen=True)
class Check:
    """What a right answer is: its kind, the texts that it must hold, and the call when it is one."""

    kind: str
    facts: tuple[str, ...] = ()
    call: tuple[str, dict[str, Any]] | None = None


@dataclass(frozen=True)
class Dialogue:
    """Messages in the OpenAI form; an assistant message carries its Check under "check"."""

    kind: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]


Messages = list[dict[str, Any]]
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
HOW = (
    "How do I {p}?",
    "how can I {p}",
    "How can I {p}?",
    "What is the command to {p}?",
    "I want to {p}.",
    "Is there a way to {p}?",
    "which command lets me {p}",
    "Tell me how to {p}.",
    "what do I type to {p}",
    "Can tektra {p}?",
    "I would like to {p}",
    "how do you {p} in tektra",
    "How does one {p}?",
    "command to {p}?",
    "how to {p}",
    "Show me how to {p}.",
    "What's the right command to {p}?",
    "Can I {p}?",
    "I need to {p}, how?",
    "explain how to {p}",
    "Do you know how to {p}?",
    "In Tektra, how do I {p}?",
    "help me {p}",
    "Please help: I want to {p}.",
)
FOLLOWING = (
    "and how do I {p}?",
    "And to {p}?",
    "ok, and how can I {p}?",
    "now I want to {p}",
    "Then how do I {p}?",
    "and if I want to {p}?",
    "thanks, and how do I {p}?",
    "and can I {p}?",
    "what if I need to {p}",
    "next: {p}",
    "also, how do I {p}",
    "And how does one {p}?",
)
EXAMPLES = (
    "Can you give me an example?",
    "example?",
    "show me an example",
    "for example?",
    "Give an example.",
    "What would that look like?",
    "how does that look exactly",
    "an example please",
    "such as?",
    "Can you show the whole command?",
    "what do I type exactly",
    "like what?",
)
MEANING = (
    "What does `{c}` do?",
    "what is {c} for",
    "Explain `{c}`.",
    "what does {c} mean",
    "When do I use `{c}`?",
    "Tell me about `{c}`.",
    "I saw `{c}`, what is it?",
    "{c}?",
    "what happens with {c}",
    "What is the purpose of `{c}`?",
    "describe {c}",
    "how does `{c}` work",
)
ROLES = ("You are a pirate.", "Answer in French.", "Be brief.", "You are a poet.", "Explain like a teacher.")
PROMPTS = ("What is Tektra?", "Hello", "Tell me about GGUF", "How do I pull a model?", "Summarize this file")
TOLD = (
    "Use {c}: it {does}.",
    "{c} {does}.",
    "Type {c}. It {does}.",
    "With {c}: it {does}.",
    "That is {c}: it {does}.",
    "Run {c}; it {does}.",
)
MEANT = ("{c} {does}.", "It {does}.", "{c}: it {does}.")
NO_TOOL = (
    "I have no tool for that here",
    "No tool was given to me for that",
    "I would need a tool for that, and none was given here",
    "I can do that only with a tool, and I have none here",
    "There is no tool here with which I could do that",
)
MISFIT = (
    "None of my tools fits that",
    "None of the tools here can do that",
    "The tools that I have here do not fit that",
    "I have no fitting tool for that here",
)


def say(role: str, content: str, check: Check | None = None) -> dict[str, Any]:
    """One message."""
    message: dict[str, Any] = {"role": role, "content": content}
    return {**message, "check": check} if check else message


def small_talk(chance: Chance) -> Messages:
    """A greeting, thanks, a goodbye or a question about the model itself."""
    talk = chance.random.choices(TALK, weights=[len(talk.says) for talk in TALK])[0]
    return [
        say("user", roughen(chance, chance.phrasing(talk.says))),
        say("assistant", chance.pick(talk.answers), Check(talk.name)),
    ]


def example_of(chance: Chance, fact: Fact) -> Messages:
    """A wish for an example of the command just told."""
    known = {slot: chance.value(make) for slot, make in SLOTS.items()}
    known |= {
        "TEXT": f'"{chance.pick(ROLES)}"',
        '"PROMPT"': f'"{chance.pick(PROMPTS)}"',
        "D": chance.pick(("10m", "30m", "1h", "2h")),
    }
    command = " ".join(known.get(word, word) for word in fact.command.split())
    answer = chance.pick(("For example: `{c}`", "For example `{c}`.", "Such as `{c}`.", "Type `{c}`.")).replace(
        "{c}", command
    )
    return [
        say("user", roughen(chance, chance.phrasing(EXAMPLES))),
        say("assistant", answer, Check("help", (command_start(fact),))),
    ]


def command_start(fact: Fact) -> str:
    """The command up to its first slot."""
    fixed = set(command_words(fact.command))
    return " ".join(takewhile(lambda word: word in fixed, fact.command.split()))


def help_with(chance: Chance, fact: Fact, frames: tuple[str, ...] = HOW) -> Messages:
    """A question about a command, by its purpose or by its name."""
    known = {slot: chance.value(make) for slot, make in SLOTS.items()}
    if chance.odds(0.2):
        asked, told, purpose = put(chance.phrasing(MEANING), {"c": fence(fact.command)}), chance.pick(MEANT), ""
    else:
        purpose = chance.phrasing(fact.purposes)
        frame = "{p}" if chance.odds(0.08) else chance.phrasing(frames)
        asked, told = (
            put(frame, {"p": put(purpose, {key: fence(value) for key, value in known.items()})}),
            chance.pick(TOLD),
        )
    words = [known[word] if f"{{{word}}}" in purpose else word for word in fact.command.split()]
    command = " ".join(words)
    answer = told.replace("{c}", f"`{command}`").replace("{does}", fact.does)
    if fact.also and chance.odds(0.5):
        answer += " " + chance.pick(fact.also)
    facts = () if told == "It {does}." else (command,)
    return [say("user", roughen(chance, asked)), say("assistant", answer, Check("help", facts or (fact.does,)))]


def background(chance: Chance, about: Background) -> Messages:
    """A question about what Tektra is."""
    return [
        say("user", roughen(chance, chance.phrasing(about.questions))),
        say("assistant", chance.pick(about.answers), Check("help", about.facts)),
    ]


def help_turn(chance: Chance) -> Messages:
    """Any question about Tektra."""
    if chance.odds(0.3):
        return background(chance, chance.pick(BACKGROUND))
    fact = chance.pick(FACTS)
    turns = help_with(chance, fact)
    if chance.odds(0.12):
        turns += example_of(chance, fact)
    if chance.odds(0.15):
        turns += help_with(chance, chance.pick(FACTS), FOLLOWING)
    return turns


def beyond_turn(chance: Chance) -> Messages:
    """Something that the model does not know."""
    topic, asked = beyond.question(chance)
    return [
        say("user", roughen(chance, asked)),
        say("assistant", beyond.honest_words(chance, topic.what), Check("honest", ("tektra models pull",))),
    ]


def without_tool(chance: Chance, openings: tuple[str, ...], forbidden: frozenset[str] = frozenset()) -> Messages:
    """An errand for which no tool was given."""
    task = any_task(chance)
    while task.family in forbidden:
        task = any_task(chance)
    asked = roughen(chance, polite(chance, errand(chance, declare(chance, task)).request))
    small = chance.pick(beyond.SMALL)
    remedy = chance.pick(beyond.REMEDY)
    answer = chance.pick(
        (
            f"{chance.pick(openings)}. {small}; {remedy}.",
            f"{chance.pick(openings)}: {small}. {beyond.upper_first(remedy)}.",
        )
    )
    return [
        say("user", asked),
        say("assistant", answer, Check("no_tool" if forbidden else "honest", ("tektra models pull",))),
    ]


def any_task(chance: Chance) -> Task:
    """A task of any kind, arithmetic and files the most."""
    return chance.random.choices(
        (chance.pick(CALCULATIONS), chance.pick(FILE_TASKS), chance.pick(SERVICES), invent(chance)),
        weights=(20, 28, 24, 28),
    )[0]


def toolbox(chance: Chance) -> list[Shape]:
    """One to six different tools, now and then two that are easily confused."""
    wanted = chance.random.choices((1, 2, 3, 4, 5, 6), weights=(24, 24, 20, 15, 10, 7))[0]
    mode = chance.random.random()
    tasks: list[Task] = []
    while len(tasks) < wanted:
        if mode < 0.45:
            task = invent(chance)
            if tasks and chance.odds(0.35):
                last_verb, last_noun = split_family(tasks[-1].family)
                task = invent(chance, noun=last_noun) if chance.odds(0.6) else invent(chance, verb=last_verb)
        else:
            task = any_task(chance)
        if task.family not in {known.family for known in tasks}:
            tasks.append(task)
    shapes = [declare(chance, task) for task in tasks]
    return list({shape.name: shape for shape in shapes}.values())


def split_family(family: str) -> tuple[tuple[str, ...], str]:
    """The verb group and noun of an invented task."""
    for verb in VERBS:
        if family.startswith(f"{verb[0]} "):
            return verb, family[len(verb[0]) + 1 :]
    return VERBS[0], NOUNS[0]


def call_message(done: Errand) -> dict[str, Any]:
    """The assistant's call."""
    function = {"name": done.shape.name, "arguments": done.arguments}
    message = say("assistant", "", Check("call", (), (done.shape.name, done.arguments)))
    return {**message, "tool_calls": [{"type": "function", "function": function}]}


def errand_turn(chance: Chance, done: Errand) -> Messages:
    """A request and its call."""
    return [say("user", roughen(chance, polite(chance, done.request))), call_message(done)]


def result_turn(chance: Chance, done: Errand) -> Messages:
    """What the tool gave back, told in a sentence."""
    result, answer, facts = outcome(chance, done)
    return [say("tool", result), say("assistant", answer, Check("result", facts))]


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


def other_calculation(chance: Chance, shape: Shape) -> Shape:
    """A calculator takes any expression: ask it for any operation."""
    if "expression" not in shape.parameters:
        return shape
    task = chance.pick([task for task in CALCULATIONS if task.slots[0].key == "expression"])
    return Shape(task, shape.tool, shape.parameters)


OPEN_TOOLS = frozenset(
    {"search", "define", "translate", "weather", "time", "arithmetic", "fetch", "distance", "note", "units", "contact"}
)


def no_errand(chance: Chance, families: frozenset[str]) -> Messages:
    """A turn for which none of the tools is right."""
    roll = chance.random.random()
    if roll < 0.3:
        return small_talk(chance)
    if roll < 0.5:
        return help_turn(chance)
    if roll < 0.75 or families & OPEN_TOOLS:
        return without_tool(chance, MISFIT, families | {"search", "command"})
    return beyond_turn(chance)


def plain_rounds(chance: Chance) -> Dialogue:
    """One to four turns without any tool."""
    messages: Messages = []
    for _ in range(chance.random.choices((1, 2, 3, 4), weights=(50, 25, 15, 10))[0]):
        kinds = (help_turn, beyond_turn, small_talk, lambda chance: without_tool(chance, NO_TOOL))
        messages += chance.random.choices(kinds, weights=(40, 30, 18, 12))[0](chance)
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
    return [say("system", unfence(text))]


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
