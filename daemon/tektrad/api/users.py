"""Who may connect beside the owner: listing, adding, removing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.errors import InvalidRequest
from tektrad.sandbox.identity import SANDBOX_ID

router = APIRouter(prefix="/api/users")


@router.get("", dependencies=needs.users)
async def list_users(rooms: Rooms) -> Response:
    """The owner, and all who were added; they are let in where the daemon is shared."""
    known = rooms.users
    return json_response(
        {"schema": "tektra.users/1", "owner": known.owner, "shared": known.shared, "users": known.all()}
    )


@router.post("", dependencies=needs.users)
async def add_user(rooms: Rooms, asker: Asker, body: shapes.NewUser) -> Response:
    """Let somebody connect, or change their role."""
    if body.uid == SANDBOX_ID:
        raise InvalidRequest(f"uid {body.uid} is that of confined programs, who never connect", param="uid")
    await rooms.mfa.require(asker.uid, body.code)
    user = await rooms.users.add(body.uid, body.role, rooms.judge.principal(asker.uid))
    return json_response({"schema": "tektra.user/1", "shared": rooms.users.shared, "user": user}, 201)


@router.delete("/{uid}", dependencies=needs.users)
async def remove_user(rooms: Rooms, asker: Asker, uid: Annotated[int, Path(ge=0, lt=2**32)]) -> Response:
    """Let somebody connect no more; their conversations stay theirs."""
    user = await rooms.users.remove(uid, rooms.judge.principal(asker.uid))
    return json_response({"schema": "tektra.user-removed/1", "user": user})
