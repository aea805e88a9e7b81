"""Acts of agents: one call of a tool that an agent can use, and what it gives back in a small world."""

from __future__ import annotations

import builtins
import json
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tektra_models.starter.agent_forms import error_text, short_declaration
from tektra_models.starter.corpus.calling import CALCULATIONS, any_task
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.everyday import EXPRESSIONS, FILE_TASKS, WAYS, arithmetic
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.corpus.tasks import Shape, Slot, Task, declare, typed
from tektra_models.starter.corpus.world_facts import subject

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
RESERVED = {*dir(builtins), *keyword.kwlist, "final_answer"}
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


def listed(chance: Chance, folder: str, wanted: str) -> Act:
    """A folder that is listed and holds the wanted name."""
    names = [wanted, *(slug(chance, chance.value(subject)) for _ in range(chance.random.choice((1, 2, 2, 3))))]
    shape = tool_for(chance, FILES["list_files"])
    return Act(shape, arguments(shape, path=folder), listing(chance, chance.sample(names, len(names))))


def calculation(chance: Chance, sign: str, first: str, second: str) -> Act:
    """One calculation by a tool."""
    shape = tool_for(chance, chance.pick([task for task in CALCULATIONS if task.phrasings == WAYS[sign]]))
    result = arithmetic(sign, first, second)
    formula = put(EXPRESSIONS[sign], {"a": first, "b": second})
    return Act(shape, arguments(shape, a=first, b=second), result, inline=True, python=formula)


def raised(shape: Shape, known: Mapping[str, Any], error: tuple[str, str], **values_of: str) -> Act:
    """A call that ends with an error."""
    return Act(shape, known, error_text(f"{error[0]}: {put(error[1], values_of)}"), raised=True)
