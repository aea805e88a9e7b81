"""The toolbox: which tools there are, by the names that agents are given them by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from tektrad.agents.agent import Agent
from tektrad.agents.tool import Tool
from tektrad.errors import TektraError

Given = Callable[[int, str], Awaitable[list[Tool]]]
"""The tools of a user that are meant by what stands behind the colon of a name; none: there is no such thing.

Raises TektraError where there is one that cannot be had.
"""
MOST_CHARACTERS = 12_000
"""Of one result, as an agent gets it."""


class Toolbox:
    """All tools of one daemon; made by daemon.py with what they need."""

    def __init__(
        self, tools: Iterable[Tool], others: Mapping[str, Given] | None = None, remembering: Iterable[Tool] = ()
    ) -> None:
        """`others` are the sources of tools from elsewhere, by what stands before the colon of their names.

        `remembering` is what an agent with memory has beside those that it names.
        """
        self._tools = {tool.declared.name: tool for tool in tools}
        self._others = others or {}
        self._remembering = {tool.declared.name: tool for tool in remembering}

    @property
    def built_in(self) -> list[Tool]:
        """Those that come with Tektra."""
        return list(self._tools.values())

    async def given(self, uid: int, agent: Agent) -> tuple[list[Tool], list[str]]:
        """The tools that an agent of somebody has, and the names of those that there are not."""
        found: dict[str, Tool] = dict(self._remembering) if agent.memory else {}
        missing = []
        for name in agent.tools:
            try:
                tools = await self._meant(uid, name)
            except TektraError as error:
                missing.append(f"{name} ({error.message})")
                continue
            missing += [] if tools else [name]
            for tool in tools:
                called = tool.declared.name
                if found.setdefault(called, tool) != tool:
                    missing.append(f"{name} (another one is called {called})")
        return list(found.values()), missing

    async def _meant(self, uid: int, name: str) -> list[Tool]:
        kind, colon, rest = name.partition(":")
        if colon:
            return await self._others[kind](uid, rest) if kind in self._others else []
        return [self._tools[name]] if name in self._tools else []


def cut(text: str, kept: int | None = None) -> str:
    """A result that a model can take in: its beginning and end, and what is missing between them; where it is kept."""
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    more = f'\n[read(path="result:{kept}") with first and count shows all of it]' if kept else ""
    return f"{text[:half]}\n[{len(text) - 2 * half} characters are left out here]\n{text[-half:]}{more}"
