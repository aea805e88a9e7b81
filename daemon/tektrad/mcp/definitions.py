"""What an MCP server offers, as values: checks, the one form that is hashed, and what people and models see. Pure.

Everything here comes from a server, and is hostile: people and models are shown the same text, in which nothing is
invisible.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tektrad.errors import McpFailed
from tektrad.mcp.server import Server

TOOL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,63}")
PARAMETER = re.compile(r"[!-~]{1,64}")
RESERVED = frozenset({"final_answer", "python_interpreter"})
"""What agents call their own."""
TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object"})
MOST_TOOLS = 128
MOST_PARAMETERS = 64
MOST_BYTES = 256 << 10
"""Of all definitions of one server."""
MOST_DESCRIPTION = 2000
MOST_PARAMETER = 400
MOST_CHOICES = 32
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")
"""Letters and marks that show nothing."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One tool as its server describes it; all of it is hashed, also what no model sees."""

    name: str
    title: str = ""
    description: str = ""
    input_schema: Mapping[str, Any] = {}
    output_schema: Mapping[str, Any] | None = None
    annotations: Mapping[str, Any] | None = None


def checked(server: str, said: Iterable[Definition]) -> list[Definition]:
    """What can be offered to agents, by name; raises McpFailed for what could mislead somebody."""
    found = sorted(said, key=lambda each: each.name)
    if len(found) > MOST_TOOLS:
        raise McpFailed(f"{server} offers {len(found)} tools, and {MOST_TOOLS} are allowed")
    names: dict[str, str] = {}
    for each in found:
        if not TOOL.fullmatch(each.name):
            raise McpFailed(f'{server} offers a tool with the name "{visible(each.name, 80)}", which is none')
        name = called(server, each.name)
        if name in RESERVED:
            raise McpFailed(f"agents would know {server}/{each.name} as {name}, which means something else to them")
        if name in names:
            raise McpFailed(f"{server} offers two tools that are both {name} to an agent: {names[name]}, {each.name}")
        names[name] = each.name
        for parameter in _properties(each.input_schema):
            if not PARAMETER.fullmatch(parameter):
                shown = visible(parameter, 80)
                raise McpFailed(f'{server}/{each.name} has a parameter with the name "{shown}", which is none')
        if len(_properties(each.input_schema)) > MOST_PARAMETERS:
            raise McpFailed(f"{server}/{each.name} has more than {MOST_PARAMETERS} parameters")
    if sum(len(canonical(each)) for each in found) > MOST_BYTES:
        raise McpFailed(f"what {server} says of its tools is longer than {MOST_BYTES >> 10} KiB")
    return found


def canonical(definition: Definition) -> str:
    """Its one form as text: JSON in ASCII of all fields, in their names' order; raises McpFailed where it is none."""
    try:
        return _canonical(msgspec.to_builtins(definition))
    except (ValueError, TypeError, RecursionError) as error:
        raise McpFailed(f"what it says of a tool is no JSON: {error}") from error


def pin(server: Server, definitions: Iterable[Definition]) -> str:
    """What is different whenever anything is: the server itself, or a word of what it says of a tool."""
    bodies = sorted(canonical(each) for each in definitions)
    return hashlib.sha256(_canonical([server.identity, bodies]).encode()).hexdigest()


def changes(before: Sequence[Definition], now: Sequence[Definition]) -> dict[str, str]:
    """What became of each tool that is not the same: added, removed or changed."""
    old, new = ({each.name: canonical(each) for each in side} for side in (before, now))
    words = dict.fromkeys(old.keys() - new.keys(), "removed") | dict.fromkeys(new.keys() - old.keys(), "added")
    words |= {name: "changed" for name in old.keys() & new.keys() if old[name] != new[name]}
    return dict(sorted(words.items()))


def called(server: str, tool: str) -> str:
    """As agents call it: an identifier in ASCII."""
    return re.sub(r"[^A-Za-z0-9]", "_", f"{server}_{tool}")


def described(definition: Definition) -> str:
    """What people and models read of it."""
    return visible(definition.description or definition.title or definition.name, MOST_DESCRIPTION)


def inputs(definition: Definition) -> dict[str, dict[str, Any]]:
    """Its parameters in smolagents' form; a shape that has no word there is `any`."""
    schema = definition.input_schema
    required = schema.get("required")
    needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    definitions = schema.get("$defs")
    known = definitions if isinstance(definitions, Mapping) else {}
    return {
        name: _parameter(shape, known) | ({} if name in needed else {"nullable": True})
        for name, shape in _properties(schema).items()
    }


def needed(definition: Definition) -> list[str]:
    """The parameters that a call has to have."""
    return [name for name, shape in inputs(definition).items() if not shape.get("nullable")]


def visible(text: str, most: int) -> str:
    """A text of which a reader sees every character: what shows nothing is an escape, and too much is cut off."""
    shown = "".join(map(_shown, text.replace("\r\n", "\n")[: most + 1]))
    if len(text) <= most and len(shown) <= 2 * most:
        return shown
    return f"{shown[:most]}… ({len(text)} characters in all)"


def _shown(character: str) -> str:
    if character in " \n\t" or (character.isprintable() and not _shows_nothing(character)):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _shows_nothing(character: str) -> bool:
    code = ord(character)
    if character in _BLANK or 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF:
        return True
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _parameter(said: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    shape, empty = _plain(said, known)
    kind = shape.get("type")
    kind = kind if isinstance(kind, str) and kind in TYPES else "any"
    words = shape.get("description") or (said.get("description") if isinstance(said, Mapping) else "")
    text = visible(words, MOST_PARAMETER) if isinstance(words, str) else ""
    if kind in ("array", "object", "any") and shape:
        inner = {name: shape[name] for name in sorted(shape) if name not in ("description", "title", "type")}
        text += f" {visible(_canonical(inner), MOST_PARAMETER)}" if inner else ""
    found: dict[str, Any] = {"type": kind, "description": text.strip() or kind}
    choices = shape.get("enum")
    if kind == "string" and isinstance(choices, list) and _are_words(choices):
        found["enum"] = choices
    return found | ({"nullable": True} if empty else {})


def _are_words(choices: list[Any]) -> bool:
    if not 0 < len(choices) <= MOST_CHOICES:
        return False
    return all(isinstance(each, str) and PARAMETER.fullmatch(each) for each in choices)


def _plain(said: Any, known: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """A shape without the ways in which schemas say that it may be null, or that it is described elsewhere."""
    shape: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    choices = shape.get("anyOf")
    empty = False
    if isinstance(choices, list) and all(isinstance(each, Mapping) for each in choices):
        real = [each for each in choices if each.get("type") != "null"]
        empty = len(real) < len(choices)
        if len(real) == 1:
            shape = real[0]
    reference = shape.get("$ref")
    if isinstance(reference, str):
        meant = known.get(reference.removeprefix("#/$defs/"))
        shape = meant if isinstance(meant, Mapping) else shape
    kinds = shape.get("type")
    if isinstance(kinds, list):
        others = [each for each in kinds if each != "null"]
        empty = empty or len(others) < len(kinds)
        shape = {**shape, "type": others[0] if len(others) == 1 else "any"}
    return shape, empty


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
