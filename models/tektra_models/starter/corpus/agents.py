"""Dialogues of agents: tasks of several steps in small worlds, as smolagents' two kinds of agents go through them.

An episode is made once, as a request, the calls with what they give back, and the answer. It is then written either as
tool calls that end with final_answer, or as blocks of Python. What the model reads is put together by agent_forms.
"""

from __future__ import annotations

import builtins
import json
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tektra_models.starter.agent_forms import (
    FINAL_ANSWER,
    code_block,
    code_system,
    error_text,
    literal,
    short_declaration,
    tool_system,
)
from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.calling import CALCULATIONS, any_task
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.everyday import EXPRESSIONS, FILE_TASKS, WAYS, arithmetic
from tektra_models.starter.corpus.filling import fence, put
from tektra_models.starter.corpus.invented import NOUNS, VERBS
from tektra_models.starter.corpus.noise import polite, roughen
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.corpus.talking import Check, Dialogue, Messages, echo, help_turn, say, small_talk
from tektra_models.starter.corpus.tasks import Shape, Slot, Task, declare, errand, outcome, typed
from tektra_models.starter.corpus.turns import calls_of
from tektra_models.starter.corpus.words import spaced


@dataclass(frozen=True)
class Act:
    """One call and what it gives back; `raised` when that is an error, `quiet` when nobody needs to see it.

    An `inline` call gives just what is wanted, so that Python passes it on unseen; `python` says it without a tool.
    """

    shape: Shape
    arguments: Mapping[str, Any]
    result: str
    raised: bool = False
    quiet: bool = False
    inline: bool = False
    python: str = ""


@dataclass(frozen=True)
class Episode:
    """A task and the right way through it; calls of one round do not wait for each other."""

    request: str
    rounds: Sequence[Sequence[Act]]
    answer: str
    facts: tuple[str, ...] = ()
    extra: tuple[Shape, ...] = ()


INSTRUCTIONS = (
    "You are a helpful agent.",
    "You are Tektra's agent.",
    "Work carefully.",
    "Be brief.",
    "You are an agent on a local machine.",
    "You help with files.",
    "Do only what is asked.",
    "You are an assistant that uses tools.",
    "Answer exactly.",
    "Follow the task word by word.",
    "You are an agent of the {w} team.",
    "You work in the folder of a project.",
    "Never guess.",
    "You are a careful worker.",
    "Your name is {w}.",
    "Use as few steps as you can.",
    "You are an office assistant.",
    "Think first, then act.",
)
QUESTION = (
    "What is the {a} of {n}?",
    "Tell me the {a} of {n}.",
    "What {a} does {n} have?",
    "I need the {a} of {n}.",
    "Which {a} belongs to {n}?",
    "Find out the {a} of {n}.",
    "What is {n}'s {a}?",
    "Give me the {a} of {n}.",
    "I want to know the {a} of {n}.",
    "what's the {a} of {n}",
    "Look up the {a} of {n}.",
    "Say what the {a} of {n} is.",
    "Get {n}'s {a}.",
    "Answer with the {a} of {n}.",
    "What is the {a} for {n}?",
    "{a} of {n}?",
    "Please find the {a} of {n}.",
    "Do you know the {a} of {n}?",
    "Report the {a} of {n}.",
    "What do we have as the {a} of {n}?",
    "Check the {a} of {n}.",
    "Let me know the {a} of {n}.",
    "I am looking for the {a} of {n}.",
    "What does it say about the {a} of {n}?",
)
IN_FILE = (
    "It is in {p}.",
    "Look in {p}.",
    "The file {p} says it.",
    "Read {p} for that.",
    "It stands in {p}.",
    "You find it in {p}.",
    "Use the file {p}.",
    "See {p}.",
    "{p} has it.",
    "The answer is in {p}.",
    "Open {p}.",
    "It is written in {p}.",
    "Check the file {p}.",
    "That is in the file {p}.",
    "Consult {p}.",
    "Everything is in {p}.",
    "I wrote it down in {p}.",
    "Have a look at {p}.",
    "File: {p}.",
    "The data is in {p}.",
    "Take it from {p}.",
    "{p} contains it.",
    "We keep that in {p}.",
    "It should be in {p}.",
)
IN_FOLDER = (
    "It is in one of the files in {p}.",
    "Look into the folder {p}.",
    "One of the files in {p} has it.",
    "The folder {p} has a file for it.",
    "See which file in {p} fits and read it.",
    "Somewhere in the folder {p}.",
    "List {p} and read the right file.",
    "The right file is in {p}.",
    "It is in a file in {p}, I forgot which.",
    "There is a file about it in {p}.",
    "Look around in {p}.",
    "A file in {p} says it.",
    "Find the right file in {p}.",
    "The files are in {p}.",
    "Check the files in {p}.",
    "In the folder {p} there is a file for each.",
    "The folder is {p}.",
    "Go through {p}.",
    "{p} is the folder.",
    "We keep these files in {p}.",
    "You find the file in {p}.",
    "It must be in a file under {p}.",
    "Take the fitting file in {p}.",
    "Folder: {p}.",
)
BY_SEARCH = (
    "Search the files for it.",
    "Some file mentions it.",
    "I do not know in which file it is.",
    "Find the file first.",
    "Search my files.",
    "It is in one of my files.",
    "Look for the file that mentions it.",
    "One of the files says it.",
    "Find it in the files.",
    "Some file has it, search for it.",
    "Search for the right file and read it.",
    "It must be in some file.",
    "Find the file that says it.",
    "Search all files.",
    "I forgot the file.",
    "A file somewhere says it.",
    "The file has to be found first.",
    "Locate the file and read it.",
    "It is written in a file.",
    "Use the file search.",
    "Look through the files.",
    "Which file it is I cannot say.",
    "You have to search for the file.",
    "Search, then read.",
)
ON_WEB = (
    "Search the web.",
    "Look it up online.",
    "Find a page about it.",
    "It is on the internet.",
    "Search for it and open the page.",
    "Some web page says it.",
    "Look on the web.",
    "Use the web.",
    "Find it online.",
    "Check the internet.",
    "There is a page about it.",
    "Search and read the first page.",
    "It must be online somewhere.",
    "Open the page that you find.",
    "Do a web search.",
    "Find the page and read it.",
    "The web knows it.",
    "Search online.",
    "Get it from the web.",
    "Read it on the web.",
    "Look for a page.",
    "A page on the web has it.",
    "Go online for this.",
    "Use a web search and read the page.",
)
THEN_WRITE = (
    "Write it to {t}.",
    "Save the answer in {t}.",
    "Put it into {t}.",
    "Store it in the file {t}.",
    "Write the result to {t}.",
    "Then write it into {t}.",
    "Make a file {t} with it.",
    "Save it as {t}.",
    "And save it to {t}.",
    "Write only that into {t}.",
    "Create {t} with it.",
    "Then save it in {t}.",
    "I want it in {t}.",
    "Put the answer in the file {t}.",
    "It should be in {t} afterwards.",
    "Then put it in {t}.",
    "And write that to {t}.",
    "Keep it in {t}.",
    "Write it down in {t}.",
    "The result belongs in {t}.",
    "Note it in {t}.",
    "Copy it to {t}.",
    "Then store it as {t}.",
    "Save that to the file {t}.",
)
THEN_CALCULATE = {
    "*": (
        "Multiply it by {k}.",
        "Then multiply that by {k}.",
        "What is {k} times that?",
        "How much is that times {k}?",
        "Take it {k} times.",
        "Work out {k} times that.",
        "And multiply by {k}.",
        "Give me {k} times that number.",
        "I need it {k} times.",
        "Multiply the number by {k}.",
        "Tell me what that makes times {k}.",
        "Times {k}.",
        "What does it make times {k}?",
        "Answer with {k} times that.",
        "How much is it for {k} of them?",
        "Compute that times {k}.",
        "I want that multiplied by {k}.",
        "Then times {k}.",
    ),
    "+": (
        "Add {k} to it.",
        "Then add {k}.",
        "What is that plus {k}?",
        "How much is it with {k} more?",
        "Give me that plus {k}.",
        "Add {k}.",
        "And add {k} to that.",
        "Work out that plus {k}.",
        "Plus {k}.",
        "I need it plus {k}.",
        "Add the number {k} to it.",
        "What does it make with {k} added?",
        "Increase it by {k}.",
        "Answer with that plus {k}.",
        "Compute that plus {k}.",
        "Then add {k} to that number.",
        "Make it {k} more.",
        "Tell me the sum of that and {k}.",
    ),
    "-": (
        "Subtract {k} from it.",
        "Then subtract {k}.",
        "What is that minus {k}?",
        "How much is it without {k}?",
        "Give me that minus {k}.",
        "Take {k} away from it.",
        "And subtract {k}.",
        "Work out that minus {k}.",
        "Minus {k}.",
        "I need it minus {k}.",
        "Take off {k}.",
        "What is left when {k} is taken away?",
        "Reduce it by {k}.",
        "Answer with that minus {k}.",
        "Compute that minus {k}.",
        "Then take away {k}.",
        "Make it {k} less.",
        "Tell me how much is left without {k}.",
    ),
}
TOTAL = (
    "What are {n} in {p} and {m} in {q} together?",
    "Add {n} from {p} and {m} from {q}.",
    "How much are {n} (see {p}) and {m} (see {q}) in all?",
    "Take {n} from {p} and {m} from {q} and add them.",
    "Sum {n} in {p} and {m} in {q}.",
    "I need the sum of {n} in {p} and {m} in {q}.",
    "{p} has {n} and {q} has {m}: what is the sum?",
    "What is the total of {n} in {p} and {m} in {q}?",
    "Read {n} in {p} and {m} in {q}, then add the numbers.",
    "Work out {n} plus {m}; see {p} and {q}.",
    "Tell me the sum: {n} in {p}, {m} in {q}.",
    "Find {n} in {p}, find {m} in {q}, and add both.",
    "Add up {n} of {p} and {m} of {q}.",
    "Total of {n} from {p} and {m} from {q}?",
    "Give me {n} plus {m}. The files are {p} and {q}.",
    "{n} is in {p}, {m} is in {q}. What is the sum?",
    "Look up {n} in {p} and {m} in {q} and give the total.",
    "How many are {n} and {m} together? Look in {p} and {q}.",
)
LARGER = (
    "Which is larger, {n} in {p} or {m} in {q}? Give the number.",
    "Give the larger number: {n} in {p} or {m} in {q}.",
    "What is more, {n} from {p} or {m} from {q}? Tell me the number.",
    "Compare {n} in {p} with {m} in {q} and give the larger number.",
    "I need the bigger number of {n} in {p} and {m} in {q}.",
    "Tell me the larger of {n} ({p}) and {m} ({q}).",
    "The maximum of {n} in {p} and {m} in {q}?",
    "Read {n} in {p} and {m} in {q}: what is the larger number?",
    "{n} is in {p}, {m} is in {q}. Which number is larger?",
    "Find the larger number, {n} in {p} or {m} in {q}.",
    "What is the highest of {n} in {p} and {m} in {q}?",
    "Which number is bigger: {n} from {p} or {m} from {q}?",
    "Look at {n} in {p} and {m} in {q} and take the larger one.",
    "Answer with the bigger of {n} in {p} and {m} in {q}.",
    "Max of {n} in {p} and {m} in {q}.",
    "Is {n} in {p} larger or {m} in {q}? Answer with the larger number.",
    "Say the greater number of {n} in {p} and {m} in {q}.",
    "Of {n} in {p} and {m} in {q}, what is the larger number?",
)
NAMED = {
    "delete_file": (
        "Delete the file that is named in {p}.",
        "{p} names a file. Delete it.",
        "Read {p} and delete the file that it names.",
        "Remove the file whose name is in {p}.",
        "In {p} stands the name of a file: delete that file.",
        "There is a file name in {p}, delete that file.",
        "Get rid of the file that {p} names.",
        "Look in {p}, a file is named there. Remove it.",
        "The file named in {p} can go.",
        "Find the file name in {p} and delete that file.",
        "Erase the file that {p} speaks of.",
        "Which file does {p} name? Delete it.",
        "Delete the one file named in {p}.",
        "{p} says which file to delete. Do it.",
        "Open {p} and remove the file named there.",
        "Throw away the file that is named in {p}.",
        "The name is in {p}. Delete that file.",
        "See {p} for the file to delete.",
    ),
    "move_file": (
        "Rename the file that is named in {p} to {t}.",
        "{p} names a file. Move it to {t}.",
        "Read {p} and move the file that it names to {t}.",
        "Move the file whose name is in {p} to {t}.",
        "In {p} stands the name of a file: rename it to {t}.",
        "There is a file name in {p}, move that file to {t}.",
        "Put the file that {p} names at {t}.",
        "Look in {p}, a file is named there. Move it to {t}.",
        "The file named in {p} should become {t}.",
        "Find the file name in {p} and rename that file to {t}.",
        "Rename the file that {p} speaks of as {t}.",
        "Which file does {p} name? Move it to {t}.",
        "Move the one file named in {p} to {t}.",
        "{p} says which file to move. Put it at {t}.",
        "Open {p} and rename the file named there to {t}.",
        "Relocate the file that is named in {p} to {t}.",
        "The name is in {p}. Move that file to {t}.",
        "See {p} for the file to rename to {t}.",
    ),
}
ACT_ON = (
    "{V} the {o} of {n}.",
    "{V} the {o} called {n}.",
    "Find the {o} {n} and {v} it.",
    "{v} the {o} {n}",
    "Please {v} the {o} with the name {n}.",
    "Look up the {o} {n}, then {v} it.",
    "The {o} {n}: {v} it.",
    "I want you to {v} the {o} {n}.",
    "There is a {o} named {n}. {V} it.",
    "{V} the {o} that is called {n}.",
    "Search the {o} {n} and {v} that one.",
    "Can you {v} the {o} {n}?",
    "{v} {n}'s {o}",
    "We have a {o} {n}, {v} it please.",
    "Get the {o} {n} and {v} it.",
    "{V} our {o} {n}.",
    "For the {o} {n}: {v}.",
    "You should {v} the {o} {n}.",
)
BOTH = (
    "{x} And then: {y}",
    "{x} Then {y}",
    "First: {x} Then: {y}",
    "Do two things. {x} {y}",
    "{x} Also: {y}",
    "{x} After that: {y}",
    "1. {x} 2. {y}",
    "{x}\n{y}",
    "{x} When that is done: {y}",
    "Two tasks: {x} and {y}",
    "{x} Next: {y}",
    "{x} and {y}",
    "{x} Besides: {y}",
    "{x} Second: {y}",
    "Please do this: {x} And this: {y}",
    "{x} ; {y}",
    "- {x}\n- {y}",
    "{x} Finally: {y}",
)
TEXT_OF = (
    "{x} Answer with the plain result.",
    "{x} Give me only the result.",
    "{x} Just the result.",
    "{x} I want the bare result.",
    "{x} Only the result, please.",
    "{x} Answer with nothing but the result.",
    "{x} Return what it gives.",
    "{x} Pass on the result as it is.",
    "{x} Give the result unchanged.",
    "{x} Answer with exactly what comes back.",
    "{x} The result only.",
    "{x} Tell me the result word for word.",
    "{x} No words around it.",
    "{x} Return the raw result.",
    "{x} Plain result.",
    "{x} Without any comment.",
    "{x} Do not add anything.",
    "{x} Show the result as it is.",
)
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
KEY_LINES = ("{a}: {v}", "{a} = {v}", "{a}={v}", '"{a}": "{v}"', "{a} is {v}")
ERRORS = (
    ("FileNotFoundError", "{p} does not exist"),
    ("FileNotFoundError", "no such file: {p}"),
    ("FileNotFoundError", "[Errno 2] No such file or directory: '{p}'"),
    ("FileNotFoundError", "{p} not found"),
    ("ValueError", "there is no file {p}"),
    ("OSError", "cannot open {p}"),
)
REFUSALS = (
    ("PermissionError", "permission denied: {p}"),
    ("PermissionError", "[Errno 13] Permission denied: '{p}'"),
    ("ValueError", "{p} is outside of the folder"),
    ("TimeoutError", "timed out"),
    ("RuntimeError", "{p} is locked"),
    ("ValueError", "{p} is no text file"),
)
HINTS = (
    ("FileNotFoundError", "{p} does not exist, did you mean {r}?"),
    ("FileNotFoundError", "no such file: {p}. There is {r}"),
    ("ValueError", "{p} not found; try {r}"),
    ("FileNotFoundError", "{p} was moved to {r}"),
)
FILES = {task.family: task for task in FILE_TASKS}
SERVICE = {task.family: task for task in SERVICES}
LISTING = ("\n", ", ", "json", "\n", "\n")
WRITTEN = ("ok", "ok", "done", "wrote {n} bytes", '{"ok": true}', "None", "written")
LARGER_TOOL = Task(
    "larger",
    ("larger", "bigger_number", "maximum", "larger_number", "compare_numbers", "greater", "max_of"),
    ("Return the larger of two numbers", "Compare two numbers and give the greater one", "The maximum of two numbers"),
    (
        Slot("a", ("a", "x", "first", "left", "number1", "num1"), ("The first number",), "number"),
        Slot("b", ("b", "y", "second", "right", "number2", "num2"), ("The second number",), "number"),
    ),
    (),
    (),
)
# Tools with which almost anything could be done.
CONFUSING = frozenset({"command"})
RESERVED = {*dir(builtins), *keyword.kwlist, "final_answer"}


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


def ask(chance: Chance, ways: Sequence[str], **known: str) -> str:
    """One way to say it, with the values fenced."""
    return put(chance.phrasing(ways), {key: fence(value) for key, value in known.items()})


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


def usable(shape: Shape) -> bool:
    """Whether smolagents and Python take these names."""
    names = [shape.name, *shape.tool["function"]["parameters"]["properties"]]
    return shape.name not in RESERVED and all(name.isidentifier() and not keyword.iskeyword(name) for name in names)


def tool_for(chance: Chance, task: Task) -> Shape:
    """The task's tool with names that an agent can use; some of each task's names are such."""
    while True:
        shape = declare(chance, task)
        if usable(shape):
            return Shape(shape.task, short_declaration(shape.tool), shape.parameters)


def any_tool(chance: Chance) -> Shape:
    """Any tool with names that an agent can use."""
    while True:
        shape = declare(chance, any_task(chance))
        if usable(shape):
            return Shape(shape.task, short_declaration(shape.tool), shape.parameters)


def arguments(shape: Shape, **known: str) -> dict[str, Any]:
    """The arguments with which the tool gets these values."""
    return {
        shape.parameters[slot.key]: typed(slot, put(slot.source, known))
        for slot in shape.task.slots
        if slot.key in shape.parameters and (slot.key in known or not slot.optional)
    }


def read(chance: Chance, path: str, text: str) -> Act:
    """A file that is read."""
    shape = tool_for(chance, FILES["read_file"])
    return Act(shape, arguments(shape, path=path), text)


def write(chance: Chance, path: str, text: str) -> Act:
    """A file that is written."""
    shape = tool_for(chance, FILES["write_file"])
    result = put(chance.pick(WRITTEN), {"n": str(len(text))})
    return Act(shape, arguments(shape, path=path, text=text), result, quiet=True)


def slug(chance: Chance, text: str) -> str:
    """A file name made of these words."""
    stem = text.lower().replace(" ", chance.pick(("_", "-", "_")))
    return f"{stem}.{chance.pick(('txt', 'md', 'txt', 'md', 'json', 'csv', 'yaml', 'log'))}"


def listing(chance: Chance, names: Sequence[str]) -> str:
    """The names as a tool lists them."""
    form = chance.pick(LISTING)
    return json.dumps(list(names), ensure_ascii=False) if form == "json" else form.join(names)


def in_order(chance: Chance, *parts: str) -> str:
    """Two sentences in either order."""
    return " ".join(chance.sample(parts, len(parts)))


@dataclass(frozen=True)
class Source:
    """How a fact is come by: the words that say where it is, and the calls that get it."""

    words: str
    rounds: tuple[tuple[Act, ...], ...]


def source_of(chance: Chance, fact: Fact, *, short: bool = False) -> Source:
    """A place where the fact stands: a named file, a folder, somewhere in the files, or on the web."""
    kind = chance.random.choices((in_file, in_folder, by_search, on_web), weights=(34, 24, 22, 20))[0]
    return (in_file if short else kind)(chance, fact)


def in_file(chance: Chance, fact: Fact) -> Source:
    """The fact is in a file whose path is known."""
    path = chance.value(values.path)
    return Source(ask(chance, IN_FILE, p=path), ((read(chance, path, document(chance, fact)),),))


def listed(chance: Chance, folder: str, wanted: str) -> Act:
    """A folder that is listed and holds the wanted name."""
    names = [wanted, *(slug(chance, chance.value(subject)) for _ in range(chance.random.choice((1, 2, 2, 3))))]
    shape = tool_for(chance, FILES["list_files"])
    return Act(shape, arguments(shape, path=folder), listing(chance, chance.sample(names, len(names))))


def in_folder(chance: Chance, fact: Fact) -> Source:
    """The fact is in that file of a folder which bears the subject's name."""
    folder = chance.value(values.folder)
    wanted = slug(chance, fact.subject)
    path = f"{folder.rstrip('/')}/{wanted}"
    return Source(
        ask(chance, IN_FOLDER, p=folder),
        ((listed(chance, folder, wanted),), (read(chance, path, document(chance, fact)),)),
    )


def by_search(chance: Chance, fact: Fact) -> Source:
    """The fact is in a file that a search for the subject finds."""
    path = chance.value(values.path)
    shape = tool_for(chance, FILES["search_files"])
    found = chance.pick(("{p}", "{p}: line {n}", "{p}:{n}", '["{p}"]', "found in {p}"))
    result = put(found, {"p": path, "n": chance.value(values.small)})
    search = Act(shape, arguments(shape, query=fact.subject), result)
    return Source(chance.phrasing(BY_SEARCH), ((search,), (read(chance, path, document(chance, fact)),)))


def on_web(chance: Chance, fact: Fact) -> Source:
    """The fact is on a page that a search for the subject finds."""
    search, fetch = tool_for(chance, SERVICE["search"]), tool_for(chance, SERVICE["fetch"])
    url = chance.value(values.url)
    found = chance.pick(("{u}", "{n}: {u}", "1. {n} - {u}", '[{"title": "{n}", "url": "{u}"}]', "{n}\n{u}"))
    result = put(found, {"n": fact.subject, "u": url})
    wanted = {slot.key: fact.subject for slot in search.task.slots if not slot.optional}
    target = {slot.key: url for slot in fetch.task.slots if not slot.optional}
    return Source(
        chance.phrasing(ON_WEB),
        (
            (Act(search, arguments(search, **wanted), result),),
            (Act(fetch, arguments(fetch, **target), document(chance, fact)),),
        ),
    )


def looked_up(chance: Chance) -> Episode:
    """One fact, found and told."""
    fact = new_fact(chance)
    source = source_of(chance, fact)
    return Episode(in_order(chance, fact.question(chance), source.words), source.rounds, fact.value, (fact.value,))


def from_keys(chance: Chance) -> Episode:
    """One value out of a file of settings."""
    form = chance.pick(KEY_LINES)
    path = chance.value(values.path)
    known = {chance.value(attribute): chance.value(chance.pick(KNOWN)) for _ in range(chance.random.randint(2, 4))}
    key = chance.pick(list(known))
    text = "\n".join(put(form, {"a": name, "v": value}) for name, value in known.items())
    question = ask(chance, QUESTION, a=key, n=path)
    return Episode(question, ((read(chance, path, text),),), known[key], (known[key],))


def saved(chance: Chance) -> Episode:
    """One fact, found and written to a file."""
    fact = new_fact(chance)
    source = source_of(chance, fact, short=chance.odds(0.6))
    to = chance.value(values.path)
    request = f"{in_order(chance, fact.question(chance), source.words)} {ask(chance, THEN_WRITE, t=to)}"
    return Episode(request, (*source.rounds, (write(chance, to, fact.value),)), "Done.")


def calculation(chance: Chance, sign: str, first: str, second: str) -> Act:
    """One calculation by a tool."""
    shape = tool_for(chance, chance.pick([task for task in CALCULATIONS if task.phrasings == WAYS[sign]]))
    result = arithmetic(sign, first, second)
    formula = put(EXPRESSIONS[sign], {"a": first, "b": second})
    return Act(shape, arguments(shape, a=first, b=second), result, inline=True, python=formula)


def calculated(chance: Chance) -> Episode:
    """A number, found and calculated with; sometimes the result is written to a file."""
    fact = new_fact(chance, count_of)
    source = source_of(chance, fact, short=chance.odds(0.7))
    sign = chance.pick(tuple(THEN_CALCULATE))
    other = chance.value(count_of)
    worked_out = calculation(chance, sign, fact.value, other)
    result = worked_out.result
    request = f"{in_order(chance, fact.question(chance), source.words)} {ask(chance, THEN_CALCULATE[sign], k=other)}"
    if len(source.rounds) > 1 or chance.odds(0.75):
        return Episode(request, (*source.rounds, (worked_out,)), result, (result,))
    to = chance.value(values.path)
    request += f" {ask(chance, THEN_WRITE, t=to)}"
    return Episode(request, (*source.rounds, (worked_out,), (write(chance, to, result),)), "Done.")


def two_numbers(chance: Chance) -> Episode:
    """Two numbers from two files, added or compared."""
    name = chance.value(attribute)
    one = replace(new_fact(chance, count_of), attribute=name)
    two = replace(new_fact(chance, count_of), attribute=name, form=one.form)
    paths = chance.value(values.path), chance.value(values.path)
    shape = tool_for(chance, FILES["read_file"])
    acts = tuple(
        Act(shape, arguments(shape, path=path), fact.line) for path, fact in zip(paths, (one, two), strict=True)
    )
    known = {"n": one.words, "m": two.words, "p": paths[0], "q": paths[1]}
    if chance.odds(0.6):
        last, ways = calculation(chance, "+", one.value, two.value), TOTAL
    else:
        result = str(max(int(one.value), int(two.value)))
        compare = tool_for(chance, LARGER_TOOL)
        given = arguments(compare, a=one.value, b=two.value)
        last, ways = Act(compare, given, result, inline=True, python=f"max({one.value}, {two.value})"), LARGER
    return Episode(ask(chance, ways, **known), (acts, (last,)), last.result, (last.result,))


def named_file(chance: Chance) -> Episode:
    """A file that names another one, with which something is to be done."""
    family = chance.pick(tuple(NAMED))
    path, other, to = (chance.value(values.path) for _ in range(3))
    shape = tool_for(chance, FILES[family])
    text = chance.pick(("{o}", "The file is {o}", "file: {o}", "{o}", "See {o}")).replace("{o}", other)
    known = {"path": other, **({"to": to} if family == "move_file" else {})}
    act = Act(shape, arguments(shape, **known), chance.pick(("ok", "done", '{"ok": true}', "None")), quiet=True)
    return Episode(ask(chance, NAMED[family], p=path, t=to), ((read(chance, path, text),), (act,)), "Done.")


def act_on(chance: Chance) -> Episode:
    """A thing that is known by its name and handled by its id."""
    verb, noun = chance.pick(VERBS)[0], chance.pick(NOUNS)
    name, known_as = chance.value(subject), chance.value(values.identifier)
    thing = noun.replace(" ", "_")
    key = chance.pick(("id", f"{thing}_id", "code", "number", "ref"))
    find = Task(
        "find",
        (f"find_{thing}", f"get_{thing}_{key}", f"search_{thing}s", f"lookup_{thing}", f"{thing}_by_name"),
        (f"Find the {key} of a {noun} by its name", f"Look up a {noun} by name", f"Returns the {key} of a {noun}"),
        (Slot("name", ("name", "query", "title", noun.split()[0]), (f"Name of the {noun}", "The name")),),
        (),
        (),
    )
    stem = verb.replace(" ", "_")
    do = Task(
        "do",
        (f"{stem}_{thing}", f"{stem}_{thing}", f"{thing}_{stem}"),
        (f"{verb.capitalize()} the {noun} with this {key}", f"{verb.capitalize()} a {noun} by its {key}"),
        (Slot("id", (key,), (f"The {key} of the {noun}", key)),),
        (),
        (),
    )
    finder, doer = tool_for(chance, find), tool_for(chance, do)
    result = chance.pick(("{i}", f'{{"{key}": "{{i}}"}}', f'{{"name": "{{n}}", "{key}": "{{i}}"}}', f"{key}: {{i}}"))
    found = Act(finder, arguments(finder, name=name), put(result, {"i": known_as, "n": name}))
    done = chance.pick(("ok", '{"ok": true}', "done", "success"))
    act = Act(doer, arguments(doer, id=known_as), done, quiet=True)
    request = put(chance.phrasing(ACT_ON), {"V": verb[:1].upper() + verb[1:], "v": verb, "o": noun, "n": fence(name)})
    return Episode(request, ((found,), (act,)), "Done.")


def raised(shape: Shape, known: Mapping[str, Any], error: tuple[str, str], **values_of: str) -> Act:
    """A call that ends with an error."""
    return Act(shape, known, error_text(f"{error[0]}: {put(error[1], values_of)}"), raised=True)


def corrected(chance: Chance) -> Episode:
    """A wrong path: the error names the right one, the folder shows it, or nothing is left but to report."""
    fact = new_fact(chance)
    folder = chance.value(values.folder).rstrip("/")
    right, wrong = slug(chance, fact.subject), slug(chance, fact.subject)
    while wrong == right:
        wrong = f"{right.split('.')[0]}.{chance.pick(('txt', 'md', 'json', 'csv', 'yaml', 'log', 'doc'))}"
    right_path, wrong_path = f"{folder}/{right}", f"{folder}/{wrong}"
    reader = tool_for(chance, FILES["read_file"])
    request = in_order(chance, fact.question(chance), ask(chance, IN_FILE, p=wrong_path))
    first = arguments(reader, path=wrong_path)
    again = Act(reader, arguments(reader, path=right_path), document(chance, fact))
    roll = chance.random.random()
    if roll < 0.35:
        failed = raised(reader, first, chance.pick(HINTS), p=wrong_path, r=right_path)
        return Episode(request, ((failed,), (again,)), fact.value, (fact.value,))
    if roll < 0.7:
        failed = raised(reader, first, chance.pick(ERRORS), p=wrong_path)
        look = listed(chance, folder, right)
        return Episode(request, ((failed,), (look,), (again,)), fact.value, (fact.value,))
    failed = raised(reader, first, chance.pick((*ERRORS, *REFUSALS)), p=wrong_path)
    why = failed.result.removeprefix("Error: ")
    return Episode(request, ((failed,),), f"That did not work: {why}", (why,))


def single(chance: Chance) -> Episode:
    """One errand whose outcome is told, or passed on as it is."""
    shape = any_tool(chance)
    done = errand(chance, shape)
    result, told, facts = outcome(chance, done)
    act = Act(shape, done.arguments, result)
    request = polite(chance, done.request)
    if chance.odds(0.3) and result and "\n" not in result:
        request = put(chance.phrasing(TEXT_OF), {"x": request})
        return Episode(request, ((replace(act, inline=True),),), result, (result,))
    return Episode(request, ((act,),), told, facts)


def both(chance: Chance) -> Episode:
    """Two errands in one request."""
    one, two = single(chance), single(chance)
    first, second = one.rounds[0][0], two.rounds[0][0]
    if first.inline or second.inline or first.shape.task.family == second.shape.task.family:
        return one
    request = put(chance.phrasing(BOTH), {"x": one.request, "y": two.request})
    return Episode(request, ((first, second),), f"{one.answer} {two.answer}", (*one.facts, *two.facts))


def reckoned(chance: Chance) -> Episode:
    """Arithmetic and nothing else."""
    sign = chance.pick(tuple(EXPRESSIONS))
    first, second = chance.value(values.number), chance.value(values.number)
    if sign == "/" and float(second) == 0:
        second = "2"
    act = calculation(chance, sign, first, second)
    request = polite(chance, ask(chance, act.shape.task.phrasings, a=first, b=second))
    return Episode(request, ((act,),), act.result, (act.result,))


def direct(chance: Chance) -> Episode:
    """A request that needs no tool."""
    talk = chance.random.choices((echo, small_talk, help_turn), weights=(60, 25, 15))[0](chance)
    said, check = talk[1]["content"], talk[1]["check"]
    tools = tuple(any_tool(chance) for _ in range(chance.random.choice((1, 1, 2))))
    return Episode(fence(talk[0]["content"]), (), said, check.facts or (said,), extra=tools)


EPISODES: tuple[tuple[Callable[[Chance], Episode], int], ...] = (
    (looked_up, 21),
    (from_keys, 7),
    (saved, 10),
    (calculated, 13),
    (two_numbers, 9),
    (named_file, 6),
    (act_on, 8),
    (corrected, 10),
    (single, 12),
    (both, 6),
    (reckoned, 7),
    (direct, 6),
)


Rounds = list[list[Act]]


def common_tools(episode: Episode, *, native: bool) -> tuple[dict[str, Shape], Rounds]:
    """One tool for each task of the episode, and its calls with just these; `native` does without what Python can."""
    acts = [act for calls in episode.rounds for act in calls]
    shapes = {act.shape.task.family: act.shape for act in acts if not (native and act.python)}
    rounds = [[refit(act, shapes.get(act.shape.task.family, act.shape)) for act in calls] for calls in episode.rounds]
    return shapes, rounds


def refit(act: Act, shape: Shape) -> Act:
    """The act with another declaration of its tool."""
    if act.shape is shape:
        return act
    names = {act.shape.parameters[key]: name for key, name in shape.parameters.items() if key in act.shape.parameters}
    given = {names[name]: value for name, value in act.arguments.items()}
    return replace(act, shape=shape, arguments=given)


def toolbox(chance: Chance, needed: Sequence[Shape], families: frozenset[str]) -> list[Shape]:
    """The needed tools among some others, in any order."""
    tools = list(needed)
    for _ in range(chance.random.choices((0, 1, 2, 3), weights=(40, 32, 20, 8))[0]):
        other = any_tool(chance)
        known = families | {tool.task.family for tool in tools} | CONFUSING
        if len(tools) < 5 and other.task.family not in known and other.name not in {tool.name for tool in tools}:
            tools.append(other)
    return chance.sample(tools, len(tools))


def call_source(act: Act, swapped: Mapping[Any, str] | None = None) -> str:
    """The call as Python: arguments by place as long as none before them was left out, then by name."""
    parts: list[str] = []
    in_place = True
    for name in act.shape.tool["function"]["parameters"]["properties"]:
        if name not in act.arguments:
            in_place = False
            continue
        value = act.arguments[name]
        source = swapped[value] if swapped and isinstance(value, str) and value in swapped else literal(value)
        parts.append(source if in_place else f"{name}={source}")
    return f"{act.shape.name}({', '.join(parts)})"


def called(name: str, given: Mapping[str, Any], facts: tuple[str, ...] = ()) -> dict[str, Any]:
    """The assistant's call."""
    return calls_of(((name, dict(given)),), facts)


def coded(code: str) -> dict[str, Any]:
    """The assistant's block of code."""
    return say("assistant", code_block(code), Check("code", (code,)))


def as_calls(episode: Episode, rounds: Rounds) -> Messages:
    """The episode as tool calls, the last of which is final_answer."""
    messages: Messages = []
    for act in (act for calls in rounds for act in calls):
        messages += [called(act.shape.name, act.arguments), say("tool", act.result.strip())]
    return [*messages, called("final_answer", {"answer": episode.answer}, episode.facts)]


def as_code(episode: Episode, rounds: Rounds, *, native: bool) -> Messages:
    """The episode as blocks of Python, the last of which ends with final_answer."""
    messages: Messages = []
    inline: dict[Any, str] = {}
    last: list[str] = []
    for calls in rounds:
        inline |= {act.result: act.python if native and act.python else call_source(act) for act in calls if act.inline}
        last += [
            call_source(act, {text: f"str({source})" for text, source in inline.items()}) for act in calls if act.quiet
        ]
        if shown := [act for act in calls if not act.inline and not act.quiet]:
            code = "\n".join(f"print({call_source(act)})" for act in shown)
            messages += [coded(code), say("tool", "\n".join(act.result for act in shown).strip() or "None")]
    answer = inline.get(episode.answer, literal(episode.answer))
    return [*messages, coded("\n".join([*last, f"final_answer({answer})"]))]


def agent_episode(chance: Chance) -> Episode:
    """Any episode."""
    makers, weights = zip(*EPISODES, strict=True)
    make: Callable[[Chance], Episode] = chance.random.choices(makers, weights=weights)[0]
    return make(chance)


@dataclass(frozen=True)
class Plan:
    """An episode with all that decides how it is written down."""

    episode: Episode
    rounds: Rounds
    request: str
    tools: list[dict[str, Any]]
    instructions: str | None
    code: bool
    # Python works out by itself what it can.
    native: bool


def agent_plan(chance: Chance) -> Plan:
    """A fresh episode, and the agent that goes through it."""
    code = chance.odds(0.4)
    native = code and chance.odds(0.75)
    while True:
        episode = agent_episode(chance)
        shapes, rounds = common_tools(episode, native=native)
        needed = [*shapes.values(), *episode.extra]
        if len({shape.name for shape in needed}) == len(needed):
            break
    families = frozenset(act.shape.task.family for calls in rounds for act in calls)
    tools = [shape.tool for shape in toolbox(chance, needed, families)]
    instructions = None
    if chance.odds(0.15):
        instructions = put(chance.phrasing(INSTRUCTIONS), {"w": chance.value(values.word)})
    return Plan(episode, rounds, roughen(chance, episode.request), tools, instructions, code, native)


def written(plan: Plan) -> Dialogue:
    """The plan as a dialogue with its system message: of a CodeAgent, or of a ToolCallingAgent."""
    request = say("user", plan.request)
    if plan.code:
        system = say("system", code_system(plan.tools, plan.instructions))
        return Dialogue("agent", [system, request, *as_code(plan.episode, plan.rounds, native=plan.native)], [])
    system = say("system", tool_system(plan.instructions))
    return Dialogue("agent", [system, request, *as_calls(plan.episode, plan.rounds)], [*plan.tools, FINAL_ANSWER])


def agent_dialogue(chance: Chance) -> Dialogue:
    """A whole run of an agent."""
    return written(agent_plan(chance))
