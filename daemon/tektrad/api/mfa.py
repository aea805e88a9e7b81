"""Second factors: enrolling an authenticator, how one stands, and ending it."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms

router = APIRouter(prefix="/api/mfa")


@router.get("", dependencies=needs.open_to_all)
async def standing(rooms: Rooms, asker: Asker) -> Response:
    """Whether codes are asked for, and what is left."""
    return json_response({"schema": "tektra.mfa/1"} | asdict(await rooms.mfa.standing(asker.uid)))


@router.post("/enroll", dependencies=needs.open_to_all)
async def enroll(rooms: Rooms, asker: Asker, body: shapes.Enrolling) -> Response:
    """What an authenticator has to know; it counts once a first code is given."""
    begun = await rooms.mfa.enroll(asker.uid, body.account)
    return json_response({"schema": "tektra.mfa-enrolment/1"} | asdict(begun))


@router.post("/confirm", dependencies=needs.open_to_all)
async def confirm(rooms: Rooms, asker: Asker, body: shapes.FirstCode) -> Response:
    """End the enrolment: the recovery codes, which are told this once."""
    codes = await rooms.mfa.confirm(asker.uid, body.code)
    return json_response({"schema": "tektra.mfa-recovery/1", "recovery_codes": codes})


@router.post("/disable", dependencies=needs.open_to_all)
async def disable(rooms: Rooms, asker: Asker, body: shapes.LastCode) -> Response:
    """Ask for codes no more."""
    await rooms.mfa.disable(asker.uid, body.code)
    return json_response({"schema": "tektra.mfa/1"} | asdict(await rooms.mfa.standing(asker.uid)))
