"""Facts of the small worlds that agents work in: what is known of a thing, and the texts that say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.agent_requests import QUESTION, ask
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.words import spaced

ATTRIBUTES = spaced("""
price budget owner code color weight height address deadline status age size rate number password city author
title name score level phone date limit port version key total amount balance cost income speed length width
capacity room floor manager team language country unit distance temperature quota salary rent stock
""")
FACT_LINES = (
    "The {a} of {n} is {v}.",
    "The {a} of {n} is {v}",
    "{a} of {n}: {v}",
    "{n}: {a} {v}",
    "{n} has the {a} {v}.",
    "{n}'s {a} is {v}.",
)


def attribute(random: Random) -> str:
    """What may be known of a thing."""
    return random.choice(ATTRIBUTES) if random.random() < 0.5 else values.word(random)


def subject(random: Random) -> str:
    """A thing of which something is known."""
    return random.choice((values.person, values.person, values.place, values.word, values.model_name))(random)


def count_of(random: Random) -> str:
    """A whole number that a person would calculate with."""
    return str(random.randint(2, random.choice((9, 20, 99, 999, 9999))))


KNOWN = (
    count_of,
    values.integer,
    values.identifier,
    values.date,
    values.clock,
    values.person,
    values.place,
    values.word,
    values.color,
    values.email,
)


@dataclass(frozen=True)
class Fact:
    """Something that is known, and how files write such things down."""

    attribute: str
    subject: str
    value: str
    form: str

    @property
    def line(self) -> str:
        """The fact as a line of text."""
        return put(self.form, {"a": self.attribute, "n": self.subject, "v": self.value})

    def question(self, chance: Chance) -> str:
        """A question for it."""
        return ask(chance, QUESTION, a=self.attribute, n=self.subject)

    @property
    def words(self) -> str:
        """What the value is called inside of a sentence."""
        return f"the {self.attribute} of {self.subject}"


def new_fact(chance: Chance, make: Callable[[Random], str] | None = None) -> Fact:
    """A fresh fact."""
    value = chance.value(make or chance.pick(KNOWN))
    return Fact(chance.value(attribute), chance.value(subject), value, chance.pick(FACT_LINES))


def document(chance: Chance, fact: Fact) -> str:
    """A text that holds the fact, among up to three others of its kind."""
    lines = [fact]
    for _ in range(chance.random.choice((0, 0, 1, 1, 2, 3))):
        other = new_fact(chance, count_of if fact.value.isdecimal() else None)
        same_subject = chance.odds(0.5)
        lines.append(
            replace(
                other,
                form=fact.form,
                subject=fact.subject if same_subject else other.subject,
                attribute=other.attribute if same_subject else fact.attribute,
            )
        )
    told = {(line.attribute, line.subject): line for line in reversed(lines)}
    order = chance.sample(list(told.values()), len(told))
    return chance.pick(("\n", "\n", " ")).join(line.line for line in order)
