"""Runs of agents: beginning one, looking at them, following one, ending one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from tektrad.agents.host import KIND
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import EventStream, place_line, placed_line, within_beat
from tektrad.errors import InvalidRequest
from tektrad.pool.party import Party
from tektrad.trust.grant import Pattern
from tektrad.trust.grants import Wish

router = APIRouter(prefix="/api/runs")


@router.post("", dependencies=needs.run_agent)
async def begin(rooms: Rooms, asker: Asker, body: shapes.NewRun) -> Response:
    """Begin a run: it is on the disk when this answers, and goes on whoever listens."""
    folder = Path(body.folder)
    if not folder.is_absolute() or not await asyncio.to_thread(folder.is_dir):
        raise InvalidRequest(f"{body.folder} is no folder", "Name one that exists: --dir DIR", param="folder")
    rooms.sandbox.check_folder(folder)
    found = await rooms.agents.find(asker.uid, body.agent)
    ident = rooms.clock.new_id()
    wishes = [_wish(asker, found.agent.name, ident, each) for each in body.allow]
    if wishes:
        await needs.require(rooms, asker, "configure", "permissions")
    spec = {
        "agent": found.agent.name,
        "version": found.version,
        "task": body.task,
        "folder": str(await asyncio.to_thread(folder.resolve)),
        "in_place": body.in_place,
    }
    by = rooms.judge.principal(asker.uid)
    async with contextlib.AsyncExitStack() as undoing:
        for wish in wishes:
            grant = await rooms.grants.grant(wish, by)
            undoing.push_async_callback(rooms.grants.revoke, grant.id, by)
        run = await rooms.runner.start(asker.uid, KIND, body.task, spec, ident)
        undoing.pop_all()
    return json_response({"schema": "tektra.run/1", "run": run}, 202)


def _wish(asker: Party, agent: str, run: str, said: shapes.Allowance) -> Wish:
    """A grant for one agent in one run; raises InvalidRequest."""
    return Wish(
        decision="allow",
        uid=asker.uid,
        agent=agent,
        action=said.action,
        pattern=Pattern.of(said.action, said.resource),
        scope="run",
        bound_to=run,
        why="said when the run was begun",
    )


@router.get("", dependencies=needs.open_to_all)
async def list_runs(rooms: Rooms, asker: Asker) -> Response:
    """One's own runs, the newest first."""
    runs = await rooms.runs.all(asker.uid)
    standing = await rooms.leftovers.standing(asker.uid, runs)
    told = [msgspec.structs.asdict(run) | {"changes": standing[run.id]} for run in runs]
    return json_response({"schema": "tektra.runs/1", "runs": told})


@router.get("/{reference}", dependencies=needs.open_to_all)
async def show(rooms: Rooms, asker: Asker, reference: str, after: int = 0) -> Response:
    """One run, and what it told behind a number, as far as one answer holds it."""
    run = await rooms.runs.find(reference, asker.uid)
    told = msgspec.structs.asdict(run) | {"changes": (await rooms.leftovers.standing(asker.uid, [run]))[run.id]}
    return json_response({"schema": "tektra.run/1", "run": told, "events": await rooms.runs.events(run.id, after)})


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
