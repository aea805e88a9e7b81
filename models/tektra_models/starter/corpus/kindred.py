"""Exercises in meaning: tools and parameters asked for by words that are close to those of their declarations.

Which words are close is known from the word vectors, so this one skill can be practised on all of the vocabulary; the
tools written by hand show it only on theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.calling import errand_turn
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.parameters import SPELLED, one_of
from tektra_models.starter.corpus.talking import Dialogue, Messages
from tektra_models.starter.corpus.tasks import Errand, Maker, Shape, Slot, Task, declare_slot, errand, recase
from tektra_models.starter.corpus.toolbook import tool_words
from tektra_models.starter.word_vectors import word_vectors

# The commonest words are those of grammar: no tool is about them.
GRAMMAR = 150
# Of the words that no tool of the toolbook speaks of, these: rarer ones are seldom one token, and so have no vector.
COMMON = 2000
CLOSE, MOST_NEIGHBOURS, SHORTEST = 0.48, 8, 3
FROM_TOOLBOOK, DECLARED_AS_IS, SAID_AS_IS, NOISE = 0.6, 0.6, 0.35, 0.25
JOINTS = ("the", "a", "of the", "in the", "for the", "to", "with the", "from", "and", "on a", "by", "of my", "into the")
BEGINNINGS = (
    *("", "", "", "", "I need ", "I want ", "show me ", "let me ", "what is ", "how about ", "is there "),
    *("we need ", "find ", "get ", "is the ", "which ", "give me ", "do ", "my "),
)
KINDS: tuple[tuple[str, Maker], ...] = (
    ("string", values.phrase),
    ("string", values.word),
    ("string", values.path),
    ("string", values.identifier),
    ("string", values.person),
    ("string", values.place),
    ("string", values.date),
    ("string", values.url),
    ("string", values.email),
    ("integer", values.integer),
    ("integer", values.small),
    ("number", values.decimal),
)


@lru_cache(maxsize=1)
def neighbours() -> dict[str, tuple[str, ...]]:
    """For each word that a tool can be about, those of them that are closest in meaning."""
    known, spoken_of = word_vectors(), tool_words()
    chosen = [
        place
        for place, word in enumerate(known.words)
        if place >= GRAMMAR and len(word) >= SHORTEST and (place < COMMON or word in spoken_of)
    ]
    vectors, words = known.vectors[chosen], [known.words[place] for place in chosen]
    found: dict[str, tuple[str, ...]] = {}
    for word, vector in zip(words, vectors, strict=True):
        likeness = vectors @ vector
        nearest = np.argpartition(-likeness, MOST_NEIGHBOURS)[: MOST_NEIGHBOURS + 1]
        others = tuple(words[one] for one in nearest if likeness[one] > CLOSE and words[one] != word)
        if others:
            found[word] = others
    return found


@lru_cache(maxsize=1)
def topics() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All words that a tool can be about; and those that real-looking tools speak of."""
    every = tuple(neighbours())
    return every, tuple(word for word in every if word in tool_words())


def topic_word(chance: Chance) -> str:
    """A word that a tool may be about."""
    every, spoken_of = topics()
    return chance.pick(spoken_of if chance.odds(FROM_TOOLBOOK) else every)


def close_to(chance: Chance, word: str, as_is: float) -> str:
    """The word itself or a neighbour."""
    return word if chance.odds(as_is) else chance.pick(neighbours()[word])


def meant(chance: Chance, words: Sequence[str], as_is: float) -> list[str]:
    """The words in any order, each as it is or by a neighbour."""
    return [close_to(chance, word, as_is) for word in chance.sample(words, len(words))]


def sentence(chance: Chance, words: Sequence[str], noise: float) -> str:
    """The words, other words, and small words between them."""
    said = list(words)
    while chance.odds(noise):
        said.insert(chance.random.randint(0, len(said)), values.plain_word(chance.random))
    first, *rest = said
    return first + "".join(f" {chance.pick(JOINTS)} {word}" if chance.odds(0.6) else f" {word}" for word in rest)


@dataclass(frozen=True)
class Wanted:
    """A parameter, the word that it is about, and the maker of its values."""

    slot: Slot
    word: str
    make: Maker


@dataclass(frozen=True)
class Meaning:
    """A tool, the words that it is about, and its parameters."""

    tool: dict[str, Any]
    words: tuple[str, ...]
    parameters: tuple[Wanted, ...]

    @property
    def name(self) -> str:
        """The tool's name."""
        return str(self.tool["function"]["name"])


def wanted(chance: Chance, key: str) -> Wanted:
    """A parameter that is named by its word, and perhaps described by that word or a neighbour."""
    word = topic_word(chance)
    parts = [word, topic_word(chance)] if chance.odds(0.3) else [word]
    tells = (sentence(chance, meant(chance, parts, DECLARED_AS_IS), NOISE).capitalize(),)
    name = recase(chance, "_".join(parts))
    if chance.odds(0.15):
        options = tuple({topic_word(chance): None for _ in range(chance.random.randint(2, 5))})
        return Wanted(Slot(key, (name,), tells, enum=options), word, one_of(options))
    kind, make = chance.pick(KINDS)
    return Wanted(Slot(key, (name,), tells, kind, optional=chance.odds(0.4)), word, make)


@dataclass(frozen=True)
class Grade:
    """How hard an exercise is: the most tools, words of a tool, and parameters; how much else is said."""

    tools: int
    words: int
    parameters: int
    noise: float


# From one word for each of a few tools, by which comparing is learned, to what real tools look like.
GRADES = (Grade(4, 1, 0, 0.0), Grade(5, 2, 1, 0.0), Grade(6, 3, 2, 0.15), Grade(7, 4, 4, NOISE))


def meaning(chance: Chance, grade: Grade, shared: tuple[str, ...] = ()) -> Meaning:
    """A tool about a few words, named by some of them and mostly described by all, and its parameters."""
    fresh = max(1, chance.random.randint((grade.words + 1) // 2, grade.words) - len(shared))
    about = tuple(chance.sample((*shared, *(topic_word(chance) for _ in range(fresh))), fresh + len(shared)))
    named = about[: chance.random.choices((1, 2, 3), weights=(2, 6, 2))[0]]
    function: dict[str, Any] = {"name": recase(chance, "_".join(named))}
    if grade.words > 1 and (len(named) == 1 or chance.odds(0.75)):
        function["description"] = sentence(chance, meant(chance, about, DECLARED_AS_IS), grade.noise).capitalize()
    count = min(grade.parameters, chance.random.choices(range(5), weights=(30, 30, 20, 12, 8))[0])
    drawn = [wanted(chance, key) for key in "abcd"[:count]]
    parameters = tuple({one.slot.names[0]: one for one in drawn}.values())
    described = chance.odds(0.5)
    properties = {one.slot.names[0]: declare_slot(chance, one.slot, described) for one in parameters}
    required = [one.slot.names[0] for one in parameters if not one.slot.optional]
    function["parameters"] = {"type": "object", "properties": properties, "required": required}
    return Meaning(
        {"type": "function", "function": function}, about if "description" in function else named, parameters
    )


def request(chance: Chance, one: Meaning, noise: float, fewer: int) -> Errand:
    """A request for it, in words that are close to its own, of which some may be left out."""
    words = meant(chance, one.words, SAID_AS_IS)
    said = [chance.pick(BEGINNINGS) + sentence(chance, words[: max(1, len(words) - fewer)], noise)]
    slots = []
    for parameter in one.parameters:
        slot, value = parameter.slot, f"{{{parameter.slot.key}}}"
        if slot.enum and chance.odds(0.5):
            chosen = chance.pick(slot.enum)
            slot, value = Slot(slot.key, slot.names, enum=slot.enum, value=chosen), close_to(chance, chosen, 0.0)
        slots.append(slot)
        if slot.optional and chance.odds(0.5):
            continue
        cue = close_to(chance, parameter.word, SAID_AS_IS)
        bare = len(one.parameters) == 1 and chance.odds(0.6)
        said.append(value if bare else chance.phrasing(SPELLED).replace("{p}", cue).replace("{v}", value))
    first, *rest = said
    phrasing = " ".join([first, *chance.sample(rest, len(rest))])
    makers = {parameter.slot.key: parameter.make for parameter in one.parameters}
    task = Task(one.name, (one.name,), (), tuple(slots), (phrasing,), (("ok", "Done."),), makers)
    return errand(chance, Shape(task, one.tool, {slot.key: slot.names[0] for slot in slots}))


def kindreds(chance: Chance) -> Dialogue:
    """Tools called by what they mean; those that share a word are told apart by the others."""
    grade = chance.pick(GRADES)
    made = [meaning(chance, grade)]
    alike = grade.words > 2 and chance.odds(0.4)
    for _ in range(chance.random.randint(1, grade.tools - 1)):
        shared = (chance.pick(made[0].words),) if alike and chance.odds(0.6) else ()
        made.append(meaning(chance, grade, shared))
    tools = list({one.name: one for one in made}.values())
    messages: Messages = []
    for _ in range(len(tools) + 2):
        fewer = 0 if alike else int(chance.odds(0.5))
        messages += errand_turn(chance, request(chance, chance.pick(tools), grade.noise, fewer))
    return Dialogue("kindred", messages, [one.tool for one in tools])
