"""What can be asked of a tool: a Task is the idea, a Shape one way to declare it, an Errand one request for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import SLOT, fence, put

Maker = Callable[[Random], str]
OPTIONAL = re.compile(r"\[([^\]]*)\]")
LIST_JOINT = re.compile(r", | and ")


@dataclass(frozen=True)
class Slot:
    """One parameter: how it may be called and described, its type, and the text that makes its value."""

    key: str
    names: tuple[str, ...]
    descriptions: tuple[str, ...] = ()
    type: str = "string"
    enum: tuple[str, ...] = ()
    optional: bool = False
    value: str = ""

    @property
    def source(self) -> str:
        """The text of the value, with the task's variables in braces."""
        return self.value or f"{{{self.key}}}"

    @property
    def needs_text(self) -> bool:
        """Whether the tool requires it and takes any text for it."""
        return not self.optional and self.type == "string" and not self.enum


@dataclass(frozen=True)
class Task:
    """One thing a tool does: names, descriptions, parameters, ways to ask, and (result, answer) pairs."""

    family: str
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    slots: tuple[Slot, ...]
    phrasings: tuple[str, ...]
    results: tuple[tuple[str, str], ...]
    makers: Mapping[str, Maker] = field(default_factory=dict)
    compute: Callable[[Mapping[str, str]], str] | None = None


@dataclass(frozen=True)
class Shape:
    """One declaration of a task's tool: the OpenAI form, and what each parameter came to be called."""

    task: Task
    tool: dict[str, Any]
    parameters: Mapping[str, str]

    @property
    def name(self) -> str:
        """The tool's name."""
        return str(self.tool["function"]["name"])


@dataclass(frozen=True)
class Errand:
    """One request: what the user types (values fenced) and the call that fits it."""

    shape: Shape
    variables: Mapping[str, str]
    request: str
    arguments: dict[str, Any]


RESULT_MAKERS: dict[str, Maker] = {
    "n": values.small,
    "m": values.integer,
    "x": values.decimal,
    "w": values.word,
    "text": values.sentence,
    "f1": values.file_name,
    "f2": values.file_name,
    "f3": values.file_name,
    "who": values.person,
    "city2": values.place,
    "day": values.day,
    "time2": values.clock,
    "id2": values.identifier,
    "phrase2": values.phrase,
}


def recase(chance: Chance, name: str) -> str:
    """The snake_case name in one of the usual styles."""
    style = chance.random.random()
    parts = name.split("_")
    if style < 0.8:
        return name
    if style < 0.92:
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    return "-".join(parts) if style < 0.96 else "".join(part.capitalize() for part in parts)


def strange_name(chance: Chance) -> str:
    """A name that says nothing, so that the description has to be read."""
    return chance.value(lambda random: "_".join(values.syllables(random) for _ in range(random.choice((1, 2)))))


def declare_slot(chance: Chance, slot: Slot, described: bool) -> dict[str, Any]:
    """The JSON schema of one parameter."""
    schema: dict[str, Any] = {"type": slot.type}
    if slot.enum:
        schema["enum"] = list(slot.enum)
    if described and slot.descriptions:
        schema["description"] = chance.pick(slot.descriptions)
    if chance.odds(0.15):
        schema = dict(sorted(schema.items()))
    return schema


def declare(chance: Chance, task: Task) -> Shape:
    """Declare the task's tool in one of many ways."""
    odd = chance.odds(0.06)
    name = strange_name(chance) if odd else recase(chance, chance.pick(task.names))
    described = chance.odds(0.6)
    used: dict[str, str] = {}
    properties: dict[str, Any] = {}
    required: list[str] = []
    for slot in task.slots:
        if slot.optional and chance.odds(0.45):
            continue
        parameter = chance.pick(slot.names)
        if parameter in properties:
            parameter = f"{parameter}_{len(properties)}"
        used[slot.key] = parameter
        properties[parameter] = declare_slot(chance, slot, described)
        if not slot.optional:
            required.append(parameter)
    function: dict[str, Any] = {"name": name}
    if odd or chance.odds(0.93):
        function["description"] = chance.pick(task.descriptions)
    function["parameters"] = {"type": "object", "properties": properties, "required": required}
    return Shape(task, {"type": "function", "function": function}, used)


def draw_variables(chance: Chance, task: Task) -> dict[str, str]:
    """A fresh value for each variable of the task's phrasings, all of them different."""
    drawn: dict[str, str] = {}
    for key, make in task.makers.items():
        for _ in range(6):
            drawn[key] = chance.value(make)
            if list(drawn.values()).count(drawn[key]) == 1:
                break
    return drawn


def choose_wording(chance: Chance, shape: Shape, phrasing: str) -> tuple[str, set[str]]:
    """Keep or drop the optional parts; give the wording and the variables that it mentions."""

    def decide(found: re.Match[str]) -> str:
        keys = set(SLOT.findall(found[1]))
        return found[1] if keys <= set(shape.parameters) and chance.odds(0.6) else ""

    wording = OPTIONAL.sub(decide, phrasing)
    return wording, set(SLOT.findall(wording))


def typed(slot: Slot, text: str) -> Any:
    """The value as JSON: a number where the schema says so."""
    if slot.type == "integer":
        return int(text)
    if slot.type == "number":
        return float(text) if "." in text else int(text)
    if slot.type == "boolean":
        return text in {"true", "yes", "on"} or text.startswith(("with ", "and ", "as ", "make it ", "only "))
    if slot.type == "array":
        return LIST_JOINT.split(text)
    return text


def perhaps_quoted(chance: Chance, text: str) -> str:
    """The value, now and then in quotes; always where it ends a sentence, since only they say whose full stop it is."""
    if text.endswith((".", "!", "?")) or chance.odds(0.22):
        return chance.pick(('"{}"', '"{}"', "'{}'", "`{}`")).format(text)
    return text


def ask(chance: Chance, shape: Shape, variables: Mapping[str, str], phrasing: str | None = None) -> Errand:
    """Put the request into words and work out the call."""
    wording, mentioned = choose_wording(chance, shape, phrasing or chance.phrasing(shape.task.phrasings))
    shown = dict(variables)
    for slot in shape.task.slots:
        if slot.type == "string" and not slot.enum and slot.key in shown:
            shown[slot.key] = perhaps_quoted(chance, shown[slot.key])
    request = put(wording, {key: fence(value) for key, value in shown.items()})
    arguments = {
        shape.parameters[slot.key]: typed(slot, put(slot.source, variables))
        for slot in shape.task.slots
        if slot.key in shape.parameters and (not slot.optional or slot.key in mentioned)
    }
    return Errand(shape, variables, request, arguments)


def errand(chance: Chance, shape: Shape) -> Errand:
    """A fresh request for this tool."""
    return ask(chance, shape, draw_variables(chance, shape.task))


AGAIN = (
    "again with {v}",
    "and {v}?",
    "now {v}",
    "the same for {v}",
    "and now with {v}",
    "what about {v}",
    "do it again for {v}",
    "same with {v}",
    "and for {v}?",
    "ok, and {v}",
    "once more with {v}",
    "now with {v} please",
    "repeat that with {v}",
    "Now the same with {v}.",
    "And with {v}?",
    "then {v}",
    "and if it is {v}",
    "try {v}",
)


def changeable(task: Task) -> str | None:
    """What a bare "again with 20" must mean: the only required value, or the last number of a calculation."""
    if task.family == "arithmetic":
        return "b"
    keys = [slot.key for slot in task.slots if not slot.optional and slot.type != "boolean" and not slot.enum]
    return keys[0] if len(keys) == 1 and keys[0] in task.makers else None


def again(chance: Chance, before: Errand) -> Errand | None:
    """The same errand with one value changed, named only by that value; none where that would be ambiguous."""
    task = before.shape.task
    key = changeable(task)
    if key is None:
        return None
    value = chance.value(task.makers[key])
    shown = perhaps_quoted(chance, value) if value.endswith((".", "!", "?")) else value
    request = put(chance.phrasing(AGAIN), {"v": fence(shown)})
    return replace(with_value(before, key, value), request=request)


def with_value(before: Errand, key: str, value: str) -> Errand:
    """The same call with another value for one variable; the request is still the old one."""
    new = {**before.variables, key: value}
    changed = {
        before.shape.parameters[slot.key]: typed(slot, put(slot.source, new))
        for slot in before.shape.task.slots
        if f"{{{key}}}" in slot.source and before.shape.parameters.get(slot.key) in before.arguments
    }
    return replace(before, variables=new, arguments={**before.arguments, **changed})


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """A call exactly as the chat template writes it."""
    body = ", ".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in arguments.items())
    return f'<tool_call>\n{{"name": "{name}", "arguments": {{{body}}}}}\n</tool_call>'
