"""A visitor: on whose behalf somebody knocks at the door, and what is theirs in the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tektrad.agents.agent import Agent
from tektrad.agents.allowance import Allowance
from tektrad.agents.tool import Here, Tool
from tektrad.agents.tools.look import READ
from tektrad.agents.working_folder import WorkingFolder
from tektrad.runs.runner import Doing
from tektrad.trust.act import Confinement


@dataclass(frozen=True, slots=True)
class Visitor:
    """An agent of a user, in a run, with its tools, in a folder."""

    doing: Doing
    agent: Agent
    folder: Path
    working: WorkingFolder
    tools: Sequence[Tool]
    confinement: Confinement
    """What holds programs here."""
    allowance: Allowance
    """Its `waiting_for_somebody` is entered while a person is asked."""
    place: str = ""
    """Where in the run it knocks: behind the call of it, where it is another agent's."""
    notes: str = ""
    """What stands before its task: its notes of earlier runs."""

    @property
    def uid(self) -> int:
        """Whose run it is."""
        return self.doing.run.uid

    @property
    def run(self) -> str:
        """The run's id."""
        return self.doing.run.id

    def tool(self, name: str) -> Tool | None:
        """The tool of that name, if it was given one."""
        return next((tool for tool in self.tools if tool.declared.name == name), None)

    @property
    def reads(self) -> bool:
        """Whether it can read on in a result that was too long."""
        return self.tool(READ) is not None

    def here(self, key: str, answer: str = "") -> Here:
        """Where a tool works that is called now, at this place of the run."""
        root = self.working.root
        return Here(self.uid, self.run, f"{self.run}{key}", self.agent, self.folder, root, self.confinement, answer)
