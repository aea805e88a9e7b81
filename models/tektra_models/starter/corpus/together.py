"""Two things asked in one message, to be called together."""

from __future__ import annotations

from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import FENCE_OPEN, fence, put
from tektra_models.starter.corpus.noise import polite, roughen
from tektra_models.starter.corpus.outcomes import outcome
from tektra_models.starter.corpus.pointing import POINTERS, handed_on, said_as
from tektra_models.starter.corpus.talking import Check, Messages, say
from tektra_models.starter.corpus.tasks import Errand, Shape, again, changeable, errand, with_value
from tektra_models.starter.corpus.turns import calls_message

JOINTS = (
    "{a} and {b}",
    "{a}, and {b}",
    "{a}. Also {b}",
    "first {a}, then {b}",
    "{a}; {b}",
    "{a} and then {b}",
    "{a}. After that {b}",
    "{a}, then {b}",
    "{a} and also {b}",
    "{a}. And {b}",
    "two things: {a} and {b}",
    "{a}. Then {b}",
    "{a} as well as {b}",
    "{a}, plus {b}",
    "both: {a}, {b}",
    "{a} & {b}",
    "{a}. Next, {b}",
    "{a}, after that {b}",
)
BOTH = (
    "{a} and {b}",
    "{a} and {b}",
    "{a} and {b}",
    "both {a} and {b}",
    "{a} and also {b}",
    "{a} as well as {b}",
    "{a} & {b}",
    "{a}, {b}",
    "{a} and then {b}",
    "{a}, and {b}",
    "{a} plus {b}",
    "first {a}, then {b}",
    "{a} and after that {b}",
    "{a} / {b}",
    "{a}, also {b}",
    "{a} + {b}",
    "{a}, then {b}",
    "each of {a} and {b}",
)
Together = tuple[str, Errand, Errand]


def lower_first(text: str) -> str:
    """The text as the second half of a sentence; a value at its beginning stays as it is."""
    if text.startswith(FENCE_OPEN) or text[:2] in {"I ", "I'"} or text[1:2].isupper():
        return text
    return text[:1].lower() + text[1:]


def joined(chance: Chance, first: Errand, second: Errand) -> Together:
    """Two requests as one sentence, or as two."""
    one, other = first.request.rstrip("."), second.request.rstrip()
    said = put(chance.phrasing(JOINTS), {"a": one, "b": lower_first(other)})
    return said if said.startswith(one) else said.replace(one, lower_first(one), 1), first, second


def different(chance: Chance, shapes: list[Shape]) -> Together:
    """Two requests that have nothing to do with each other."""
    first = errand(chance, chance.pick(shapes))
    second = errand(chance, chance.pick(shapes))
    if first.shape is second.shape and not first.arguments:
        second = errand(chance, shapes[-1])
    return joined(chance, first, second)


def about_the_same(chance: Chance, shapes: list[Shape]) -> Together | None:
    """Two requests of which the second points at what the first names: "rotate a.png, then print it"."""
    first = errand(chance, chance.pick(shapes))
    second = handed_on(chance, first, {}, shapes, other_tool=True)
    return joined(chance, first, second) if second else None


def for_two_values(chance: Chance, shapes: list[Shape]) -> Together | None:
    """One tool for two values: "read the sensors a-1 and b-2", "is 97 prime? and 91?"."""
    first = errand(chance, chance.pick(shapes))
    task = first.shape.task
    if chance.odds(0.3):
        second = again(chance, first)
        return (f"{first.request.rstrip('.')} {second.request}", first, second) if second else None
    named = [slot.key for slot in task.slots if slot.needs_text and task.makers.get(slot.key) in POINTERS]
    only = changeable(task)
    keys = [*named, *([only] if only and only not in named else [])]
    if not keys or task.family == "arithmetic":
        return None
    key = chance.pick(keys)
    other = chance.value(task.makers[key])
    both = put(chance.phrasing(BOTH), {"a": fence(first.variables[key]), "b": fence(other)})
    said = said_as(first, key, both)
    second = with_value(first, key, other)
    return (said.request, first, second) if said and second.arguments != first.arguments else None


def two_errands(chance: Chance, shapes: list[Shape]) -> Messages:
    """Two things asked in one message, called together, and both results told."""
    way = chance.random.choices((different, about_the_same, for_two_values), weights=(5, 3, 3))[0]
    request, first, second = way(chance, shapes) or different(chance, shapes)
    messages = [say("user", roughen(chance, polite(chance, request))), calls_message((first, second))]
    if chance.odds(0.5):
        told = [outcome(chance, done) for done in (first, second)]
        messages += [say("tool", one.result) for one in told]
        answer = " ".join(one.answer for one in told)
        messages.append(say("assistant", answer, Check("result", told[0].facts + told[1].facts)))
    return messages
