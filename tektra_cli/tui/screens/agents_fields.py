"""Pure: an agent as it is typed, field by field, what is wrong with it, and what it comes to for the daemon.

Fields go by the names that the daemon gives them when it refuses one: `name`, `tools`, `limits.steps`. What is checked
here is a courtesy while somebody types; whether it can be taken the daemon says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tektra_cli import wording
from tektra_cli.errors import UsageError

Typed = Mapping[str, str]
"""What stands in each field, as text: a switch is `on` or `off`, tools have blanks between them."""
KINDS = ("tools", "code")
HUMAN = ("ask", "always", "never")
SWITCHES = ("memory", "thinking")
LISTS = ("tools", "limits.network")
BOUNDS: Mapping[str, tuple[int, int]] = {
    "limits.steps": (1, 1000),
    "limits.tokens": (1, 10**9),
    "limits.seconds": (1, 86_400),
    "limits.memory_bytes": (16 << 20, 2**40),
    "limits.cpus": (1, 1024),
}
MOST = {"description": 300, "instructions": 16_384}
MOST_TOOLS = 64
MOST_HOSTS = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OTHER = re.compile(
    r"(agent|file):[A-Za-z0-9][A-Za-z0-9._-]{0,63}|mcp:[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9._/-]{0,127})?"
)
_HOST = re.compile(r"\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[?[0-9A-Fa-f:]+\]?")
_SIZE = re.compile(r"(\d{1,15})([bkmg]?)")
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "": 1 << 20}
_SPANS = ((3600, "h"), (60, "m"), (1, "s"))
FRESH: Mapping[str, Any] = {
    "name": "",
    "description": "",
    "kind": "tools",
    "model": "",
    "instructions": "",
    "tools": [],
    "memory": False,
    "human": "ask",
    "thinking": False,
    "limits": {"steps": 20, "tokens": 200_000, "seconds": 600, "memory_bytes": 2 << 30, "cpus": 1, "network": []},
}
"""An agent of which nothing was said yet."""


def typed(agent: Mapping[str, Any]) -> dict[str, str]:
    """An agent as it stands in the fields; reading it gives the same one."""
    plain = {name: value for name, value in agent.items() if name != "limits"}
    plain |= {f"limits.{name}": value for name, value in agent["limits"].items()}
    return {name: _text(name, value) for name, value in plain.items()}


def wrong(said: Typed, built_in: Sequence[str]) -> dict[str, str]:
    """What is wrong with which field."""
    found = {name: _wrong(name, text, built_in) for name, text in said.items()}
    return {name: words for name, words in found.items() if words}


def content(said: Typed) -> dict[str, Any]:
    """What the daemon is told of these fields, in which nothing is wrong."""
    told: dict[str, Any] = {}
    for name, text in said.items():
        group, dot, field = name.partition(".")
        if dot:
            told.setdefault(group, {})[field] = _value(name, text)
        else:
            told[name] = _value(name, text)
    return told


def changed(before: Typed, now: Typed) -> dict[str, str]:
    """The fields that somebody changed."""
    return {name: text for name, text in now.items() if text.strip() != before.get(name, "").strip()}


def merged(base: Typed, mine: Typed, theirs: Typed) -> tuple[dict[str, str], list[str]]:
    """What is typed, over what somebody else made of the same; and the fields that both of us changed.

    A field that was not touched here is as it is there.
    """
    own = changed(base, mine)
    both = [name for name in own if name in changed(base, theirs) and name in changed(mine, theirs)]
    return {**theirs, **own}, both


def _wrong(name: str, text: str, built_in: Sequence[str]) -> str:
    if name == "name":
        return "" if _NAME.fullmatch(text) else "letters, digits, dots, dashes and underscores, 64 at most"
    if name in MOST:
        long = len(text.strip()) > MOST[name]
        return f"{len(text.strip()):,} characters, and {MOST[name]:,} are allowed" if long else ""
    if name == "tools":
        return _wrong_tools(text.split(), built_in)
    if name == "limits.network":
        return _wrong_hosts(_hosts(text))
    if name in BOUNDS:
        return _out_of_bounds(name, text)
    return ""


def _wrong_tools(tools: list[str], built_in: Sequence[str]) -> str:
    odd = [tool for tool in tools if tool not in built_in and not _OTHER.fullmatch(tool)]
    if odd:
        return f'"{odd[0]}" is no tool: agent:NAME, mcp:SERVER, mcp:SERVER/TOOL, file:NAME'
    twice = [tool for place, tool in enumerate(tools) if tool in tools[:place]]
    if twice:
        return f'"{twice[0]}" is there twice'
    return f"{len(tools)} tools, and {MOST_TOOLS} are allowed" if len(tools) > MOST_TOOLS else ""


def _wrong_hosts(hosts: list[str]) -> str:
    odd = [host for host in hosts if not _HOST.fullmatch(host)]
    if odd:
        return f'"{odd[0]}" is no host: example.org, *.example.org, or * for any'
    return f"{len(hosts)} hosts, and {MOST_HOSTS} are allowed" if len(hosts) > MOST_HOSTS else ""


def _out_of_bounds(name: str, text: str) -> str:
    try:
        value = _value(name, text)
    except (ValueError, UsageError):
        return {"limits.seconds": "a time: 90s, 10m, 1h", "limits.memory_bytes": "a size: 512m, 2g"}.get(
            name, "a whole number"
        )
    least, most = BOUNDS[name]
    if least <= value <= most:
        return ""
    return f"{_text(name, least)} at least and {_text(name, most)} at most"


def _text(name: str, value: Any) -> str:
    if name == "limits.seconds":
        return next(f"{value // length}{unit}" for length, unit in _SPANS if value % length == 0)
    if name == "limits.memory_bytes":
        return next(f"{value // _UNITS[unit]}{unit}" for unit in "gmkb" if value % _UNITS[unit] == 0)
    if isinstance(value, bool):
        return "on" if value else "off"
    return " ".join(value) if isinstance(value, list) else str(value)


def _value(name: str, text: str) -> Any:
    said = text.strip()
    if name == "limits.seconds":
        return round(wording.seconds(said))
    if name == "limits.memory_bytes":
        found = _SIZE.fullmatch(said.lower())
        if found is None:
            raise ValueError(said)
        return int(found[1]) * _UNITS[found[2]]
    if name in BOUNDS:
        return int(said.replace(",", "").replace("_", ""))
    if name in SWITCHES:
        return said == "on"
    if name == "tools":
        return said.split()
    return _hosts(said) if name == "limits.network" else said


def _hosts(text: str) -> list[str]:
    return text.replace(",", " ").split()
