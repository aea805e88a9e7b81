"""What was said: list, read, search, forget; of whoever asks, and of nobody else."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.errors import InvalidRequest

router = APIRouter(prefix="/api/conversations")
Limit = Annotated[int, Query(ge=1, le=1000)]
PIECE = 50
"""Messages, where a request says beside which and not how many."""


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
async def show_conversation(
    rooms: Rooms,
    asker: Asker,
    reference: str,
    limit: Limit | None = None,
    before: str | None = None,
    after: str | None = None,
    around: str | None = None,
) -> Response:
    """One conversation with all its messages; with a limit, with so many of them."""
    if sum(name is not None for name in (before, after, around)) > 1:
        raise InvalidRequest("before, after and around exclude each other", "Leave one of them.", param="before")
    found = await rooms.conversations.find(reference, asker.uid)
    document: dict[str, Any] = {"schema": "tektra.conversation/1", "conversation": found}
    if limit is None and before is None and after is None and around is None:
        return json_response(document | {"messages": await rooms.conversations.messages(found.id)})
    piece = await rooms.conversations.piece(found.id, limit or PIECE, before, after, around)
    return json_response(document | msgspec.structs.asdict(piece))


@router.post("/{reference}", dependencies=needs.open_to_all)
async def change_conversation(rooms: Rooms, asker: Asker, reference: str, body: shapes.ConversationChange) -> Response:
    """Another title, or pinned above all others."""
    found = await rooms.conversations.find(reference, asker.uid)
    title = None if body.title is None else rooms.secrets.redact_text(body.title)
    changed = await rooms.conversations.change(found, asker.uid, title, body.pinned)
    return json_response({"schema": "tektra.conversation-changed/1", "conversation": changed})


@router.post("/{reference}/branch", dependencies=needs.open_to_all)
async def branch_conversation(rooms: Rooms, asker: Asker, reference: str, body: shapes.ConversationBranch) -> Response:
    """A new conversation that begins as this one did."""
    found = await rooms.conversations.find(reference, asker.uid)
    branch = await rooms.conversations.branch(found, asker.uid, body.message_id, is_left_out=body.before)
    return json_response({"schema": "tektra.conversation-branched/1", "of": found.id, "conversation": branch}, 201)


@router.delete("/{reference}", dependencies=needs.open_to_all)
async def remove_conversation(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """Forget a conversation."""
    found = await rooms.conversations.find(reference, asker.uid)
    rooms.turns.refuse_if_busy(found.id)
    await rooms.conversations.remove(found.id, asker.uid)
    await rooms.pool.forget_states()  # what a model computed of it can be read from its attention
    return json_response({"schema": "tektra.conversation-removed/1", "id": found.id})
