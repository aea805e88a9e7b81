"""Pins what a run begins with: what its agent was told of its tools and notes stays, whatever becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tektrad.agents.agents import Agents
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, Tool, ToolFailed, Wish
from tektrad.agents.tools.sub_agent import SubAgent


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as the journal of a run has it."""

    declared: Declared
    agent: str = ""
    """Which one it asks, where it is a sub-agent."""


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's notes as the journal of a run has them: what stands before its task, and what is told of that."""

    text: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """A tool that is another one by now, or none; what it said before is in the journal."""

    declared: Declared
    writes: bool = True
    """As far as anybody knows."""
    is_repeatable: bool = True

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """Nothing that could be: raises ToolFailed."""
        raise ToolFailed(f"{self.declared.name} was changed or removed since this run began, and cannot be called")

    async def work(self, here: Here, said: Any) -> Result:
        """Nothing, since nobody wishes it."""
        raise ToolFailed(f"{self.declared.name} is gone")


def pins(tools: Sequence[Tool]) -> list[Pin]:
    """What the journal has to know of them."""
    return [Pin(declared=tool.declared, agent=tool.name if isinstance(tool, SubAgent) else "") for tool in tools]


def restored(kept: Sequence[Pin], now: Sequence[Tool], agents: Agents) -> list[Tool]:
    """The tools of a run by its journal; `now` are those that its agent would be given today."""
    named = {tool.declared.name: tool for tool in now}
    return [_restored(pin, named.get(pin.declared.name), agents) for pin in kept]


def _restored(pin: Pin, now: Tool | None, agents: Agents) -> Tool:
    if pin.agent:
        return SubAgent(agents, pin.agent, pin.declared)
    return now if now is not None and now.declared == pin.declared else Gone(pin.declared)
