"""What a tool is: what a model sees of it, what the policy is asked before it does its work, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from tektrad.agents.agent import Agent
from tektrad.agents.knocks import Tool as Declared
from tektrad.errors import StoreFull
from tektrad.trust.act import Confinement, Effect

S = TypeVar("S")


class ToolFailed(Exception):
    """What went wrong, for the agent to see."""


def heard(error: Exception) -> str:
    """What an agent hears of an error; a full store is raised again, for it is the end of the run's step, and nothing
    that its agent could do something about."""
    if isinstance(error, StoreFull):
        raise error
    return str(error)


@dataclass(frozen=True, slots=True)
class Here:
    """Where a tool works, and for whom.

    `folder` is what the person named, and what the policy is asked about; `root` is what the tool works in: that very
    folder as long as nothing in it has been changed, else the run's private copy of it. `key` is the same each time
    this call is made, also after a crash.
    """

    uid: int
    run: str
    key: str
    agent: Agent
    folder: Path
    root: Path
    confinement: Confinement = ""
    """What a program would be held by, that a tool starts."""
    answer: str = ""
    """The words of the person who allowed this call, where one was asked."""

    def meant(self, path: str) -> str:
        """A path that a model gave, with its links followed: in the folder as the person knows it, or elsewhere.

        Blocks. Raises ToolFailed.
        """
        try:
            root, found = self.root.resolve(), (self.root / path).resolve()
            if found.is_relative_to(root):
                return str(self.folder / found.relative_to(root))
            return str((self.folder / path).resolve())
        except (OSError, RuntimeError, ValueError) as error:
            raise ToolFailed(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Wish:
    """What one call would do, as the policy is asked about it (Act has the meaning of the fields), and its arguments.

    `preview` is what a person sees of it before an answer: a diff, a text. `is_question`: it is for a person, whatever
    the policy says.
    """

    said: Any
    action: str
    resource: str | tuple[str, ...]
    effect: Effect = "none"
    preview: str = ""
    is_question: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call: a text; for code that calls tools also a JSON value, where there is one.

    `ok` false: it did its work, and that did not go well (a program's exit code, a server's error). `details` are for
    the audit log, and so are `alarms`, by kind.
    """

    text: str
    ok: bool = True
    data: Any = None
    details: Mapping[str, Any] = field(default_factory=dict)
    alarms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Tool(Protocol):
    """One tool; what it does is bounded in time, and it holds no state of a run."""

    @property
    def declared(self) -> Declared:
        """As a guest and its model know it."""

    @property
    def writes(self) -> bool:
        """Whether it may change its root, which then has to be the run's private copy."""

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice is like doing it once; after a crash in the middle, others are asked about anew.

        What changes nothing but the private copy is repeatable, for the copy is put back first.
        """

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """What a call would do. Called in a thread; raises ToolFailed for arguments that it cannot have."""

    async def work(self, here: Here, said: Any) -> Result:
        """Do it; `said` is the wish's. Raises ToolFailed or TektraError, in words that an agent can act on."""


def parsed(name: str, kind: type[S], arguments: Mapping[str, Any]) -> S:
    """The arguments that a model gave; nothing is like a word left out. Raises ToolFailed with what is wrong."""
    given = {key: value for key, value in arguments.items() if value is not None}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ToolFailed(f"{name}: {error}") from error


def parameter(kind: str, description: str, *, optional: bool = False) -> dict[str, Any]:
    """A parameter in smolagents' form."""
    return {"type": kind, "description": description} | ({"nullable": True} if optional else {})
