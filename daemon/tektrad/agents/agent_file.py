"""An agent as a file: TOML with every field, which can lie in a project; read as what a stranger wrote. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import islice
from typing import Any

from tektrad.agents.agent import Agent, parsed
from tektrad.errors import InvalidRequest

MOST_BYTES = 128 << 10
"""More than the longest agent takes."""
MOST_PARTS = 16
"""Of a dotted key: reading one takes time by the square of them, or worse."""
MOST_TRIES = 8
_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DEEP = re.compile(rf"(?<![A-Za-z0-9_\\-]){_KEY}(?:[ \t]*\.[ \t]*{_KEY}){{{MOST_PARTS},}}")
_WHERE = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


def written(agent: Agent) -> str:
    """The file of an agent; `read` gives the agent back."""
    fields = agent.__struct_fields__
    lines = [f"{name} = {_value(getattr(agent, name), name)}" for name in fields if name != "limits"]
    limits = [f"{name} = {_value(getattr(agent.limits, name), name)}" for name in agent.limits.__struct_fields__]
    return "\n".join([*lines, "", "[limits]", *limits, ""])


def read(text: str) -> Agent:
    """The agent that a file describes; raises InvalidRequest that names the line, where there is one."""
    content = _content(text)
    try:
        return parsed(content)
    except InvalidRequest as error:
        line = _line_of(text, error.param or "")
        place = f"line {line}: " if line else ""
        raise InvalidRequest(place + error.message, error.hint, param=error.param) from error


def _content(text: str) -> dict[str, Any]:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidRequest("the file is not UTF-8", param="file") from error
    if size > MOST_BYTES:
        raise InvalidRequest(f"the file has {size} bytes, and {MOST_BYTES >> 10} KiB are allowed", param="file")
    deep = _DEEP.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise InvalidRequest(f"line {line}: more than {MOST_PARTS} words with dots between them", param="file")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InvalidRequest("the file is nested too deeply", param="file") from error
    except ValueError as error:  # TOMLDecodeError is one, and so is what a number of thousands of digits raises
        found = _WHERE.fullmatch(str(error))
        place = f"line {found[2]}: " if found and found[2] else ""
        raise InvalidRequest(f"{place}this is no TOML: {found[1] if found else error}", param="file") from error


def _line_of(text: str, path: str) -> int | None:
    """The line on which a field begins, or what it lies in: the last before which it is not there."""
    parts = path.partition("[")[0].split(".")
    last = re.escape(parts[-1])
    key = rf"""(?:[\w"'-]++[ \t]*+\.[ \t]*+)?["']?{last}["']?[ \t]*+[=\].]"""
    looks = re.compile(rf"^[ \t]*+(?:\[[ \t]*+)?{key}", re.MULTILINE)
    starts = [found.start() for found in islice(looks.finditer(text), MOST_TRIES)]
    for start in reversed(starts):
        if _lacks(text[:start], parts):
            return text.count("\n", 0, start) + 1
    return _line_of(text, ".".join(parts[:-1])) if len(parts) > 1 else None


def _lacks(beginning: str, parts: list[str]) -> bool:
    """Whether this is whole, and the field not in it; what ends within a value is not whole."""
    try:
        found: Any = tomllib.loads(beginning)
    except ValueError:
        return False
    for part in parts:
        if not isinstance(found, dict) or part not in found:
            return True
        found = found[part]
    return False


def _value(value: object, name: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value:_}"
        case tuple():
            return f"[{', '.join(map(_quoted, value))}]"
        case str() if value and name == "instructions":
            return _lines(value)
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _lines(text: str) -> str:
    """As people write it: line by line; the blanks around it, which mean nothing, let the quotes stand alone."""
    plain = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{plain}\n"""'
