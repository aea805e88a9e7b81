"""Exercises: dialogues as nobody leads them, each for one skill that all others are made of."""

from __future__ import annotations

from random import Random

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.calling import errand_turn, no_errand, toolbox
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.invented import NOUNS, VERBS
from tektra_models.starter.corpus.parameters import free_name
from tektra_models.starter.corpus.talking import COPIED, Dialogue, Messages, echo
from tektra_models.starter.corpus.tasks import Shape, Slot, Task, errand
from tektra_models.starter.corpus.together import two_errands
from tektra_models.starter.corpus.turns import asking_back


def echoes(chance: Chance) -> Dialogue:
    """Texts to repeat."""
    return Dialogue("echo", [message for _ in range(chance.random.randint(1, 4)) for message in echo(chance)], [])


def drills(chance: Chance) -> Dialogue:
    """Many calls in a row with nothing between them: the densest exercise in choosing among tools."""
    shapes = toolbox(chance, least=3)
    messages: Messages = []
    for _ in range(len(shapes) + chance.random.randint(1, 3)):
        messages += errand_turn(chance, errand(chance, chance.pick(shapes)))
    return Dialogue("drill", messages, [shape.tool for shape in shapes])


def matches(chance: Chance) -> Dialogue:
    """Tools called by their very words: the plainest exercise in finding the tool that a request means."""
    shapes = [
        simple_shape(chance, chance.value(two_words), chance.odds(0.5), chance.odds(0.4))
        for _ in range(chance.random.randint(2, 5))
    ]
    messages: Messages = []
    for _ in range(len(shapes) + 3):
        messages += errand_turn(chance, errand(chance, chance.pick(shapes)))
    return Dialogue("match", messages, [shape.tool for shape in shapes])


def two_words(random: Random) -> str:
    """A deed and a thing, mostly senseless together."""
    first = random.choice(VERBS)[0] if random.random() < 0.5 else values.plain_word(random)
    second = random.choice(NOUNS) if random.random() < 0.5 else values.plain_word(random)
    return f"{first} {second}"


def simple_shape(chance: Chance, said: str, described: bool, valued: bool) -> Shape:
    """A tool named by what one says to have it called, with one parameter or none."""
    name = "_".join(said.split() if chance.odds(0.8) else reversed(said.split()))
    key = chance.value(free_name)
    properties = {key: {"type": "string"}} if valued else {}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, **({"description": said} if described else {}), "parameters": schema}
    verb, _, thing = said.partition(" ")
    tail = " {v}" if valued else ""
    ways = tuple(f"{verb} {article} {thing}{tail}" for article in ("the", "a", "my", "this", "that"))
    slots = (Slot("v", (key,)),) if valued else ()
    task = Task(said, (name,), (said,), slots, (*ways, f"{said}{tail}"), (("ok", "Done."),), {"v": chance.pick(COPIED)})
    return Shape(task, {"type": "function", "function": function}, {"v": key} if valued else {})


def decisions(chance: Chance) -> Dialogue:
    """Requests in a row that are complete or not, for two tools or for none: what to do is decided anew each time."""
    shapes = toolbox(chance)
    families = frozenset(shape.task.family for shape in shapes)
    messages: Messages = []
    for _ in range(chance.random.randint(3, 6)):
        kind = chance.random.choices(("call", "ask", "two", "none"), weights=(25, 30, 25, 20))[0]
        asked = asking_back(chance, chance.pick(shapes)) if kind == "ask" else None
        if asked:
            messages += asked
        elif kind == "two":
            messages += two_errands(chance, shapes)
        elif kind == "none":
            messages += no_errand(chance, families)
        else:
            messages += errand_turn(chance, errand(chance, chance.pick(shapes)))
    return Dialogue("decide", messages, [shape.tool for shape in shapes])
