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
from tektrad.api.shapes_agents import AgentContent, AgentEdit, AgentRollback
from tektrad.errors import InvalidRequest

router = APIRouter(prefix="/api/agents")
Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[int | None, Query(ge=1, lt=2**62)]
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
    """The current version, also as a file."""
    return _answer(await rooms.agents.find(asker.uid, name))


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
    """Take an agent away; its versions stay."""
    gone = await rooms.agents.remove(name, was, rooms.judge.principal(asker.uid, asker.agent))
    told = {"name": name, "version": gone.version, "shipped": name in shipped()}
    return json_response({"schema": "tektra.agent-removed/1"} | told)


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


def _answer(found: Version, status: int = 200, **more: str | bool | None) -> Response:
    told = {name: getattr(found, name) for name in found.__struct_fields__}
    return json_response({"schema": "tektra.agent/1", **told, "file": agent_file.written(found.agent), **more}, status)
