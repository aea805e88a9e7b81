"""Tools of one's own, as their source says them: read and never run here. Pure.

A tool is a function marked with `@tool`; its type hints are its schema, its docstring says what it and its parameters
are.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tektrad.agents.agent import NOTE_TOOLS, TOOLS
from tektrad.errors import InvalidRequest
from tektrad.sandbox.tool_module import NAME as MODULE
from tektrad.trust.resource import shown

MOST_SOURCE = 256 << 10
MOST_IN_A_FILE = 32
MOST_PARAMETERS = 32
MOST_CHOICES = 64
MOST_CHOICE = 200
EXACT = 2**53
"""Beyond it not every reader of JSON has the same number."""
MOST_DESCRIPTION = 2_000
TIMEOUT = 60.0
MOST_TIMEOUT = 600.0
MOST_RETRIES = 5
TAKEN = frozenset({*TOOLS, *NOTE_TOOLS, "final_answer", "list_tools"})
"""What an agent knows by such a name already."""
TOOL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
PLAIN: Mapping[str, str] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "List": "array",
    "Dict": "object",
}
_PARAMETER = re.compile(r"(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_SECTION = re.compile(r"(Args|Arguments|Parameters|Returns?|Raises|Yields?|Examples?|Notes?):\s*")
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """One tool: its name, what a model is told of it, and how it is run."""

    name: str
    description: str
    inputs: Mapping[str, Mapping[str, Any]]
    output_type: str
    timeout_s: float = TIMEOUT
    retries: int = 0
    filled: Sequence[str] = ()
    """Parameters without a default that get nothing where a model leaves them out."""


def digest(source: str) -> str:
    """What is different whenever anything of a source is."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def schemas(source: str) -> list[Schema]:
    """The tools of a source, in its order; raises InvalidRequest, with the line, for what cannot be one."""
    if len(source.encode("utf-8", "surrogatepass")) > MOST_SOURCE:
        raise InvalidRequest(f"the source is longer than {MOST_SOURCE >> 10} KiB", param="source")
    try:
        source.encode()
        found = _found(ast.parse(source))
    except _UNREADABLE as error:
        line = getattr(error, "lineno", None) or 1
        raise _refusal(line, f"no Python: {shown(str(error))}") from error
    if not found:
        hint = f"Write 'from {MODULE} import tool', and @tool above a function with type hints and a docstring."
        raise InvalidRequest("there is no tool in it", hint, param="source")
    if len(found) > MOST_IN_A_FILE:
        raise InvalidRequest(f"{len(found)} tools, and {MOST_IN_A_FILE} may be in one file", param="source")
    names = [each.name for each in found]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise InvalidRequest(f"there are two tools called {twice}", param="source")
    return found


def _found(tree: ast.Module) -> list[Schema]:
    marks = _marks(tree)
    own = set(map(id, tree.body))
    for node in ast.walk(tree):
        if id(node) not in own and any(_marked(node, marks)):
            line = getattr(node, "lineno", 1)
            raise _refusal(line, "a tool is a function of its own, and lies in no other one and in no class")
    return [_schema(node, mark) for node in tree.body for mark in _marked(node, marks)]


def _refusal(line: int, why: str) -> InvalidRequest:
    return InvalidRequest(f"line {line}: {why}", param="source")


def _marks(tree: ast.Module) -> frozenset[str]:
    """What `tool` is called in this source."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == MODULE and not node.level:
            names |= {each.asname or each.name for each in node.names if each.name == "tool"}
        elif isinstance(node, ast.Import):
            names |= {f"{each.asname or each.name}.tool" for each in node.names if each.name == MODULE}
    return frozenset(names)


def _marked(node: ast.AST, marks: frozenset[str]) -> Iterator[ast.expr]:
    """The decorator that makes something a tool, if it has one."""
    for decorator in getattr(node, "decorator_list", ()):
        if _name(decorator.func if isinstance(decorator, ast.Call) else decorator) in marks:
            yield decorator
            return


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def _schema(node: ast.stmt, mark: ast.expr) -> Schema:
    line = node.lineno
    if not isinstance(node, ast.FunctionDef):
        raise _refusal(line, "a tool is a plain function: def, and neither async def nor class")
    if not TOOL_NAME.fullmatch(node.name):
        raise _refusal(line, f'"{shown(node.name)}" is no name for a tool: up to 64 letters, digits and _')
    if node.name in TAKEN:
        raise _refusal(line, f"{node.name} is the name of a tool that comes with Tektra")
    about, told = _documented(node)
    arguments = node.args
    if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
        raise _refusal(line, f"{node.name} takes * or / parameters, which a model cannot name")
    every = [*arguments.args, *arguments.kwonlyargs]
    if len(every) > MOST_PARAMETERS:
        raise _refusal(line, f"{node.name} has more than {MOST_PARAMETERS} parameters")
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
    inputs: dict[str, Mapping[str, Any]] = {}
    filled = []
    for each, default in zip(every, [*defaults, *arguments.kw_defaults], strict=True):
        inputs[each.arg], is_filled = _parameter(each, default, told)
        filled += [each.arg] if is_filled else []
    unknown = next((name for name in told if name not in inputs), None)
    if unknown is not None:
        raise _refusal(line, f'the docstring of {node.name} tells of "{shown(unknown)}", which is no parameter')
    output = "any" if node.returns is None else _typed(node.returns)[0].get("type", "any")
    timeout, retries = _options(mark)
    return Schema(
        name=node.name,
        description=about,
        inputs=inputs,
        output_type=output,
        timeout_s=timeout,
        retries=retries,
        filled=filled,
    )


def _options(mark: ast.expr) -> tuple[float, int]:
    """What stands behind @tool, as plain numbers."""
    timeout, retries = TIMEOUT, 0
    if not isinstance(mark, ast.Call):
        return timeout, retries
    if mark.args:
        raise _refusal(mark.lineno, "@tool takes timeout=SECONDS and retries=TIMES")
    for each in mark.keywords:
        value = each.value.value if isinstance(each.value, ast.Constant) else None
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
        if each.arg == "timeout" and 0 < number <= MOST_TIMEOUT:
            timeout = float(number)
        elif each.arg == "retries" and isinstance(number, int) and 0 <= number <= MOST_RETRIES:
            retries = number
        elif each.arg in ("timeout", "retries"):
            most = f"{MOST_TIMEOUT:.0f} seconds" if each.arg == "timeout" else f"{MOST_RETRIES} times"
            raise _refusal(mark.lineno, f"@tool: {each.arg} is a plain number, at most {most}")
        else:
            raise _refusal(mark.lineno, "@tool takes timeout=SECONDS and retries=TIMES")
    return timeout, retries


def _documented(node: ast.FunctionDef) -> tuple[str, dict[str, str]]:
    """What a docstring says of a function, and of its parameters."""
    doc = ast.get_docstring(node, clean=False)
    lines = inspect.cleandoc(doc).splitlines() if doc else []
    about: list[str] = []
    told: dict[str, list[str]] = {}
    section, indent = "", None
    for line in lines:
        found = _SECTION.fullmatch(line)
        if found:
            section, indent = found[1], None
        elif not section:
            about.append(line.strip())
        elif section in ("Args", "Arguments", "Parameters") and line.strip():
            deep = len(line) - len(line.lstrip())
            indent = deep if indent is None else indent
            parameter = _PARAMETER.fullmatch(line.strip()) if deep <= indent else None
            if parameter:
                told[parameter[1]] = [parameter[2]]
            elif told:
                told[next(reversed(told))].append(line.strip())
    text = _words(about)
    if not text:
        raise _refusal(node.lineno, f"{node.name} has no docstring that says what it does")
    return text, {name: _words(words) for name, words in told.items()}


def _words(lines: Sequence[str]) -> str:
    """A description on one line, without what nobody sees, and not longer than a model needs."""
    text = " ".join(" ".join(lines).split())
    return "".join(c for c in text if c.isprintable())[:MOST_DESCRIPTION]


def _parameter(argument: ast.arg, default: ast.expr | None, told: Mapping[str, str]) -> tuple[Mapping[str, Any], bool]:
    """A parameter in smolagents' form, and whether it gets nothing where it is left out."""
    name, line = argument.arg, argument.lineno
    if not TOOL_NAME.fullmatch(name):
        raise _refusal(
            line, f'"{shown(name)}" is no name for a parameter: up to 64 letters, digits and _, a letter first'
        )
    if argument.annotation is None:
        raise _refusal(line, f"{name} has no type hint")
    schema, is_optional = _typed(argument.annotation)
    if schema.get("type", "null") == "null":
        raise _refusal(line, f"the type of {name} is none of {', '.join(list(PLAIN)[:6])}, Optional and Literal")
    if not told.get(name):
        raise _refusal(line, f'the docstring says nothing of {name}: below "Args:" write "{name}: what it is"')
    left_out = {"nullable": True} if is_optional or default is not None else {}
    return schema | {"description": told[name]} | left_out, is_optional and default is None


def _typed(hint: ast.expr) -> tuple[dict[str, Any], bool]:
    """A type hint as a schema, and whether None is allowed too; an empty schema for what is no known type."""
    match hint:
        case ast.Constant(value=str(text)):
            try:
                return _typed(ast.parse(text, mode="eval").body)
            except _UNREADABLE:
                return {}, False
        case ast.Constant(value=None):
            return {"type": "null"}, True
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            (first, one), (second, other) = _typed(left), _typed(right)
            known = [each for each in (first, second) if each.get("type") != "null"]
            return (known[0], one or other) if len(known) == 1 else ({}, False)
        case ast.Subscript(value=outer, slice=inner):
            return _subscripted(_name(outer).rpartition(".")[2], inner)
        case ast.Name() | ast.Attribute():
            name = _name(hint).rpartition(".")[2]
            return ({"type": PLAIN[name]} if name in PLAIN else {}), False
        case _:
            return {}, False


def _subscripted(outer: str, inner: ast.expr) -> tuple[dict[str, Any], bool]:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if outer == "Optional" and len(parts) == 1:
        return _typed(parts[0])[0], True
    if outer in ("list", "List") and len(parts) == 1:
        items = _typed(parts[0])[0]
        return ({"type": "array", "items": items} if items else {}), False
    if outer in ("dict", "Dict") and len(parts) == 2:
        values = _typed(parts[1])[0]
        known = bool(values) and _typed(parts[0])[0] == {"type": "string"}
        return ({"type": "object", "additionalProperties": values} if known else {}), False
    if outer == "Literal" and 0 < len(parts) <= MOST_CHOICES:
        choices = [each.value if isinstance(each, ast.Constant) else None for each in parts]
        if all(
            isinstance(choice, str) and 0 < len(choice) <= MOST_CHOICE and choice.isprintable() for choice in choices
        ):
            return {"type": "string", "enum": choices}, False
        if all(type(choice) is int and abs(choice) < EXACT for choice in choices):
            return {"type": "integer", "enum": choices}, False
    return {}, False
