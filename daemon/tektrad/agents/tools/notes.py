"""The tools of an agent with memory: remember, recall and forget. They know its own notes, and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec

from tektrad.agents.agent import FORGET, RECALL, REMEMBER
from tektrad.agents.agents import Agents
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, Tool, ToolFailed, Wish, parameter, parsed
from tektrad.errors import InvalidRequest
from tektrad.memory.note import checked, line
from tektrad.memory.notes import Notes

FOUND = 8
"""Notes in one answer."""


class _Remember(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Recall(msgspec.Struct, forbid_unknown_fields=True):
    query: str


class _Forget(msgspec.Struct, forbid_unknown_fields=True):
    id: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]


class Remember:
    """Keeps a note. The key of the call is the note's, so that a call which is made again keeps no other."""

    declared = Declared(
        name=REMEMBER,
        description="Keep a note for your later runs",
        inputs={
            "text": parameter("string", "What is worth knowing then, in a sentence that needs no other to be read")
        },
        output_type="any",
    )
    writes = False
    is_repeatable = True

    def __init__(self, notes: Notes, agents: Agents) -> None:
        self._notes = notes
        self._agents = agents

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To keep something that outlives the run."""
        said = parsed(REMEMBER, _Remember, arguments)
        try:
            text = checked(said.text)
        except InvalidRequest as error:
            raise ToolFailed(error.message) from error
        return Wish(said, "call", REMEMBER, "outside", text)

    async def work(self, here: Here, said: Any) -> Result:
        """The number of the note."""
        name = here.agent.name
        keeps = partial(self._agents.keeps_notes, uid=here.uid, name=name)
        note = await self._notes.add(here.uid, name, said.text, here.run, here.key, keeps)
        return Result(f"noted as {note.id}", data=note.id, details={"note": note.id})


class Recall:
    """Finds notes by words."""

    declared = Declared(
        name=RECALL,
        description="Find your notes of earlier runs by words",
        inputs={"query": parameter("string", "Words that they may hold")},
        output_type="any",
    )
    writes = False
    is_repeatable = True

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To look, which changes nothing."""
        return Wish(parsed(RECALL, _Recall, arguments), "call", RECALL)

    async def work(self, here: Here, said: Any) -> Result:
        """The best of them, with their numbers and days."""
        found = await self._notes.search(here.uid, here.agent.name, said.query, FOUND)
        data = [{"id": note.id, "date": note.made_at[:10], "text": note.text} for note in found]
        text = "\n".join(map(line, found)) or "no note holds any of these words"
        return Result(text, data=data, details={"notes": [note.id for note in found]})


class Forget:
    """Takes a note away."""

    declared = Declared(
        name=FORGET,
        description="Take away a note of yours that is wrong or not needed any more",
        inputs={"id": parameter("integer", "Its number")},
        output_type="any",
    )
    writes = False
    is_repeatable = True

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To change what later runs know."""
        said = parsed(FORGET, _Forget, arguments)
        return Wish(said, "call", FORGET, "outside", f"note {said.id}")

    async def work(self, here: Here, said: Any) -> Result:
        """That it is gone, however often that is asked."""
        await self._notes.drop(here.uid, here.agent.name, said.id)
        return Result(f"note {said.id} is gone", details={"note": said.id})


def tools(notes: Notes, agents: Agents) -> list[Tool]:
    """What an agent with memory has beside its other tools."""
    return [Remember(notes, agents), Recall(notes), Forget(notes)]
