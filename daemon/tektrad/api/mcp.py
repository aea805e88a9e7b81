"""MCP servers: adding one, looking at what it offers, approving that, checking it again, removing it."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.mcp.definitions import Definition, called, described, inputs
from tektrad.mcp.server import Server, checked
from tektrad.mcp.servers import Kept

router = APIRouter(prefix="/api/mcp")


@router.get("", dependencies=needs.open_to_all)
async def list_servers(rooms: Rooms, asker: Asker) -> Response:
    """One's own servers, without their tools."""
    found = [_server(each) | {"tools": len(each.offered)} for each in await rooms.mcp.servers.all(asker.uid)]
    return json_response({"schema": "tektra.mcp-servers/1", "servers": found})


@router.post("", dependencies=needs.mcp)
async def add(rooms: Rooms, asker: Asker, body: shapes.NewMcp) -> Response:
    """Start a server and keep what it offers; it may be called once that is approved."""
    server = checked(msgspec.convert(body.model_dump(), Server))
    by = rooms.judge.principal(asker.uid, asker.agent)
    return await _shown(rooms, await rooms.mcp.add(server, by), 201)


@router.get("/{name}", dependencies=needs.open_to_all)
async def show(rooms: Rooms, asker: Asker, name: str) -> Response:
    """One server, what it offered last, and what of that is not as it was approved."""
    return await _shown(rooms, await rooms.mcp.servers.find(asker.uid, name))


@router.post("/{name}/check", dependencies=needs.mcp)
async def check(rooms: Rooms, asker: Asker, name: str) -> Response:
    """Start a server anew, and look at what it offers."""
    return await _shown(rooms, await rooms.mcp.check(asker.uid, name))


@router.post("/{name}/approve", dependencies=needs.open_to_all)
async def approve(rooms: Rooms, asker: Asker, name: str, body: shapes.SeenMcp) -> Response:
    """Allow what somebody has looked at."""
    by = rooms.judge.principal(asker.uid, asker.agent)
    return await _shown(rooms, await rooms.mcp.servers.approve(name, body.pin, by))


@router.delete("/{name}", dependencies=needs.open_to_all)
async def remove(rooms: Rooms, asker: Asker, name: str) -> Response:
    """Forget a server."""
    await rooms.mcp.remove(name, rooms.judge.principal(asker.uid, asker.agent))
    return json_response({"schema": "tektra.mcp-removed/1", "name": name})


async def _shown(rooms: Services, kept: Kept, status: int = 200) -> Response:
    document = {
        "schema": "tektra.mcp-server/1",
        "server": _server(kept) | {"confinement": await rooms.mcp.confinement(kept.server)},
        "tools": [_tool(kept, each) for each in kept.offered],
        "approved": [_tool(kept, each) for each in kept.approved],
        "changes": kept.changes,
    }
    return json_response(document, status)


def _server(kept: Kept) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(kept.server)
    facts = {"kind": kept.server.kind, "state": kept.state, "pin": kept.pin, "approved_pin": kept.approved_pin}
    return said | facts | {"added_at": kept.added_at, "approved_at": kept.approved_at}


def _tool(kept: Kept, each: Definition) -> dict[str, Any]:
    """As models and people read it, and as its server said it."""
    return {
        "name": each.name,
        "called": called(kept.server.name, each.name),
        "description": described(each),
        "inputs": inputs(each),
        "said": msgspec.to_builtins(each),
    }
