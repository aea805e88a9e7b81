"""An agent as a value: all that a run of it needs to know; the hash of its one form in bytes is its version. Pure."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

import msgspec

from tektrad.errors import InvalidRequest
from tektrad.trust.act import AGENT, checked_agent
from tektrad.trust.grant import Pattern
from tektrad.trust.resource import name as checked_name
from tektrad.trust.resource import shown

Kind = Literal["code", "tools"]
"""What its model writes to act: Python (smolagents' CodeAgent), or calls of tools (its ToolCallingAgent)."""
Human = Literal["ask", "always", "never"]
"""When a person is asked: where the policy says so; before every effect; never, which denies what would be asked."""
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType({"kind": get_args(Kind), "human": get_args(Human)})
TOOLS = ("read", "write", "edit", "list", "glob", "search", "shell", "python", "fetch", "sqlite", "ask_user", "now")
"""The tools that come with Tektra."""
REMEMBER, RECALL, FORGET = "remember", "recall", "forget"
NOTE_TOOLS = (REMEMBER, RECALL, FORGET)
"""Those that an agent has by its memory, and not by naming them."""
OTHER_TOOLS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "agent": AGENT,
        "file": AGENT,
        "mcp": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9._/-]{0,127})?"),
    }
)
"""Tools from elsewhere, `agent:NAME`, `file:NAME`, `mcp:SERVER` or `mcp:SERVER/TOOL`: only their form is known here."""
BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "steps": (1, 1000),
        "tokens": (1, 10**9),
        "seconds": (1, 86_400),
        "memory_bytes": (16 << 20, 2**40),
        "cpus": (1, 1024),
    }
)
MOST_INSTRUCTIONS = 16_384
MOST_DESCRIPTION = 300
MOST_TOOLS = 64
MOST_HOSTS = 64
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TYPE = re.compile(r"`(\w+)`")
_WORDS = {"str": "text", "int": "a whole number", "bool": "true or false", "array": "a list", "object": "a table"}
_PLACE = re.compile(r"(.*) - at `\$\.?([^`]*)`", re.DOTALL)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may take: steps, tokens read and written, seconds by the wall clock, and of the machine.

    `network` are the hosts that its fetch tool may reach, as grants write them; empty: none.
    """

    steps: int = 20
    tokens: int = 200_000
    seconds: int = 600
    memory_bytes: int = 2 << 30
    cpus: int = 1
    network: tuple[str, ...] = ()


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, complete; made by `parsed`. `model` empty: the default one."""

    name: str
    description: str = ""
    kind: Kind = "tools"
    model: str = ""
    instructions: str = ""
    tools: tuple[str, ...] = ()
    memory: bool = False
    human: Human = "ask"
    thinking: bool = False
    limits: Limits = Limits()


def parsed(content: Mapping[str, Any]) -> Agent:
    """The agent that somebody describes; raises InvalidRequest, whose `param` is the path of what is wrong."""
    if "name" not in content:
        raise InvalidRequest("an agent needs a name", param="name")
    _refuse_unknown(content, Agent, "")
    if isinstance(content.get("limits"), Mapping):
        _refuse_unknown(content["limits"], Limits, "limits.")
    for field, choices in CHOICES.items():
        said = content.get(field, choices[0])
        if isinstance(said, str) and said not in choices:
            raise InvalidRequest(f'{field}: "{shown(said)}" is none of {", ".join(choices)}', param=field)
    try:
        return _checked(msgspec.convert(content, Agent))
    except msgspec.ValidationError as error:
        raise _refusal(error) from error


def renewed(agent: Agent, fields: Mapping[str, Any]) -> Agent:
    """The same with some fields otherwise, also single limits; raises InvalidRequest."""
    content = msgspec.to_builtins(agent)
    merged = {**content, **fields}
    if isinstance(fields.get("limits"), Mapping):
        merged["limits"] = {**content["limits"], **fields["limits"]}
    return parsed(merged)


def canonical(agent: Agent) -> bytes:
    """Its one form in bytes: JSON of all fields, also those that are as usual, by their names' order."""
    return msgspec.json.encode(agent, order="sorted")


def version_of(agent: Agent) -> str:
    """What is different whenever anything of it is."""
    return digest(canonical(agent))


def digest(body: bytes) -> str:
    """SHA-256 of a canonical form."""
    return hashlib.sha256(body).hexdigest()


def differing(before: Agent, after: Agent) -> list[str]:
    """The names of the fields that are not the same, limits one by one."""
    first, second = dict(_flat(before)), dict(_flat(after))
    return [name for name in first if first[name] != second[name]]


def _flat(agent: Agent) -> Iterator[tuple[str, object]]:
    for name in agent.__struct_fields__:
        if name != "limits":
            yield name, getattr(agent, name)
    for name in agent.limits.__struct_fields__:
        yield f"limits.{name}", getattr(agent.limits, name)


def _refuse_unknown(content: Mapping[str, Any], kind: type[msgspec.Struct], path: str) -> None:
    for name in content:
        if name not in kind.__struct_fields__:
            near = difflib.get_close_matches(shown(name), kind.__struct_fields__, 1)
            hint = f"Did you mean {path}{near[0]}?" if near else f"There are {', '.join(kind.__struct_fields__)}."
            raise InvalidRequest(f'there is no field "{path}{shown(name)}"', hint, param=path + shown(name))


def _refusal(error: msgspec.ValidationError) -> InvalidRequest:
    found = _PLACE.fullmatch(str(error))
    what, path = (found[1], found[2]) if found else (str(error), "")
    what = _TYPE.sub(lambda kind: _WORDS.get(kind[1], kind[1]), what[:1].lower() + what[1:])
    return InvalidRequest(f"{path}: {what}" if path else what, param=path or None)


def _checked(raw: Agent) -> Agent:
    """Normal in every field."""
    return msgspec.structs.replace(
        raw,
        name=_at("name", checked_agent, raw.name),
        model=_at("model", checked_name, raw.model) if raw.model else "",
        description=_text("description", raw.description, MOST_DESCRIPTION),
        instructions=_text("instructions", raw.instructions, MOST_INSTRUCTIONS),
        tools=_tools(raw.tools),
        limits=_limits(raw.limits),
    )


def _at(path: str, check: Callable[[str], str], said: str) -> str:
    """What another room's check returns; its refusal speaks of this field."""
    try:
        return check(said)
    except InvalidRequest as error:
        raise InvalidRequest(f"{path}: {error.message}", error.hint, param=path) from error


def _text(path: str, said: str, most: int) -> str:
    """A text without what no reader sees, nor blanks around it."""
    text = said.replace("\r\n", "\n").strip()
    if len(text) > most:
        raise InvalidRequest(f"{path}: {len(text)} characters, and {most} are allowed", param=path)
    odd = _ODD.search(text)
    if odd is not None:
        raise InvalidRequest(f"{path}: it holds a character that nobody sees (U+{ord(odd[0]):04X})", param=path)
    if path == "description" and "\n" in text:
        raise InvalidRequest(f"{path}: it is one line", "What takes more belongs into the instructions.", param=path)
    return text


def _tools(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MOST_TOOLS:
        raise InvalidRequest(f"tools: {len(names)} of them, and {MOST_TOOLS} are allowed", param="tools")
    for place, name in enumerate(names):
        if not _is_tool(name):
            near = difflib.get_close_matches(shown(name), TOOLS, 1)
            hint = f"There are {', '.join(TOOLS)}, agent:NAME, mcp:SERVER, mcp:SERVER/TOOL and file:NAME."
            hint = f"Did you mean {near[0]}?" if near else hint
            hint = "An agent with memory has it." if name in NOTE_TOOLS else hint
            raise InvalidRequest(f'tools: "{shown(name)}" is no tool', hint, param="tools")
        if name in names[:place]:
            raise InvalidRequest(f'tools: "{name}" is there twice', param="tools")
    return names


def _is_tool(name: str) -> bool:
    kind, colon, rest = name.partition(":")
    return bool(OTHER_TOOLS[kind].fullmatch(rest)) if colon and kind in OTHER_TOOLS else name in TOOLS


def _limits(raw: Limits) -> Limits:
    for name, (least, most) in BOUNDS.items():
        if not least <= getattr(raw, name) <= most:
            path = f"limits.{name}"
            raise InvalidRequest(f"{path}: it is {least} at least and {most} at most", param=path)
    path = "limits.network"
    if len(raw.network) > MOST_HOSTS:
        raise InvalidRequest(f"{path}: {len(raw.network)} hosts, and {MOST_HOSTS} are allowed", param=path)
    # They are a set: in which order somebody wrote them makes no other version.
    hosts = {_at(path, _host, host) for host in raw.network}
    return msgspec.structs.replace(raw, network=tuple(sorted(hosts)))


def _host(said: str) -> str:
    return Pattern.of("fetch", said).shown
