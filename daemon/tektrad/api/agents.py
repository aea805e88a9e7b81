"""Agents: one's own and the shipped ones, every version of them, and changing them."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from tektrad.agents import agent_file
from tektrad.agents.agent import Agent, parsed, renewed
from tektrad.agents.agents import Version, shipped
from tektrad.api import needs
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.api.shapes_agents import AgentContent, AgentEdit, AgentRollback, ForgottenNotes
from tektrad.errors import InvalidRequest
from tektrad.memory.notes import MOST_NOTES

router = APIRouter(prefix="/api/agents")
Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[int | None, Query(ge=1, lt=2**62)]
Words = Annotated[str | None, Query(max_length=1000)]
Most = Annotated[int, Query(ge=1, le=MOST_NOTES)]
Was = Annotated[str, Query(max_length=64)]


@router.get("", dependencies=needs.open_to_all)
async def list_agents(rooms: Rooms, asker: Asker) -> Response:
    """The asker's own and the shipped ones, by name."""
    return json_response({"schema": "tektra.agents/1", "agents": await rooms.agents.all(asker.uid)})


@router.post("", dependencies=needs.open_to_all)
async def create_agent(rooms: Rooms, asker: Asker, body: AgentContent) -> Response:
    """Make an agent."""
    agent = await _wanted(body, None)
    made = await rooms.agents.create(agent, rooms.judge.principal(asker.uid, asker.agent))
    return _answer(made, 201, shipped=agent.name in shipped())


@router.get("/{name}", dependencies=needs.open_to_all)
async def show_agent(rooms: Rooms, asker: Asker, name: str) -> Response:
    """The current version, also as a file, and how many notes it has."""
    found = await rooms.agents.find(asker.uid, name)
    return _answer(found, notes=await rooms.notes.count(asker.uid, found.agent.name))


@router.post("/{name}", dependencies=needs.open_to_all)
async def edit_agent(rooms: Rooms, asker: Asker, name: str, body: AgentEdit) -> Response:
    """Make another version the current one; a shipped agent becomes one's own."""
    before = await rooms.agents.find(asker.uid, name, body.was)
    agent = await _wanted(body, before.agent)
    if agent.name != name:
        hint = f"Make another agent: tektra agents create {agent.name}"
        raise InvalidRequest(f'an agent keeps its name: this is "{name}"', hint, param="name")
    made = await rooms.agents.edit(agent, body.was, rooms.judge.principal(asker.uid, asker.agent))
    return _answer(made, before=body.was, copied=before.source == "shipped" and made.source == "own")


@router.delete("/{name}", dependencies=needs.open_to_all)
async def remove_agent(rooms: Rooms, asker: Asker, name: str, was: Was) -> Response:
    """Take an agent away with its notes; its versions stay."""
    gone, notes = await rooms.agents.remove(name, was, rooms.judge.principal(asker.uid, asker.agent))
    told = {"name": name, "version": gone.version, "shipped": name in shipped(), "notes": notes}
    return json_response({"schema": "tektra.agent-removed/1"} | told)


@router.get("/{name}/notes", dependencies=needs.open_to_all)
async def list_notes(rooms: Rooms, asker: Asker, name: str, q: Words = None, limit: Most = MOST_NOTES) -> Response:
    """What the agent keeps from one run to the next: the newest first, or the best of those that hold words."""
    agent = (await rooms.agents.find(asker.uid, name)).agent
    every = await rooms.notes.all(asker.uid, agent.name)
    found = every[:limit] if q is None else await rooms.notes.search(asker.uid, agent.name, q, limit)
    told = {"name": agent.name, "memory": agent.memory, "count": len(every), "notes": found}
    return json_response({"schema": "tektra.agent-notes/1"} | told)


@router.post("/{name}/notes/forget", dependencies=needs.open_to_all)
async def forget_notes(rooms: Rooms, asker: Asker, name: str, body: ForgottenNotes) -> Response:
    """Take some of its notes away, or all."""
    agent = (await rooms.agents.find(asker.uid, name)).agent
    by = rooms.judge.principal(asker.uid, asker.agent)
    gone = await rooms.notes.forget(asker.uid, agent.name, None if body.all else body.ids, by)
    return json_response({"schema": "tektra.agent-notes-forgotten/1", "name": agent.name, "forgotten": gone})


@router.get("/{name}/versions", dependencies=needs.open_to_all)
async def list_versions(rooms: Rooms, asker: Asker, name: str, limit: Limit = 50, before: Before = None) -> Response:
    """How each version came to be current, the newest first."""
    found, after = await rooms.agents.history(asker.uid, name, limit, before)
    return json_response({"schema": "tektra.agent-versions/1", "name": name, "changes": found, "next": after})


@router.get("/{name}/versions/{version}", dependencies=needs.open_to_all)
async def show_version(rooms: Rooms, asker: Asker, name: str, version: str) -> Response:
    """One version, by a unique beginning of it."""
    return _answer(await rooms.agents.version(asker.uid, name, version))


@router.post("/{name}/rollback", dependencies=needs.open_to_all)
async def roll_back(rooms: Rooms, asker: Asker, name: str, body: AgentRollback) -> Response:
    """Make an earlier version current again."""
    by = rooms.judge.principal(asker.uid, asker.agent)
    return _answer(await rooms.agents.rollback(name, body.version, body.was, by), before=body.was)


async def _wanted(body: AgentContent, current: Agent | None) -> Agent:
    """What a body describes; a hostile file takes a moment to read, in which others are served."""
    base = current if body.file is None else await asyncio.to_thread(agent_file.read, body.file)
    if body.agent is None:
        assert base is not None
        return base
    return parsed(body.agent) if base is None else renewed(base, body.agent)


def _answer(found: Version, status: int = 200, **more: str | bool | int | None) -> Response:
    told = {name: getattr(found, name) for name in found.__struct_fields__}
    return json_response({"schema": "tektra.agent/1", **told, "file": agent_file.written(found.agent), **more}, status)
