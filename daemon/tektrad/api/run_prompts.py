"""What a run's model was asked, and what it answered: one call of it, as it was then."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from tektrad.agents import prompts
from tektrad.api import needs
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms

router = APIRouter(prefix="/api/runs/{reference}")
Place = Annotated[str, Query(max_length=200)]


@router.get("/prompt", dependencies=needs.open_to_all)
async def prompt(rooms: Rooms, asker: Asker, reference: str, step: Place, begin: Place = "1") -> Response:
    """The messages that the model was shown in a step, from one on, as many as one answer holds; and its answer."""
    run = await rooms.runs.find(reference, asker.uid)
    found = prompts.call(await rooms.runner.journal(run), step)
    told = rooms.secrets.redact(msgspec.to_builtins(found))  # whole: a value may lie where a piece ends
    shown, following = prompts.pieces(told["messages"], begin)
    more = {"messages": shown, "count": len(found.messages), "next": following}
    return json_response({"schema": "tektra.run-prompt/1", "run": run.id, **told, **more})
