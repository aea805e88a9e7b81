"""Turns with tools: a toolbox, requests, calls, results, and what to say when no tool fits."""

from __future__ import annotations

from collections.abc import Collection

from tektra_models.starter.corpus import beyond
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.everyday import FILE_TASKS, calculations
from tektra_models.starter.corpus.invented import NOUNS, VERBS, invent
from tektra_models.starter.corpus.noise import polite, roughen
from tektra_models.starter.corpus.outcomes import Outcome
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.corpus.talking import Check, Messages, beyond_turn, help_turn, say, small_talk
from tektra_models.starter.corpus.tasks import Errand, Maker, Shape, Task, declare, errand
from tektra_models.starter.corpus.toolbook import AREAS
from tektra_models.starter.corpus.turns import calls_message

CALCULATIONS = tuple(calculations())
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
        (
            chance.pick(CALCULATIONS),
            chance.pick(FILE_TASKS),
            chance.pick(SERVICES),
            chance.pick(chance.pick(AREAS)),
            invent(chance),
        ),
        weights=(12, 16, 12, 40, 20),
    )[0]


def similar(chance: Chance, task: Task) -> Task:
    """Another invented tool that is easily confused with this one: the same thing, or the same deed."""
    verb, noun = split_family(task.family)
    return invent(chance, noun=noun) if chance.odds(0.7) else invent(chance, verb=verb)


def toolbox(chance: Chance, least: int = 1) -> list[Shape]:
    """Up to eight different tools, often some that are easily confused."""
    wanted = max(least, chance.random.choices(range(1, 9), weights=(24, 24, 18, 12, 9, 6, 4, 3))[0])
    mode = chance.random.random()
    area = chance.pick(AREAS)
    alike = chance.pick((0.0, 0.3, 0.7))
    tasks: list[Task] = []
    while len(tasks) < wanted:
        if mode < 0.34:
            task = similar(chance, tasks[-1]) if tasks and chance.odds(alike) else invent(chance)
        elif mode < 0.42:
            task = chance.pick(CALCULATIONS) if chance.odds(0.25) else chance.pick(FILE_TASKS)
        elif mode < 0.72:
            task = chance.pick(area) if chance.odds(0.6) else chance.pick(chance.pick(AREAS))
        else:
            task = any_task(chance)
        if task.family not in {known.family for known in tasks}:
            tasks.append(task)
    shapes = [declare(chance, task) for task in tasks]
    shapes = list({shape.name: shape for shape in shapes}.values())
    return chance.sample(shapes, len(shapes))


def companion(chance: Chance, makers: Collection[Maker]) -> Shape | None:
    """A tool that takes a value of one of these kinds, so that a request can hand on what came before."""
    known = [make for make in makers if make in TAKERS]
    return declare(chance, chance.pick(TAKERS[chance.pick(known)])) if known else None


def takers() -> dict[Maker, list[Task]]:
    """The known tools that require a text, by the maker of its values."""
    found: dict[Maker, list[Task]] = {}
    for task in (*FILE_TASKS, *SERVICES, *(task for area in AREAS for task in area)):
        for slot in task.slots:
            if slot.needs_text and slot.key in task.makers:
                found.setdefault(task.makers[slot.key], []).append(task)
    return found


TAKERS = takers()


def split_family(family: str) -> tuple[tuple[str, ...], str]:
    """The verb group and noun of an invented task."""
    for verb in VERBS:
        if family.startswith(f"{verb[0]} "):
            return verb, family[len(verb[0]) + 1 :]
    return VERBS[0], NOUNS[0]


def errand_turn(chance: Chance, done: Errand) -> Messages:
    """A request and its call."""
    return [say("user", roughen(chance, polite(chance, done.request))), calls_message((done,))]


def result_turn(ended: Outcome) -> Messages:
    """What the tool gave back, told in a sentence."""
    return [say("tool", ended.result), say("assistant", ended.answer, Check("result", ended.facts))]


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
