"""What a run changed: looking at it, taking it over, forgetting it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms

router = APIRouter(prefix="/api/runs/{reference}")


@router.get("/changes", dependencies=needs.run_agent)
async def changes(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """What differs from the folder as it was when the run began to change it."""
    run = await rooms.runs.find(reference, asker.uid)
    found = await rooms.leftovers.changes(run)
    return json_response(
        {
            "schema": "tektra.run-changes/1",
            "run": run.id,
            "folder": run.spec.get("folder", ""),
            "changes": found.changes,
            "lines_added": found.lines_added,
            "lines_removed": found.lines_removed,
            "left_out": found.left_out,
            "digest": found.digest,
            "written": await rooms.leftovers.written(run, found),
        }
    )


@router.post("/apply", dependencies=needs.run_agent)
async def apply(rooms: Rooms, asker: Asker, reference: str, body: shapes.Applying) -> Response:
    """Write changes into the folder: all that are wanted, or none; but for what the folder does not take at the end."""
    run = await rooms.runs.find(reference, asker.uid)
    done = await rooms.leftovers.apply(
        run, body.paths, seen=body.seen, choices=body.choices, with_ignored=body.with_ignored
    )
    return json_response(
        {
            "schema": "tektra.run-applied/1",
            "run": run.id,
            "folder": run.spec.get("folder", ""),
            "applied": done.applied.done,
            "already": done.applied.already,
            "kept": done.applied.kept,
            "failed": done.applied.failed,
            "left": [{"path": each.path, "is_ignored": each.is_ignored} for each in done.left],
            "dropped": done.is_dropped,
        }
    )


@router.post("/drop", dependencies=needs.run_agent)
async def drop(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """Forget all changes."""
    run = await rooms.runs.find(reference, asker.uid)
    gone = await rooms.leftovers.drop(run)
    return json_response({"schema": "tektra.run-dropped/1", "run": run.id, "changes": len(gone.changes)})
