"""Turns without a tool: small talk, Tektra's commands, honest words for all else."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from tektra_models.starter.corpus import beyond, values
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import fence, put
from tektra_models.starter.corpus.help_facts import BACKGROUND, FACTS, SLOTS, Background, Fact, command_words
from tektra_models.starter.corpus.noise import roughen
from tektra_models.starter.corpus.small_talk import TALK


@dataclass(frozen=True)
class Check:
    """What a right answer is: its kind, the texts that it must hold, and the call when it is one."""

    kind: str
    facts: tuple[str, ...] = ()
    call: tuple[str, dict[str, Any]] | None = None
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()


Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class Dialogue:
    """Messages in the OpenAI form; an assistant message carries its Check under "check"."""

    kind: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]


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
ECHO = (
    "Repeat: {v}",
    "repeat after me: {v}",
    "Repeat exactly: {v}",
    'Say "{v}"',
    "echo {v}",
    "Write this again: {v}",
    'Repeat "{v}"',
    "copy this: {v}",
    "Please repeat the following: {v}",
    "say this word for word: {v}",
    "type this: {v}",
    "Say it again: {v}",
)
COPIED = (
    values.phrase,
    values.path,
    values.integer,
    values.sentence,
    values.identifier,
    values.person,
    values.url,
    values.email,
    values.date,
    values.decimal,
    values.folder,
    values.word,
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
        say("assistant", answer, Check("example", (command_start(fact),))),
    ]


def command_start(fact: Fact) -> str:
    """The command up to its first slot."""
    fixed = set(command_words(fact.command))
    return " ".join(takewhile(lambda word: word in fixed, fact.command.split()))


def help_with(chance: Chance, fact: Fact, frames: tuple[str, ...] = HOW) -> Messages:
    """A question about a command, by its purpose or by its name."""
    known = {slot: chance.value(make) for slot, make in SLOTS.items()}
    if fact.questions and chance.odds(0.25):
        asked, told, purpose = chance.phrasing(fact.questions), chance.pick(TOLD), ""
    elif chance.odds(0.2):
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
    # With its backticks, so that the same command with one flag more is not taken for it.
    facts = () if told == "It {does}." else (f"`{command}`",)
    return [say("user", roughen(chance, asked)), say("assistant", answer, Check("help", facts or (fact.does,)))]


def echo(chance: Chance) -> Messages:
    """A text to repeat exactly: the plainest exercise in copying, which calls are made of."""
    texts = [chance.value(chance.pick(COPIED)) for _ in range(chance.random.choice((1, 1, 2, 3)))]
    text = ", ".join(texts)
    asked = roughen(chance, put(chance.phrasing(ECHO), {"v": fence(text)}))
    return [say("user", asked), say("assistant", text, Check("echo", (text,)))]


def background(chance: Chance, about: Background) -> Messages:
    """A question about what Tektra is."""
    return [
        say("user", roughen(chance, chance.phrasing(about.questions))),
        say("assistant", chance.pick(about.answers), Check("help", about.facts)),
    ]


# What people ask most has the most ways to ask; a flag of sampling is asked for seldom.
WEIGHTS = [len(fact.questions) for fact in FACTS]


def help_turn(chance: Chance) -> Messages:
    """Any question about Tektra."""
    if chance.odds(0.36):
        return background(chance, chance.pick(BACKGROUND))
    fact = chance.random.choices(FACTS, weights=WEIGHTS)[0]
    turns = help_with(chance, fact)
    if chance.odds(0.12):
        turns += example_of(chance, fact)
    if chance.odds(0.15):
        turns += help_with(chance, chance.random.choices(FACTS, weights=WEIGHTS)[0], FOLLOWING)
    return turns


def beyond_turn(chance: Chance) -> Messages:
    """Something that the model does not know."""
    topic, asked = beyond.question(chance)
    return [
        say("user", roughen(chance, asked)),
        say("assistant", beyond.honest_words(chance, topic.what), Check("honest", ("tektra models pull",))),
    ]
