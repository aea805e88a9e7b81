"""Runs of agents: beginning one, looking at them, following one, ending one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.agents.host import KIND
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import EventStream, place_line, placed_line, within_beat
from tektrad.errors import InvalidRequest

router = APIRouter(prefix="/api/runs")


@router.post("", dependencies=needs.run_agent)
async def begin(rooms: Rooms, asker: Asker, body: shapes.NewRun) -> Response:
    """Begin a run: it is on the disk when this answers, and goes on whoever listens."""
    folder = Path(body.folder)
    if not folder.is_absolute() or not await asyncio.to_thread(folder.is_dir):
        raise InvalidRequest(f"{body.folder} is no folder", "Name one that exists: --dir DIR", param="folder")
    rooms.sandbox.check_folder(folder)
    found = await rooms.agents.find(asker.uid, body.agent)
    spec = {
        "agent": found.agent.name,
        "version": found.version,
        "task": body.task,
        "folder": str(await asyncio.to_thread(folder.resolve)),
    }
    run = await rooms.runner.start(asker.uid, KIND, body.task, spec)
    return json_response({"schema": "tektra.run/1", "run": run}, 202)


@router.get("", dependencies=needs.open_to_all)
async def list_runs(rooms: Rooms, asker: Asker) -> Response:
    """One's own runs, the newest first."""
    return json_response({"schema": "tektra.runs/1", "runs": await rooms.runs.all(asker.uid)})


@router.get("/{reference}", dependencies=needs.open_to_all)
async def show(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """One run, and all that it told."""
    run = await rooms.runs.find(reference, asker.uid)
    return json_response({"schema": "tektra.run/1", "run": run, "events": await rooms.runs.events(run.id)})


@router.get("/{reference}/events", dependencies=needs.open_to_all)
async def follow(rooms: Rooms, asker: Asker, reference: str, after: int = 0) -> Response:
    """What a run told behind a number, and what it tells from now on, to its end."""
    run = await rooms.runs.find(reference, asker.uid)
    return EventStream(_told(rooms, run.id, after))


async def _told(rooms: Services, run: str, after: int) -> AsyncGenerator[bytes, None]:
    with rooms.aside():
        yield place_line(str(after))
        while (found := await within_beat(rooms.runs.more(run, after))) != []:
            if found is None:
                yield place_line(str(after))
                continue
            after = found[-1].number
            yield b"".join(placed_line(str(event.number), event) for event in found)
        yield placed_line(str(after), {"type": "done", "run": await rooms.runs.get(run)})


@router.post("/{reference}/cancel", dependencies=needs.open_to_all)
async def cancel(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """End a run now, in the middle of its step."""
    run = await rooms.runs.find(reference, asker.uid)
    is_ended = await rooms.runner.cancel(run)
    return json_response(
        {"schema": "tektra.run-cancelled/1", "cancelled": is_ended, "run": await rooms.runs.get(run.id)}
    )
