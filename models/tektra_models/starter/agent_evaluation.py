"""Tasks of several steps for real agents: smolagents' own loops, real tools, real files in a temporary folder.

Requests are made of phrasings and values that training never saw; half of the tasks also have tools whose names,
descriptions and parameters no training dialogue has. A task is finished when the answer holds the fact, or the files
are as they should be; both are looked up, nobody is asked for an opinion.
"""

from __future__ import annotations

import ast
import operator
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random
from typing import Any

import smolagents  # type: ignore[import-untyped]

from tektra_models.starter import agent_forms
from tektra_models.starter.agent_forms import Complete
from tektra_models.starter.corpus import agent_requests, values
from tektra_models.starter.corpus.acts import slug
from tektra_models.starter.corpus.agent_requests import ask, in_order
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import unfence
from tektra_models.starter.corpus.world_facts import Fact, count_of, document, new_fact
from tektra_models.starter.rendering import render

MAX_STEPS = 6
OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass
class World:
    """What the tools of one task act on: a folder, the pages of a small web, and some records."""

    folder: Path
    pages: dict[str, str] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    handled: list[str] = field(default_factory=list)

    def at(self, path: str) -> Path:
        """The place of a path inside of the folder, and nowhere else."""
        place = (self.folder / path).resolve()
        if not place.is_relative_to(self.folder):
            raise PermissionError(f"{path} is outside of the folder")
        return place

    def existing(self, path: str) -> Path:
        """The place of a file that is there."""
        place = self.at(path)
        if not place.is_file():
            raise FileNotFoundError(f"{path} does not exist")
        return place

    def put(self, path: str, text: str) -> None:
        """A file that is there from the beginning."""
        place = self.at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def text(self, path: str) -> str | None:
        """What a file says; None when there is none."""
        place = self.at(path)
        return place.read_text(encoding="utf-8") if place.is_file() else None


def read_file(world: World, path: str) -> str:
    """The text of a file."""
    return world.existing(path).read_text(encoding="utf-8")


def list_files(world: World, path: str) -> str:
    """The names in a folder."""
    place = world.at(path)
    if not place.is_dir():
        raise FileNotFoundError(f"{path} is no folder")
    return "\n".join(sorted(entry.name for entry in place.iterdir()))


def write_file(world: World, path: str, text: str) -> str:
    """A text into a file."""
    world.put(path, text)
    return "ok"


def find_text(world: World, text: str) -> str:
    """The files that hold a text."""
    wanted = text.lower()
    hits = [
        place.relative_to(world.folder).as_posix()
        for place in sorted(world.folder.rglob("*"))
        if place.is_file() and wanted in place.read_text(encoding="utf-8").lower()
    ]
    return "\n".join(hits) or "no matches"


def move_file(world: World, old: str, new: str) -> str:
    """A file to another path."""
    source, target = world.existing(old), world.at(new)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    return "ok"


def delete_file(world: World, path: str) -> str:
    """A file away."""
    world.existing(path).unlink()
    return "ok"


def count_lines(world: World, path: str) -> str:
    """How many lines a file has."""
    return str(len(read_file(world, path).splitlines()))


def value_of(node: ast.expr) -> Any:
    """The value of an arithmetic expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](value_of(node.left), value_of(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -value_of(node.operand)
    raise ValueError("only numbers and + - * / are allowed")


def calculate(world: World, expression: str) -> str:
    """The value of an expression."""
    del world
    return str(value_of(ast.parse(expression, mode="eval").body))


def add(world: World, a: float, b: float) -> str:
    """A sum."""
    del world
    return str(a + b)


def subtract(world: World, a: float, b: float) -> str:
    """A difference."""
    del world
    return str(a - b)


def multiply(world: World, a: float, b: float) -> str:
    """A product."""
    del world
    return str(a * b)


def larger(world: World, a: float, b: float) -> str:
    """The larger number."""
    del world
    return str(max(a, b))


def web_search(world: World, query: str) -> str:
    """Addresses of pages."""
    wanted = query.lower()
    hits = [url for title, urls in world.found.items() if wanted in title or title in wanted for url in urls]
    return "\n".join(hits) or "nothing found"


def web_page(world: World, url: str) -> str:
    """The text of a page."""
    if url not in world.pages:
        raise ConnectionError(f"cannot reach {url}")
    return world.pages[url]


def find_record(world: World, name: str) -> str:
    """The number of a record."""
    if name not in world.records:
        raise ValueError(f"nothing called {name}")
    return world.records[name]


def handle_record(world: World, number: str) -> str:
    """Something done to a record."""
    if number not in world.records.values():
        raise ValueError(f"there is no {number}")
    world.handled.append(number)
    return "ok"


@dataclass(frozen=True)
class Wording:
    """One declaration of a tool: name, description, and (name, type, description) of each parameter."""

    name: str
    says: str
    parameters: tuple[tuple[str, str, str], ...]


def wording(line: str) -> Wording:
    """A declaration written as `name: what it does; parameter type what it is; …`."""
    head, *rest = line.split("; ")
    name, says = head.split(": ", 1)
    parameters = (part.split(" ", 2) for part in rest)
    return Wording(name, says, tuple((parameter, kind, meaning) for parameter, kind, meaning in parameters))


@dataclass(frozen=True)
class RealTool:
    """A tool that really does something, in words that training knows and in words that it does not."""

    run: Callable[..., str]
    familiar: tuple[str, ...]
    unseen: tuple[str, ...]


TOOLS: Mapping[str, RealTool] = {
    "read": RealTool(
        read_file,
        (
            "read_file: Read a file and return its text; path string Path of the file",
            "view_file: Show what a file contains; file string The file",
        ),
        (
            "document_text: Gives back everything written in a document; document string Which document",
            "slurp: Loads a text and hands it over; origin string Where the text lies",
            "tell_content: Says what stands in a file; of_file string The file in question",
        ),
    ),
    "list": RealTool(
        list_files,
        (
            "list_files: List the files in a folder; path string Path of the folder",
            "list_directory: Show what is in a directory; directory string The directory",
        ),
        (
            "folder_entries: Names everything inside of a folder; inside string Which folder",
            "whats_in: Gives all entries of a directory; spot string The directory to look into",
        ),
    ),
    "write": RealTool(
        write_file,
        (
            "write_file: Write text to a file; path string Path of the file; content string The text to write",
            "save_file: Saves content into a file; file string The file; text string Content of the file",
        ),
        (
            "keep_text: Puts words into a file in place of the old; into string Which file; words string The words",
            "jot: Stores some words under a path; path_to string The path; wording string What to store",
        ),
    ),
    "find": RealTool(
        find_text,
        (
            "search_files: Search files for a text; query string Text to look for",
            "find_in_files: Find files that contain a text; text string What to search",
        ),
        (
            "who_mentions: Tells which files mention something; mention string The thing mentioned",
            "locate_words: Gives the paths of all files with certain words; wanted string The words",
        ),
    ),
    "calculate": RealTool(
        calculate,
        (
            "calculator: Evaluate an arithmetic expression; expression string The expression",
            "calculate: Calculates the result of a math expression; formula string What to compute",
        ),
        (
            "work_out: Works out sums, products and differences; problem string Such as 3 * 4",
            "number_crunch: Gives the number that a term comes to; term_text string The term",
        ),
    ),
    "+": RealTool(
        add,
        ("add: Add two numbers; a number The first number; b number The second number",),
        ("put_together: Counts two amounts together; this number One amount; that number The other amount",),
    ),
    "-": RealTool(
        subtract,
        ("subtract: Subtract the second number from the first; a number The first number; b number The second number",),
        ("take_off: Takes one amount off another; whole number What there is; part number What goes off",),
    ),
    "*": RealTool(
        multiply,
        ("multiply: Multiply two numbers; a number The first number; b number The second number",),
        ("so_many_times: Takes an amount several times; amount_of number The amount; often number How often",),
    ),
    "larger": RealTool(
        larger,
        ("maximum: Return the larger of two numbers; a number The first number; b number The second number",),
        ("top_of_two: Says which of two amounts is the higher; this number One amount; that number The other",),
    ),
    "move": RealTool(
        move_file,
        (
            "move_file: Moves a file to another place; source string Source path; destination string Target path",
            "rename_file: Rename a file; old_path string The file to take; new_path string Where it goes",
        ),
        ("carry_over: Gives a file a new path; present string Its path now; future string Its path afterwards",),
    ),
    "delete": RealTool(
        delete_file,
        (
            "delete_file: Delete a file; path string Path of the file",
            "remove_file: Delete a file; file string The file",
        ),
        ("discard: Takes a file away for ever; unwanted string The file that has to go",),
    ),
    "count": RealTool(
        count_lines,
        ("count_lines: Count the lines of a file; path string Path of the file",),
        ("how_long: Tells of how many lines a document consists; document string Which document",),
    ),
    "search": RealTool(
        web_search,
        ("web_search: Search the web; query string What to search for",),
        ("ask_the_net: Gives addresses of pages about something; about string What they are about",),
    ),
    "fetch": RealTool(
        web_page,
        ("fetch_url: Fetch a web page; url string The address",),
        ("page_words: Gives the words of a page; page_address string Address of the page",),
    ),
}
RECORDS = {
    False: (
        "find_{thing}: Find the id of a {thing} by its name; name string Name of the {thing}",
        "{verb}_{thing}: {Verb} the {thing} with this id; id string The id of the {thing}",
    ),
    True: (
        "{thing}_key_of: Tells under which key a {thing} is kept; known_as string What the {thing} is called",
        "{verb}_by_key: Will {verb} the {thing} that is kept under a key; kept_under string Its key",
    ),
}


def real_tool(world: World, real: RealTool, words: Wording) -> Any:
    """The tool for smolagents."""

    class Declared(smolagents.Tool):  # type: ignore[misc]
        name = words.name
        description = words.says
        inputs = {name: {"type": kind, "description": meaning} for name, kind, meaning in words.parameters}  # noqa: RUF012 (smolagents reads it from the class)
        output_type = "string"
        skip_forward_signature_validation = True

        def forward(self, *places: Any, **named: Any) -> str:
            known = {**dict(zip(self.inputs, places, strict=False)), **named}
            return real.run(world, *(known[name] for name, _, _ in words.parameters))

    return Declared()


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


@dataclass(frozen=True)
class Trial:
    """One task as it went."""

    kind: str
    agent: str
    unseen: bool
    finished: bool
    steps: int
    transcript: str


def toolbox(chance: Chance, world: World, task: Task, *, unseen: bool) -> list[Any]:
    """The tools of a task and up to two others."""
    others = [key for key in TOOLS if key not in {*task.needs, "find", "search", "calculate", "list", *"+-*"}]
    keys = [*task.needs, *chance.sample(others, chance.pick((0, 1, 2)))]
    worded = list(task.own)
    for key in keys:
        real = TOOLS[key]
        worded.append((real, wording(chance.pick(real.unseen if unseen else real.familiar))))
    # Two tools with the same words would be one.
    named = {words.name: (real, words) for real, words in worded}
    return [real_tool(world, real, words) for real, words in chance.sample(list(named.values()), len(named))]


def attempt(complete: Complete, chance: Chance, kind: str, *, code: bool, unseen: bool) -> Trial:
    """Let a real agent do one task in a fresh folder."""
    shown: list[str] = []

    def ask_model(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> str:
        text = complete(messages, tools)
        shown.append(f"{render(messages, tools, ask=True)}{text}")
        return text

    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place).resolve())
        task = handled(chance, world, unseen=unseen) if kind == "find, act" else KINDS[kind](chance, world)
        agent_class = smolagents.CodeAgent if code else smolagents.ToolCallingAgent
        agent = agent_class(
            toolbox(chance, world, task, unseen=unseen),
            agent_forms.local_model(ask_model),
            agent_forms.code_templates() if code else agent_forms.tool_templates(),
            max_steps=MAX_STEPS,
            verbosity_level=smolagents.LogLevel.OFF,
        )
        try:
            answer = str(agent.run(task.request))
            finished = len(shown) <= MAX_STEPS and task.done(answer)
        except smolagents.AgentError as error:
            answer, finished = f"stopped: {error}", False
    last = shown[-1] if shown else task.request
    transcript = f"[{kind}] {last}\nanswer: {answer}"
    return Trial(kind, "code" if code else "tools", unseen, finished, min(len(shown), MAX_STEPS), transcript)


def shares(trials: Sequence[Trial], name: Callable[[Trial], str]) -> dict[str, dict[str, float]]:
    """How many of each group were finished."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(name(trial), []).append(trial)
    return {
        group: {"asked": len(members), "finished": sum(trial.finished for trial in members) / len(members)}
        for group, members in sorted(groups.items())
    }


def run_tasks(complete: Complete, seed: str = "agents", count: int = 56, *, show: int = 0) -> dict[str, Any]:
    """Run this many tasks through real agents; every kind with both agents before any comes again."""
    trials: list[Trial] = []
    names = tuple(KINDS)
    for place in range(count):
        lap, at = divmod(place, len(names))
        chance = Chance(f"{seed}/{place}", held_out=True)
        unseen = (at + lap + lap // 2) % 2 == 1
        trials.append(attempt(complete, chance, names[at], code=lap % 2 == 1, unseen=unseen))
    failed = [trial.transcript for trial in trials if not trial.finished]
    return {
        "schema": "tektra.starter.agents/1",
        "asked": len(trials),
        "finished": sum(trial.finished for trial in trials) / max(1, len(trials)),
        "kinds": shares(trials, lambda trial: trial.kind),
        "agents": shares(trials, lambda trial: trial.agent),
        "tools": shares(trials, lambda trial: "unseen" if trial.unseen else "familiar"),
        "steps": sum(trial.steps for trial in trials) / max(1, len(trials)),
        "failures": failed[:show],
    }


def table(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{'agent tasks':<26}{'asked':>7}{'finished':>10}"]
    for part in ("kinds", "agents", "tools"):
        for name, row in figures[part].items():
            lines.append(f"{name:<26}{row['asked']:>7}{row['finished']:>10.1%}")
    lines.append(f"{'all':<26}{figures['asked']:>7}{figures['finished']:>10.1%}")
    return "\n".join([*lines, *figures["failures"]])
