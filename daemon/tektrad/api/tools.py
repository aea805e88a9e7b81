"""Looking at a tool before it is used: what its source says, and what it tries when it is run in confinement."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.sandbox.dry_run import dry_run
from tektrad.trust.entry import Entry
from tektrad.trust.tool_lint import findings, risk

router = APIRouter(prefix="/api/tools")


@router.post("/check", dependencies=needs.run)
async def check_tool(rooms: Rooms, asker: Asker, body: shapes.CheckedTool) -> Response:
    """Findings with a risk, and a dry run with what was tried: advice, never a boundary."""
    found = await asyncio.to_thread(findings, body.source)
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
    return json_response({"schema": "tektra.tool-check/1", "risk": points, "findings": found, "dry_run": tried})
