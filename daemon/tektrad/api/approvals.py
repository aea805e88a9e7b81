"""What waits for a person's answer, and answering it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms

router = APIRouter(prefix="/api/approvals")


@router.get("", dependencies=needs.open_to_all)
async def list_asks(rooms: Rooms, asker: Asker, all: bool = False) -> Response:
    """What waits for an answer of whoever looks; or all that ever did."""
    by = rooms.judge.principal(asker.uid, asker.agent)
    return json_response({"schema": "tektra.approvals/1", "asks": await rooms.consent.all(by, pending=not all)})


@router.get("/{reference}", dependencies=needs.open_to_all)
async def show_ask(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """One ask, with exactly what would be done."""
    by = rooms.judge.principal(asker.uid, asker.agent)
    return json_response({"schema": "tektra.approval/1", "ask": await rooms.consent.find(reference, by)})


@router.post("/{reference}", dependencies=needs.open_to_all)
async def answer(rooms: Rooms, asker: Asker, reference: str, body: shapes.AnswerToAsk) -> Response:
    """Allow or deny it; the first answer counts."""
    by = rooms.judge.principal(asker.uid, asker.agent)
    if body.answer == "allow" and body.scope == "always":
        await rooms.consent.find(reference, by)  # no code is used up for an ask that is not there
        await rooms.mfa.require(asker.uid, body.code)
    answered = await rooms.consent.answer(reference, body.answer, by, body.scope, body.why)
    return json_response({"schema": "tektra.approval/1", "ask": answered})
