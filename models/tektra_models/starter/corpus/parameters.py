"""Parameters of invented tools, drawn: what one is called, what values it takes, and how a request mentions it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tektra_models.starter.corpus import values, words
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.parameter_choices import (
    CHOICES,
    DEEDS,
    FLAG_DESCRIPTIONS,
    FLAGS,
    QUALITIES,
    SWITCHES,
)
from tektra_models.starter.corpus.parameter_kinds import KINDS, UNITS
from tektra_models.starter.corpus.tasks import Maker, Slot

SPELLED = (
    "with {p} {v}",
    "{p} {v}",
    "with {v} as {p}",
    "{p}: {v}",
    "whose {p} is {v}",
    "and set {p} to {v}",
    "with the {p} {v}",
    "using {v} as the {p}",
    "with {p} = {v}",
    "where the {p} is {v}",
    "({p} {v})",
    "and a {p} of {v}",
)
PLAIN_TYPES: tuple[tuple[str, Maker], ...] = (
    ("string", values.word),
    ("string", values.phrase),
    ("integer", values.integer),
    ("number", values.decimal),
    ("string", values.identifier),
    ("integer", values.small),
    ("string", values.person),
    ("string", values.file_name),
    ("string", values.handle),
)


@dataclass(frozen=True)
class Parameter:
    """A parameter of one tool, the maker of its values, and its mention with the value in braces."""

    slot: Slot
    make: Maker
    mention: str
    direct: bool = False


def one_of(options: tuple[str, ...]) -> Maker:
    """A maker that picks from a closed set."""
    return lambda random: random.choice(options)


def spelled(name: str) -> str:
    """A parameter's name as one says it."""
    return name.replace("_", " ")


def free_name(random: Random) -> str:
    """A parameter name without a known meaning."""
    return "_".join(values.plain_word(random) for _ in range(random.choice((1, 1, 2))))


def told(text: str, name: str, verb: str, noun: str) -> str:
    """A description for this parameter of this tool."""
    said = spelled(name)
    known = {"spelled": said, "Spelled": said.capitalize(), "verb": verb, "noun": noun, "Noun": noun.capitalize()}
    return text.format(**known, u=UNITS.get(name, ""))


def fit(mention: str, name: str, key: str) -> str:
    """A mention for this parameter."""
    said = spelled(name) if name not in UNITS else name.rpartition("_")[0]
    return mention.replace("{p}", said).replace("{u}", UNITS.get(name, "")).replace("{v}", f"{{{key}}}")


def of_kind(chance: Chance, key: str, verb: str, noun: str) -> Parameter:
    """A parameter of a known kind, under one of its many names."""
    kind = chance.pick(KINDS)
    name = base = chance.pick(kind.names)
    prefix = chance.pick(kind.before).replace("{noun}", noun.replace(" ", "_")) if kind.before else ""
    if prefix and prefix not in name:
        name = f"{prefix}_{name}"
    elif chance.odds(0.06):
        name = f"{chance.pick(words.WORDS)}_{name}"
    mention = chance.phrasing(kind.mentions if chance.odds(0.78) else SPELLED)
    # People shorten what a tool calls customer_email to "email".
    said = base if chance.odds(0.5) else name
    descriptions = tuple(told(text, name, verb, noun) for text in kind.descriptions)
    return Parameter(Slot(key, (name,), descriptions, kind.type), kind.make, fit(mention, said, key), kind.direct)


def choice(chance: Chance, key: str, noun: str) -> Parameter:
    """A parameter that takes one of a few words."""
    if chance.odds(0.75):
        names, options, mentions = chance.pick(CHOICES)
        name, mention = chance.pick(names), chance.phrasing(mentions)
    else:
        name = chance.value(free_name)
        made = {chance.value(values.word): None for _ in range(chance.random.randint(2, 5))}
        options, mention = tuple(made), chance.phrasing(SPELLED)
    descriptions = (f"The {spelled(name)}", f"Which {spelled(name)}", f"{spelled(name).capitalize()} of the {noun}")
    return Parameter(Slot(key, (name,), descriptions, enum=options), one_of(options), fit(mention, name, key))


def switch(chance: Chance, key: str) -> Parameter:
    """A parameter that is true or false: said with on and off, or by naming it with or without a "not"."""
    if chance.odds(0.45):
        return said_by_name(chance, key)
    name = chance.pick(FLAGS) if chance.odds(0.7) else chance.value(free_name)
    descriptions = tuple(told(text, name, "", "") for text in FLAG_DESCRIPTIONS)
    slot = Slot(key, (name,), descriptions, "boolean")
    if chance.odds(0.4):
        words_of = one_of(("on", "off", "yes", "no", "true", "false"))
        return Parameter(slot, words_of, fit(chance.phrasing(SWITCHES), name, key))
    said = spelled(name).removeprefix("include ")
    return Parameter(slot, one_of((f"with {said}", f"without {said}")), f"{{{key}}}")


def said_by_name(chance: Chance, key: str) -> Parameter:
    """A switch that a request turns on, or now and then off, by naming what it does."""
    if chance.odds(0.5):
        said = chance.pick(DEEDS)
        name = said.replace(" ", "_")
        deed, _, thing = said.partition(" ")
        words_of = one_of((f"and {said}", f"and {deed} the {thing}", f"and please {said}", f"but don't {said}"))
    else:
        said = chance.pick(QUALITIES)
        name = chance.pick((said, f"is_{said}", f"only_{said}", f"make_{said}"))
        ones = (f"only the {said} ones", f"only {said} ones") if name.startswith("only") else (f"make it {said}",)
        words_of = one_of((*ones, f"as {said}", f"not {said}"))
    descriptions = tuple(told(text, name, "", "") for text in FLAG_DESCRIPTIONS)
    return Parameter(Slot(key, (name,), descriptions, "boolean"), words_of, f"{{{key}}}")


def free(chance: Chance, key: str, noun: str) -> Parameter:
    """A parameter whose name means nothing in particular and is said in the request."""
    name = chance.value(free_name)
    type_, make = chance.pick(PLAIN_TYPES)
    descriptions = (f"The {spelled(name)}", spelled(name).capitalize(), f"{spelled(name).capitalize()} of the {noun}")
    return Parameter(Slot(key, (name,), descriptions, type_), make, fit(chance.phrasing(SPELLED), name, key))


def parameter(chance: Chance, key: str, verb: str, noun: str) -> Parameter:
    """Any parameter for a tool that does this to that."""
    roll = chance.random.random()
    if roll < 0.66:
        return of_kind(chance, key, verb, noun)
    if roll < 0.78:
        return choice(chance, key, noun)
    if roll < 0.86:
        return switch(chance, key)
    return free(chance, key, noun)
