"""What was said: list, read, search, forget; of whoever asks, and of nobody else."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from tektrad.api import needs
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms

router = APIRouter(prefix="/api/conversations")
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("", dependencies=needs.open_to_all)
async def list_conversations(rooms: Rooms, asker: Asker, limit: Limit = 50, before: str | None = None) -> Response:
    """Newest first, a page at a time."""
    found, after = await rooms.conversations.page(asker.uid, limit, before)
    return json_response({"schema": "tektra.conversations/1", "conversations": found, "next": after})


@router.get("/search", dependencies=needs.open_to_all)
async def search_conversations(rooms: Rooms, asker: Asker, q: str, limit: Limit = 20) -> Response:
    """Messages that contain all words."""
    hits = await rooms.conversations.search(asker.uid, q, limit)
    return json_response({"schema": "tektra.search/1", "query": q, "hits": hits})


@router.get("/{reference}", dependencies=needs.open_to_all)
async def show_conversation(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """One conversation with all its messages."""
    found = await rooms.conversations.find(reference, asker.uid)
    messages = await rooms.conversations.messages(found.id)
    return json_response({"schema": "tektra.conversation/1", "conversation": found, "messages": messages})


@router.delete("/{reference}", dependencies=needs.open_to_all)
async def remove_conversation(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """Forget a conversation."""
    found = await rooms.conversations.find(reference, asker.uid)
    rooms.turns.refuse_if_busy(found.id)
    await rooms.conversations.remove(found.id, asker.uid)
    await rooms.pool.forget_states()  # what a model computed of it can be read from its attention
    return json_response({"schema": "tektra.conversation-removed/1", "id": found.id})
