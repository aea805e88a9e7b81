"""An act: who wants to do what, to what, under which circumstances; as a value that is normal once it exists. Pure."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tektrad.errors import InvalidRequest
from tektrad.trust import resource

Kind = Literal["Path", "Command", "Host", "Tool", "Secret", "Model", "Setting", "Log"]
Effect = Literal["none", "inside", "outside"]
Confinement = Literal["A", "B", "C", ""]
Role = Literal["owner", "operator", "user", "auditor"]

ACTIONS: Mapping[str, Kind] = MappingProxyType(
    {
        "read": "Path",
        "write": "Path",
        "run": "Command",
        "fetch": "Host",
        "call": "Tool",
        "use": "Secret",
        "generate": "Model",
        "load": "Model",
        "remove": "Model",
        "configure": "Setting",
        "audit": "Log",
    }
)
"""What each action is done to, as in schema.cedarschema."""
AGENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
MOST_COST = 2**53


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a user by uid, or one agent of theirs; and the user's roles."""

    uid: int
    agent: str = ""
    roles: frozenset[Role] = frozenset()

    def __post_init__(self) -> None:
        if self.agent:
            checked_agent(self.agent)

    @property
    def key(self) -> str:
        """Its name in policies: the uid, and the agent behind a slash."""
        return f"{self.uid}/{self.agent}" if self.agent else str(self.uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act; raises InvalidRequest for what cannot be made normal.

    `resource` is a path, host or name, or of `run` the words of the command; links in a path are followed before it
    comes here. Where a file is read or written the path says whether that is inside the workspace, nobody else.
    """

    principal: Principal
    action: str
    resource: str | tuple[str, ...]
    workspace: str = ""
    effect: Effect = "outside"
    confinement: Confinement = ""
    cost: int = 0
    run: str = ""
    session: str = ""

    def __post_init__(self) -> None:
        kind = kind_of(self.action)
        said = self.resource
        if kind == "Command":
            self._set("resource", resource.command((said,) if isinstance(said, str) else said))
        elif not isinstance(said, str):
            raise InvalidRequest(f"{self.action} takes one resource, and not a list", param="resource")
        elif kind == "Path":
            self._set("resource", resource.path(said))
        else:
            self._set("resource", resource.host(said) if kind == "Host" else resource.name(said))
        if self.workspace:
            self._set("workspace", resource.path(self.workspace, "workspace"))
        if kind == "Path":
            inside = bool(self.workspace) and resource.beneath(self.text, self.workspace)
            self._set("effect", "inside" if inside else "outside")
        if not 0 <= self.cost <= MOST_COST:
            raise InvalidRequest("the cost is no amount that anything costs", param="cost")
        for field, value in (("run", self.run), ("session", self.session)):
            if value:
                checked_id(value, field, field)

    def _set(self, field: str, value: object) -> None:
        object.__setattr__(self, field, value)

    @property
    def kind(self) -> Kind:
        """What the action is done to."""
        return ACTIONS[self.action]

    @property
    def text(self) -> str:
        """The resource on one line; of a command all words, quoted as a shell would need it."""
        return self.resource if isinstance(self.resource, str) else shlex.join(self.resource)


def kind_of(action: str) -> Kind:
    """What an action is done to; raises InvalidRequest that suggests a near one."""
    kind = ACTIONS.get(action)
    if kind is None:
        near = difflib.get_close_matches(action, ACTIONS, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(ACTIONS)}."
        raise InvalidRequest(f'there is no action "{resource.shown(action)}"', hint, param="action")
    return kind


def checked_agent(name: str) -> str:
    """Return an agent's name; raises InvalidRequest."""
    if not AGENT.fullmatch(name):
        hint = "Up to 64 letters, digits, dots, dashes and underscores."
        raise InvalidRequest(f'"{resource.shown(name)}" is no name of an agent', hint, param="agent")
    return name


def checked_id(text: str, what: str, param: str) -> str:
    """Return the id of a run or a session; raises InvalidRequest."""
    if not ID.fullmatch(text):
        raise InvalidRequest(f'"{resource.shown(text)}" is no id of a {what}', param=param)
    return text
