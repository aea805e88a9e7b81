"""Tools of MCP servers, as agents have them. What a server says of its own tools changes nothing of what is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, Tool, ToolFailed, Wish
from tektrad.errors import TektraError
from tektrad.mcp.definitions import Definition, called, described, inputs, needed
from tektrad.mcp.mcp import Mcp
from tektrad.mcp.server import Server

MOST_ARGUMENTS = 256 << 10
MOST_PREVIEW = 4000


@dataclass(frozen=True, slots=True)
class McpTool:
    """One tool of one server."""

    mcp: Mcp
    server: Server
    definition: Definition
    declared: Declared
    writes: bool = False

    @property
    def resource(self) -> str:
        """As policies and grants name it."""
        return f"mcp:{self.server.name}/{self.definition.name}"

    @property
    def is_repeatable(self) -> bool:
        """Where nothing outlives its process that anybody else sees."""
        return self.server.effect == "none"

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To call it; the arguments are what a person sees."""
        given = {name: value for name, value in arguments.items() if value is not None}
        unknown = given.keys() - self.declared.inputs.keys()
        missing = [name for name in needed(self.definition) if name not in given]
        if unknown:
            raise ToolFailed(f"{self.declared.name}: it has no parameter {min(unknown)}")
        if missing:
            raise ToolFailed(f"{self.declared.name}: it needs {', '.join(missing)}")
        try:
            text = json.dumps(given, ensure_ascii=False, indent=2)
        except (TypeError, ValueError, RecursionError) as error:
            raise ToolFailed(f"{self.declared.name}: {error}") from error
        if len(text) > MOST_ARGUMENTS:
            raise ToolFailed(f"{self.declared.name}: the arguments are longer than {MOST_ARGUMENTS >> 10} KiB")
        return Wish(given, "call", self.resource, self.server.effect, text[:MOST_PREVIEW])

    async def work(self, here: Here, said: Any) -> Result:
        """Call it."""
        try:
            answer = await self.mcp.call(here.uid, self.server.name, self.definition.name, said)
        except TektraError as error:
            raise ToolFailed(f"{error.message}. {error.hint}".rstrip(". ")) from error
        return Result(answer.text, answer.ok, answer.data)


async def given(mcp: Mcp, uid: int, reference: str) -> list[Tool]:
    """The tools that `SERVER` or `SERVER/TOOL` means; raises McpNotFound and McpChanged."""
    return [
        McpTool(
            mcp,
            server,
            definition,
            Declared(
                name=called(server.name, definition.name),
                description=described(definition),
                inputs=inputs(definition),
                output_type="any",
            ),
        )
        for server, definition in await mcp.given(uid, reference)
    ]
