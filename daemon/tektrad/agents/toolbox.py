"""The toolbox: which tools there are, by the names that agents are given them by."""

from __future__ import annotations

from collections.abc import Iterable

from tektrad.agents.agent import Agent
from tektrad.agents.tool import Tool

MOST_CHARACTERS = 12_000
"""Of one result, as an agent gets it."""


class Toolbox:
    """All tools of one daemon; made by daemon.py with what they need."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {tool.declared.name: tool for tool in tools}

    async def given(self, uid: int, agent: Agent) -> tuple[list[Tool], list[str]]:
        """The tools that an agent of somebody has, and the names of those that there are not."""
        found = [self._tools[name] for name in agent.tools if name in self._tools]
        return found, [name for name in agent.tools if name not in self._tools]


def cut(text: str, kept: int | None = None) -> str:
    """A result that a model can take in: its beginning and end, and what is missing between them; where it is kept."""
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    more = f'\n[read(path="result:{kept}") with first and count shows all of it]' if kept else ""
    return f"{text[:half]}\n[{len(text) - 2 * half} characters are left out here]\n{text[-half:]}{more}"
