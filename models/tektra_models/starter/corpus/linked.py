"""Two errands of which the second needs what the first gives back: "look up the owner and then mail them"."""

from __future__ import annotations

import re
from dataclasses import replace

from tektra_models.starter.corpus.calling import result_turn, toolbox
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.noise import polite, roughen
from tektra_models.starter.corpus.outcomes import outcome
from tektra_models.starter.corpus.parameters import spelled
from tektra_models.starter.corpus.pointing import POINTERS, said_as
from tektra_models.starter.corpus.talking import Dialogue, say
from tektra_models.starter.corpus.tasks import Errand, Shape, Slot, ask, draw_variables, errand
from tektra_models.starter.corpus.together import lower_first
from tektra_models.starter.corpus.turns import calls_message

JOINTS = (
    "{a} and then {b}",
    "first {a}, then {b}",
    "{a}, then {b}",
    "{a}. Then {b}",
    "{a} and {b}",
    "{a}. After that {b}",
    "{a}; when you have that, {b}",
    "{a} so that you can {b}",
    "once you know that, {b}: {a}",
    "{a}. With the result, {b}",
    "{a} and use that to {b}",
    "{b}, but first {a}",
    "{a}, and with what you get {b}",
    "{a}. Next {b}",
    "to {b}, first {a}",
    "{a} & then {b}",
    "{a}. Afterwards {b}",
    "{a}, after which {b}",
)
POINTING = (
    "that {p}",
    "the {p} you find",
    "the {p} from there",
    "its {p}",
    "the {p} it gives",
    "this {p}",
    "the result",
)
DOUBLED = re.compile(r"\b(?:the|a|an|my) ((?:the|that|this|its) )")
GIVEN_BACK = (
    "{v}",
    '{"{p}": "{v}"}',
    '{"{p}": "{v}", "{w}": {n}}',
    '{"{w}": "{x}", "{p}": "{v}"}',
    "{p}: {v}",
    '["{v}"]',
    "found: {v}",
    "{v} ({w})",
    '{"result": "{v}"}',
    "The {p} is {v}.",
)


def needing(chance: Chance, shapes: list[Shape]) -> tuple[Shape, Slot] | None:
    """One of the tools with a text that it requires, if there is any."""
    for shape in chance.sample(shapes, len(shapes)):
        slots = [slot for slot in shape.task.slots if slot.needs_text and not slot.value]
        if found := [slot for slot in slots if slot.key in shape.task.makers]:
            return shape, chance.pick(found)
    return None


def following(chance: Chance, shape: Shape, slot: Slot) -> Errand | None:
    """An errand that names its value only as what the one before gives back."""
    for _ in range(6):
        done = ask(chance, shape, draw_variables(chance, shape.task))
        known = POINTERS.get(shape.task.makers[slot.key], ())
        if pointed := said_as(done, slot.key, chance.pick((*POINTING, *known))):
            request = put(pointed.request, {"p": spelled(shape.parameters[slot.key])})
            return replace(pointed, request=DOUBLED.sub(r"\1", request))
    return None


def linked_dialogue(chance: Chance) -> Dialogue:
    """A request for two things, the call for the first, and the call for the second with what came back."""
    while True:
        shapes = toolbox(chance)
        if (need := needing(chance, shapes)) is None or len(shapes) < 2:
            continue
        shape, slot = need
        first = errand(chance, chance.pick([other for other in shapes if other is not shape]))
        second = following(chance, shape, slot)
        if second is not None:
            break
    one, other = first.request.rstrip(".?!"), second.request.rstrip(".?!")
    request = put(chance.phrasing(JOINTS), {"a": lower_first(one), "b": lower_first(other)})
    known = {
        "p": shape.parameters[slot.key],
        "v": second.variables[slot.key],
        "w": chance.pick(("status", "count", "page", "score", "size", "age")),
        "n": str(chance.random.randint(1, 900)),
        "x": chance.pick(("ok", "done", "active", "new", "open")),
    }
    messages = [
        say("user", roughen(chance, polite(chance, request))),
        calls_message((first,)),
        say("tool", put(chance.pick(GIVEN_BACK), known)),
        calls_message((second,)),
        *result_turn(outcome(chance, second)),
    ]
    return Dialogue("chain", messages, [one.tool for one in shapes])
