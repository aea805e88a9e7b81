"""Turns of conversations, for the `tektra` command and every other native client."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.api.stream import EventStream, typed_events, while_connected
from tektrad.chat import turn as turns
from tektrad.errors import InvalidRequest

router = APIRouter(prefix="/api")


@router.post("/chat", dependencies=needs.chat)
async def chat(rooms: Rooms, asker: Asker, request: Request, body: shapes.ChatTurn) -> Response:
    """One turn: an event stream, or one document with `"stream": false`."""
    if not body.content.strip() and not body.regenerate:
        raise InvalidRequest("the message is empty", "Say something.", param="content")
    turn = turns.Turn(
        content=body.content,
        conversation_id=body.conversation_id,
        model=body.model,
        system=body.system,
        sampling=body.sampling.sampling(),
        save=body.save,
        regenerate=body.regenerate,
        think=body.think,
        batch=body.priority == "batch",
        keep_alive=body.keep_alive,
        asker=asker,
    )
    if body.stream:
        return EventStream(typed_events(rooms.turns.run(turn)))
    return json_response(await while_connected(request, _whole(rooms, turn)))


async def _whole(rooms: Rooms, turn: turns.Turn) -> dict[str, Any]:
    document: dict[str, Any] = {"schema": "tektra.chat/1"}
    text: list[str] = []
    reasoning: list[str] = []
    async with aclosing(rooms.turns.run(turn)) as events:
        async for event in events:
            match event:
                case turns.Start():
                    document |= {"model": event.model, "source": event.source}
                case turns.Status(state="shortened"):
                    document["shortened"] = event.detail
                case turns.Reasoning():
                    reasoning.append(event.text)
                case turns.Text():
                    text.append(event.text)
                case turns.Done():
                    document |= msgspec.to_builtins(event)
    document.pop("type")
    if reasoning:
        document["reasoning"] = "".join(reasoning)
    return document | {"content": "".join(text)}
