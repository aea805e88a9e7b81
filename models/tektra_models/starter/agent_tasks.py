"""What agents are asked to do in a world, and how to see in their answer or in its files whether it was done.

Nobody is asked for an opinion. Requests are made of phrasings and values that training never saw.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from random import Random

from tektra_models.starter.agent_world import RECORDS, RealTool, Wording, World, find_record, handle_record, wording
from tektra_models.starter.corpus import agent_requests, values
from tektra_models.starter.corpus.acts import slug
from tektra_models.starter.corpus.agent_requests import ask, in_order
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import unfence
from tektra_models.starter.corpus.world_facts import Fact, count_of, document, new_fact


@dataclass(frozen=True)
class Task:
    """A request in a world: the tools it needs, what it may be confused with, and whether it was done."""

    request: str
    needs: tuple[str, ...]
    done: Callable[[str], bool]
    # Tools that only this task has.
    own: tuple[tuple[RealTool, Wording], ...] = ()


def path_in(chance: Chance) -> str:
    """A path that stays inside of the folder."""

    def make(random: Random) -> str:
        while True:
            path = values.path(random)
            if path[0] not in "/.~" and ".." not in path:
                return path

    return chance.value(make)


def folder_in(chance: Chance) -> str:
    """A folder inside of the folder."""

    def make(random: Random) -> str:
        while True:
            path = values.folder(random).rstrip("/")
            if path[0] not in "/.~" and ".." not in path:
                return path

    return chance.value(make)


def holds(fact: str) -> Callable[[str], bool]:
    """Whether an answer holds the fact, not as a part of a longer word or number."""
    form = re.compile(rf"(?<![\w-]){re.escape(fact)}(?:\.0+)?(?![\w-])")
    return lambda answer: form.search(answer) is not None


def same_number(text: str | None, number: str) -> bool:
    """Whether a file holds this number and nothing else."""
    try:
        return text is not None and float(text) == float(number)
    except ValueError:
        return False


def decoys(chance: Chance, world: World, folder: str) -> None:
    """Other files in the folder, about other things."""
    for _ in range(2):
        other = new_fact(chance)
        world.put(f"{folder}/{slug(chance, other.subject)}", other.line)


def request_of(chance: Chance, *parts: str) -> str:
    """The parts in any order, as plain text."""
    return unfence(in_order(chance, *parts))


def fact_in_file(chance: Chance, world: World) -> Task:
    """Read a file, tell a fact."""
    fact, path = new_fact(chance), path_in(chance)
    world.put(path, document(chance, fact))
    request = request_of(chance, fact.question(chance), ask(chance, agent_requests.IN_FILE, p=path))
    return Task(request, ("read",), holds(fact.value))


def fact_by_search(chance: Chance, world: World) -> Task:
    """Search the files, read the one found, tell a fact."""
    fact, path = new_fact(chance), path_in(chance)
    decoys(chance, world, folder_in(chance))
    world.put(path, document(chance, fact))
    request = request_of(chance, fact.question(chance), chance.phrasing(agent_requests.BY_SEARCH))
    return Task(request, ("find", "read"), holds(fact.value))


def fact_in_folder(chance: Chance, world: World) -> Task:
    """List a folder, read the right file, tell a fact."""
    fact, folder = new_fact(chance), folder_in(chance)
    decoys(chance, world, folder)
    world.put(f"{folder}/{slug(chance, fact.subject)}", document(chance, fact))
    request = request_of(chance, fact.question(chance), ask(chance, agent_requests.IN_FOLDER, p=folder))
    return Task(request, ("list", "read"), holds(fact.value))


def fact_on_web(chance: Chance, world: World) -> Task:
    """Search the web, open the page, tell a fact."""
    fact, url = new_fact(chance), chance.value(values.url)
    world.found[fact.subject.lower()] = [url]
    world.pages[url] = document(chance, fact)
    request = request_of(chance, fact.question(chance), chance.phrasing(agent_requests.ON_WEB))
    return Task(request, ("search", "fetch"), holds(fact.value))


def numbered(chance: Chance, world: World) -> tuple[Fact, str]:
    """A number in a file."""
    fact, path = new_fact(chance, count_of), path_in(chance)
    world.put(path, document(chance, fact))
    return fact, path


def reckoned(chance: Chance, fact: Fact) -> tuple[str, str, str]:
    """What is to be calculated with a number: the words, the result, the tool for it."""
    sign = chance.pick(tuple(agent_requests.THEN_CALCULATE))
    other = chance.value(count_of)
    operation = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    words = ask(chance, agent_requests.THEN_CALCULATE[sign], k=other)
    return words, str(operation(int(fact.value), int(other))), chance.pick((sign, "calculate"))


def calculated(chance: Chance, world: World) -> Task:
    """Read a number, calculate with it."""
    fact, path = numbered(chance, world)
    words, result, tool = reckoned(chance, fact)
    asked = request_of(chance, fact.question(chance), ask(chance, agent_requests.IN_FILE, p=path))
    return Task(f"{asked} {unfence(words)}", ("read", tool), holds(result))


def calculated_and_saved(chance: Chance, world: World) -> Task:
    """Read a number, calculate with it, write the result."""
    fact, path = numbered(chance, world)
    words, result, tool = reckoned(chance, fact)
    to = path_in(chance)
    asked = request_of(chance, fact.question(chance), ask(chance, agent_requests.IN_FILE, p=path))
    request = f"{asked} {unfence(words)} {unfence(ask(chance, agent_requests.THEN_WRITE, t=to))}"
    return Task(request, ("read", tool, "write"), lambda _: same_number(world.text(to), result))


def saved(chance: Chance, world: World) -> Task:
    """Read a fact, write it to another file."""
    fact, path, to = new_fact(chance), path_in(chance), path_in(chance)
    world.put(path, document(chance, fact))
    asked = request_of(chance, fact.question(chance), ask(chance, agent_requests.IN_FILE, p=path))
    request = f"{asked} {unfence(ask(chance, agent_requests.THEN_WRITE, t=to))}"
    return Task(request, ("read", "write"), lambda _: (world.text(to) or "").strip() == fact.value)


def two_numbers(chance: Chance, world: World, *, total: bool) -> Task:
    """Two files, each with a number."""
    (one, first), (two, second) = numbered(chance, world), numbered(chance, world)
    known = {"n": one.words, "m": two.words, "p": first, "q": second}
    request = unfence(ask(chance, agent_requests.TOTAL if total else agent_requests.LARGER, **known))
    result = (int.__add__ if total else max)(int(one.value), int(two.value))
    tool = chance.pick(("+", "calculate")) if total else "larger"
    return Task(request, ("read", tool), holds(str(result)))


def added(chance: Chance, world: World) -> Task:
    """Add the numbers of two files."""
    return two_numbers(chance, world, total=True)


def compared(chance: Chance, world: World) -> Task:
    """Find the larger of two numbers in two files."""
    return two_numbers(chance, world, total=False)


def deleted_by_name(chance: Chance, world: World) -> Task:
    """Read a file that names another one, delete that."""
    path, other = path_in(chance), path_in(chance)
    world.put(other, "x")
    world.put(path, chance.pick((other, f"The file is {other}", f"file: {other}")))
    request = unfence(ask(chance, agent_requests.NAMED["delete_file"], p=path))
    return Task(request, ("read", "delete"), lambda _: world.text(other) is None and world.text(path) is not None)


def moved_by_name(chance: Chance, world: World) -> Task:
    """Read a file that names another one, move that."""
    path, other, to = path_in(chance), path_in(chance), path_in(chance)
    world.put(other, "x")
    world.put(path, chance.pick((other, f"The file is {other}", f"file: {other}")))
    request = unfence(ask(chance, agent_requests.NAMED["move_file"], p=path, t=to))
    return Task(request, ("read", "move"), lambda _: world.text(other) is None and world.text(to) == "x")


def corrected(chance: Chance, world: World) -> Task:
    """A path with the wrong ending: list the folder, read the right file."""
    fact, folder = new_fact(chance), folder_in(chance)
    name = slug(chance, fact.subject)
    decoys(chance, world, folder)
    world.put(f"{folder}/{name}", document(chance, fact))
    wrong = PurePosixPath(f"{folder}/{name}").with_suffix(".doc").as_posix()
    request = request_of(chance, fact.question(chance), ask(chance, agent_requests.IN_FILE, p=wrong))
    return Task(request, ("read", "list"), holds(fact.value))


def reported(chance: Chance, world: World) -> Task:
    """A file that is not there: say so."""
    del world
    fact, path = new_fact(chance), path_in(chance)
    request = request_of(chance, fact.question(chance), ask(chance, agent_requests.IN_FILE, p=path))
    return Task(request, ("read",), lambda answer: path in answer and "not exist" in answer)


def handled(chance: Chance, world: World, *, unseen: bool) -> Task:
    """Find a record by its name, handle it by its number."""
    thing = chance.pick(("ticket", "invoice", "parcel", "booking", "contract", "order"))
    verb = chance.pick(("archive", "cancel", "approve", "delete", "print", "close"))
    name, number = chance.value(values.person), chance.value(values.identifier)
    world.records |= {chance.value(values.person): chance.value(values.identifier), name: number}
    known = {"thing": thing, "verb": verb, "Verb": verb.capitalize()}
    find, handle = (wording(line.format(**known)) for line in RECORDS[unseen])
    ways = agent_requests.ACT_ON
    request = chance.phrasing(ways).format(V=verb.capitalize(), v=verb, o=thing, n=name)
    own = ((RealTool(find_record, (), ()), find), (RealTool(handle_record, (), ()), handle))
    return Task(request, (), lambda _: world.handled == [number], own)


KINDS: Mapping[str, Callable[..., Task]] = {
    "fact in a file": fact_in_file,
    "search, read": fact_by_search,
    "list, read": fact_in_folder,
    "search, fetch": fact_on_web,
    "read, calculate": calculated,
    "read, calculate, write": calculated_and_saved,
    "read, write": saved,
    "read twice, add": added,
    "read twice, compare": compared,
    "read, delete": deleted_by_name,
    "read, move": moved_by_name,
    "error, list, read": corrected,
    "error, report": reported,
    "find, act": handled,
}
