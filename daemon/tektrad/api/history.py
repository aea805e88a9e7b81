"""How busy the daemon was, for plots."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs
from tektrad.api.render import json_response
from tektrad.api.services import Rooms
from tektrad.history import Span

router = APIRouter()


@router.get("/api/history", dependencies=needs.open_to_all)
async def history(rooms: Rooms, span: Span = "10m", after: str = "") -> Response:
    """The samples of a span, or those of it behind a time."""
    samples = rooms.history.samples(span, after)
    step_s = rooms.history.step_s(span)
    return json_response({"schema": "tektra.history/1", "span": span, "step_s": step_s, "samples": samples})
