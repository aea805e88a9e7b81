"""The tools of an agent with memory, among its others."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tektrad.agents.agent import NOTE_TOOLS, parsed
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Tool
from tektrad.agents.toolbox import Toolbox
from tektrad.agents.tools import look, notes
from tektrad.agents.tools.sub_agent import SubAgent

pytestmark = pytest.mark.anyio
NOBODY = cast(Any, None)
"""Whom these tools would ask, were they called."""


async def others(uid: int, name: str) -> list[Tool]:
    return [SubAgent(NOBODY, name, Declared(name=name, description="x", inputs={}))]


async def test_an_agent_has_them_by_its_memory_alone_and_none_of_their_names_takes_their_place() -> None:
    box = Toolbox(look.TOOLS, {"file": others}, notes.tools(NOBODY, NOBODY))
    wanted = {"name": "a", "tools": ["read", "file:recall", "file:other"]}
    found, missing = await box.given(1, parsed(wanted | {"memory": True}))
    assert [tool.declared.name for tool in found] == [*NOTE_TOOLS, "read", "other"]
    assert not any(isinstance(tool, SubAgent) for tool in found[: len(NOTE_TOOLS)])
    assert missing == ["file:recall (another one is called recall)"]
    found, missing = await box.given(1, parsed(wanted))
    assert ([tool.declared.name for tool in found], missing) == (["read", "recall", "other"], [])
    assert not {tool.declared.name for tool in box.built_in} & set(NOTE_TOOLS)
