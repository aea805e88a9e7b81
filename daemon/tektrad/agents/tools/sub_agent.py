"""Another agent as a tool: agent:NAME. It works in the same folder, and in the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tektrad.agents.agents import Agents
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, Tool, ToolFailed, Wish, parameter, parsed

MOST_CHARACTERS = 20_000


class _Task(msgspec.Struct, forbid_unknown_fields=True):
    task: str


@dataclass(frozen=True, slots=True)
class SubAgent:
    """One agent of the same user's. Its call says which version is to work; the host has it do the task then."""

    agents: Agents
    name: str
    declared: Declared
    writes: bool = False
    is_repeatable: bool = True

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To call it: what it does itself is asked about when it does it."""
        said = parsed(self.declared.name, _Task, arguments)
        if not said.task.strip() or len(said.task) > MOST_CHARACTERS:
            raise ToolFailed(f"{self.declared.name}: a task has 1 to {MOST_CHARACTERS} characters")
        return Wish(said, "call", f"agent:{self.name}", "inside", said.task)

    async def work(self, here: Here, said: Any) -> Result:
        """The version that works in this run, whoever changes the agent meanwhile."""
        found = await self.agents.find(here.uid, self.name)
        return Result(f"{self.name} begins", data={"version": found.version, "task": said.task})


async def given(agents: Agents, uid: int, name: str) -> list[Tool]:
    """The agent of that name as a tool; raises AgentNotFound."""
    agent = (await agents.find(uid, name)).agent
    called = "ask_" + "".join(letter if letter.isalnum() else "_" for letter in agent.name)
    about = agent.description or f"An agent with the tools {', '.join(agent.tools)}."
    declared = Declared(
        name=called,
        description=f"Have another agent do a task, and get its answer. {about}",
        inputs={"task": parameter("string", "All that it has to know, for it sees nothing else")},
        output_type="string",
    )
    return [SubAgent(agents, agent.name, declared)]
