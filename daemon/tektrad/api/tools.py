"""Tools: those that there are, those of one's own, and looking at one before it is used."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from tektrad.agents.own_tools import OwnTool
from tektrad.agents.tool_source import Schema, digest, schemas
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.errors import InvalidRequest
from tektrad.sandbox.dry_run import dry_run
from tektrad.trust.entry import Entry
from tektrad.trust.tool_lint import findings, risk

router = APIRouter(prefix="/api/tools")


@router.post("/check", dependencies=needs.run)
async def check_tool(rooms: Rooms, asker: Asker, body: shapes.CheckedTool) -> Response:
    """Findings with a risk, and a dry run with what was tried: advice, never a boundary."""
    found = await asyncio.to_thread(findings, body.source)
    tools, refused = await asyncio.to_thread(_read, body.source)
    points = risk(found)
    said = {"risk": points, "findings": len(found), "dry_run": body.dry_run}
    confinement = (await rooms.sandbox.footing()).confinement if body.dry_run else "none"
    entry = Entry(kind="tool.check", uid=asker.uid, confinement=confinement, details=said)
    async with rooms.audit.telling(entry) as telling:
        tried = await dry_run(rooms.sandbox, body.source) if body.dry_run else None
        if tried is not None:
            denied = [f"{act.event} {act.what}" for act in tried.acts if act.denied]
            telling.end({"tried": len(tried.acts), "denied": denied[:20]})
            if tried.denied:
                telling.alarm("denied_call", {"calls": tried.denied, "confinement": tried.level})
    told = {"risk": points, "findings": found, "dry_run": tried, "tools": tools, "refused": refused}
    return json_response({"schema": "tektra.tool-check/1", "sha256": digest(body.source)} | told)


@router.get("", dependencies=needs.open_to_all)
async def list_tools(rooms: Rooms, asker: Asker) -> Response:
    """The asker's own, and those that come with Tektra."""
    shipped = [tool.declared for tool in rooms.toolbox.built_in]
    built_in = [{"name": each.name, "description": each.description, "inputs": each.inputs} for each in shipped]
    own = [_shown(each) for each in await rooms.own_tools.all(asker.uid)]
    return json_response({"schema": "tektra.tools/1", "tools": own, "built_in": built_in})


@router.post("", dependencies=needs.open_to_all)
async def add_tools(rooms: Rooms, asker: Asker, body: shapes.AddedTool) -> Response:
    """Keep the tools of a source; nothing of it is run."""
    found = await asyncio.to_thread(schemas, body.source)
    points = risk(await asyncio.to_thread(findings, body.source))
    by = rooms.judge.principal(asker.uid, asker.agent)
    added = await rooms.own_tools.add(body.source, found, points, by)
    told = {"risk": points, "tools": [_shown(each) for each in added]}
    return json_response({"schema": "tektra.tools-added/1", "sha256": digest(body.source)} | told, 201)


@router.get("/{name}", dependencies=needs.open_to_all)
async def show_tool(rooms: Rooms, asker: Asker, name: str) -> Response:
    """One of the asker's own, with its source."""
    found = await rooms.own_tools.find(asker.uid, name)
    source = await rooms.own_tools.source(asker.uid, found.sha256)
    return json_response({"schema": "tektra.tool/1", "tool": _shown(found), "source": source})


@router.post("/{name}/enable", dependencies=needs.open_to_all)
async def enable_tool(rooms: Rooms, asker: Asker, name: str) -> Response:
    """Let agents use one again."""
    return await _switched(rooms, asker, name, enabled=True)


@router.post("/{name}/disable", dependencies=needs.open_to_all)
async def disable_tool(rooms: Rooms, asker: Asker, name: str) -> Response:
    """Let no agent use one, also in runs that go on."""
    return await _switched(rooms, asker, name, enabled=False)


@router.delete("/{name}", dependencies=needs.open_to_all)
async def remove_tool(rooms: Rooms, asker: Asker, name: str) -> Response:
    """Forget one."""
    gone = await rooms.own_tools.remove(name, rooms.judge.principal(asker.uid, asker.agent))
    return json_response({"schema": "tektra.tool-removed/1", "name": gone.tool.name, "sha256": gone.sha256})


async def _switched(rooms: Rooms, asker: Asker, name: str, *, enabled: bool) -> Response:
    found = await rooms.own_tools.switch(name, enabled, rooms.judge.principal(asker.uid, asker.agent))
    return json_response({"schema": "tektra.tool/1", "tool": _shown(found)})


def _read(source: str) -> tuple[list[Schema], str]:
    """The tools that a source has, or why it has none."""
    try:
        return schemas(source), ""
    except InvalidRequest as error:
        return [], f"{error.message}. {error.hint}".rstrip(". ")


def _shown(found: OwnTool) -> dict[str, Any]:
    tool: dict[str, Any] = msgspec.to_builtins(found.tool)
    del tool["filled"]
    return tool | {"sha256": found.sha256, "enabled": found.enabled, "added_at": found.added_at}
