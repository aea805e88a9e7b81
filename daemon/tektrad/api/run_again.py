"""Runs once more: from an earlier step on, behind the last finished one, or when nobody does them."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.errors import InvalidRequest, RunNotEnded
from tektrad.runs.run import Inherited

router = APIRouter(prefix="/api/runs")
MODEL = ":model"
"""How the names of those steps of a run end with which a step of its agent begins."""


@router.post("/unstick", dependencies=needs.run_agent)
async def unstick(rooms: Rooms, asker: Asker) -> Response:
    """Take up one's own runs that have not ended and that nobody does, and say why that was so."""
    found = await rooms.runner.unstick(asker.uid)
    told = [{"run": run, "why": why} for run, why in found]
    return json_response({"schema": "tektra.runs-unstuck/1", "runs": told})


@router.post("/{reference}/resume", dependencies=needs.run_agent)
async def resume(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """Go on with a run that failed or was cancelled, behind its last finished step."""
    run = await rooms.runs.find(reference, asker.uid)
    rooms.sandbox.check_folder(Path(run.spec["folder"]))
    async with rooms.leftovers.turn(run):
        return json_response({"schema": "tektra.run/1", "run": await rooms.runner.again(run)}, 202)


@router.post("/{reference}/retry", dependencies=needs.run_agent)
async def retry(rooms: Rooms, asker: Asker, reference: str, body: shapes.Retry) -> Response:
    """Do a run once more, as another run, with the same version of its agent."""
    run = await rooms.runs.find(reference, asker.uid)
    rooms.sandbox.check_folder(Path(run.spec["folder"]))
    inherits = None
    if body.from_step is not None:
        if run.ended_at is None:
            raise RunNotEnded(f"run {run.id} is {run.state}", f"Cancel it first: tektra runs cancel {run.id}")
        names = await rooms.runner.steps(run)
        begins = [place for place, name in enumerate(names) if name.endswith(MODEL) and name.count("/") == 1]
        if body.from_step > len(begins):
            raise InvalidRequest(
                f"run {run.id} has {len(begins)} steps", "tektra runs show lists them.", param="from_step"
            )
        inherits = Inherited(run.id, run.journal, begins[body.from_step - 1]) if body.from_step > 1 else None
    begun = await rooms.runner.start(asker.uid, run.kind, run.title, run.spec, inherits=inherits)
    return json_response({"schema": "tektra.run/1", "run": begun}, 202)
