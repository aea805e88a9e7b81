"""Requests with a value left out, and asking back for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import SLOT, fence, put
from tektra_models.starter.corpus.noise import polite, roughen
from tektra_models.starter.corpus.outcomes import both
from tektra_models.starter.corpus.parameters import fit, spelled
from tektra_models.starter.corpus.talking import Check, Messages, say
from tektra_models.starter.corpus.tasks import (
    OPTIONAL,
    Errand,
    Shape,
    Slot,
    draw_variables,
    perhaps_quoted,
    typed,
)

ONE_MISSING = (
    "Which {p}?",
    "What is the {p}?",
    "Which {p} should I use?",
    "I need the {p} for that. Which one?",
    "What {p} do you mean?",
    "Please tell me the {p}.",
)
MORE_MISSING = (
    "What are the {p}?",
    "I need the {p} for that.",
    "Please tell me the {p}.",
    "Which {p}?",
    "For that I need the {p}.",
)
VAGUE = (
    "{do}",
    "I want to {do}",
    "can you {do}?",
    "{do} for me",
    "I need to {do}",
    "Could you {do}?",
    "I'd like to {do}.",
    "Let's {do}.",
    "I have to {do}",
    "now {do}",
    "help me {do}",
    "will you {do}?",
    "Time to {do}.",
    "go and {do}",
    "You should {do}.",
    "is it possible to {do}?",
    "We must {do}.",
    "start to {do}",
)
REPLIES = (
    "{v}",
    "it is {v}",
    "{v} please",
    "use {v}",
    "take {v}",
    "{p} {v}",
    "the {p} is {v}",
    "oh, {v}",
    "sorry, {v}",
    "{v}, of course",
    "I mean {v}",
    "{v}!",
    "{p}: {v}",
    "It's {v}.",
    "ah yes: {v}",
    "make it {v}",
    "with {v}",
    "hm, {v}",
)
# The words that lead up to a value at the end of a request, and a unit or so after it.
LAST_PART = re.compile(
    r"(?:,? (?:to|for|in|with|at|on|of|by|from|as|into|about|called|named|is|the|a|my|number|id|under|until|after|and"
    r"|without|than|against|via|over|onto|near|between|it|up|using)\b|[,:])* *\{\w+\}(?: [\w%]+){0,2}[.?!]?$"
)
Calls = tuple[tuple[str, dict[str, Any]], ...]


def calls_message(done: Sequence[Errand]) -> dict[str, Any]:
    """The assistant's call for an errand, or its calls for several."""
    return calls_of(tuple((one.shape.name, one.arguments) for one in done))


def calls_of(calls: Calls, facts: tuple[str, ...] = ()) -> dict[str, Any]:
    """The assistant's call, or its calls in order; `facts` are what the arguments of a single call must hold."""
    check = Check("call", facts, calls[0]) if len(calls) == 1 else Check("two_calls", calls=calls)
    functions = [{"type": "function", "function": {"name": name, "arguments": given}} for name, given in calls]
    return {**say("assistant", "", check), "tool_calls": functions}


def doing(chance: Chance, shape: Shape) -> str:
    """What the tool does, without any value: from its name or from how it is described."""
    task = shape.task
    verb, _, rest = task.family.partition(" ")
    if rest:
        return chance.pick((f"{verb} {chance.pick(('a', 'the', 'my', 'that'))} {rest}", f"{verb} {rest}"))
    told = chance.pick(task.descriptions).split(" and ")[0].split(". ")[0]
    return chance.pick((spelled(task.names[0]), told[:1].lower() + told[1:]))


def cut_short(wording: str, key: str) -> str | None:
    """A request without its last value and the words that lead up to it: "Rotate {f}" of "Rotate {f} by {n}"."""
    cut = LAST_PART.sub("", wording)
    left = set(SLOT.findall(cut))
    return cut if cut != wording and key not in left and len(cut.split()) > 1 else None


def left_vague(chance: Chance, wording: str, key: str, name: str) -> str:
    """A request with a word of no content where the value should stand: "Rotate {f} by some degrees"."""
    return wording.replace(f"{{{key}}}", chance.pick((f"a {name}", f"some {name}", f"one {name}", f"a certain {name}")))


def incomplete(
    chance: Chance, shape: Shape, required: Sequence[Slot], variables: Mapping[str, str]
) -> tuple[str, list[Slot]] | None:
    """One of the tool's own ways to ask with one value left out, and the slots that are missing."""
    missing = chance.pick(required)
    wording = OPTIONAL.sub("", chance.phrasing(shape.task.phrasings))
    short = cut_short(wording, missing.key)
    if short is None and chance.odds(0.4):
        short = left_vague(chance, wording, missing.key, spelled(shape.parameters[missing.key]))
    if short is None or short.count("{") != len(required) - 1:
        return None
    shown = {slot.key: fence(perhaps_quoted(chance, variables[slot.key])) for slot in required}
    return put(short, {**variables, **shown}), [missing]


def asking_back(chance: Chance, shape: Shape) -> Messages | None:
    """A request that lacks what the tool requires, the question for it, the value, and the call, if that can be."""
    required = [slot for slot in shape.task.slots if not slot.optional and slot.key in shape.parameters]
    if not required or any(slot.value or slot.type == "boolean" for slot in required):
        return None
    variables = draw_variables(chance, shape.task)
    request, missing = vague_request(chance, shape, required, variables)
    for _ in range(4):
        if chance.odds(0.75) and (made := incomplete(chance, shape, required, variables)):
            request, missing = made
            break
    names = [spelled(shape.parameters[slot.key]) for slot in missing]
    only_one = len(missing) == 1 and missing[0].type != "array"
    question = put(chance.pick(ONE_MISSING if only_one else MORE_MISSING), {"p": both(names)})
    messages = [
        say("user", roughen(chance, polite(chance, request))),
        say("assistant", question, Check("ask_back", tuple(names))),
    ]
    if chance.odds(0.35):
        return messages
    if len(missing) == 1:
        value = perhaps_quoted(chance, variables[missing[0].key])
        reply = put(chance.phrasing(REPLIES), {"p": names[0], "v": fence(value)})
    else:
        parts = (f"{name} {fence(variables[slot.key])}" for name, slot in zip(names, missing, strict=True))
        reply = ", ".join(parts)
    arguments = arguments_of(shape, required, variables)
    done = Errand(shape, variables, reply, arguments)
    return [*messages, say("user", roughen(chance, reply)), calls_message((done,))]


def vague_request(
    chance: Chance, shape: Shape, required: Sequence[Slot], variables: Mapping[str, str]
) -> tuple[str, list[Slot]]:
    """What the tool does said in a few words with some of the values, and the slots that are missing."""
    kept = chance.sample(required, chance.random.randint(0, len(required) - 1)) if " " in shape.task.family else []
    if len(kept) < len(required) - 2:
        kept = list(required[2:])
    request = put(chance.phrasing(VAGUE), {"do": doing(chance, shape)})
    for slot in kept:
        name = shape.parameters[slot.key]
        said = fit(chance.phrasing(MENTIONS), name, slot.key)
        shown = perhaps_quoted(chance, variables[slot.key])
        request = f"{request.rstrip('.?!')} {put(said, {slot.key: fence(shown)})}"
    return request, [slot for slot in required if slot not in kept]


MENTIONS = (
    "with {p} {v}",
    "with the {p} {v}",
    "{p} {v}",
    "with {v} as {p}",
    "({p} {v})",
    "whose {p} is {v}",
    "and {p} {v}",
    "using {p} {v}",
    "for {p} {v}",
    "where the {p} is {v}",
    "with {p}: {v}",
    "having the {p} {v}",
)


def arguments_of(shape: Shape, slots: Sequence[Slot], variables: Mapping[str, str]) -> dict[str, Any]:
    """The arguments for these slots in the order of the declaration."""
    return {shape.parameters[slot.key]: typed(slot, put(slot.source, variables)) for slot in slots}
