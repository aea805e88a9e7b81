"""POST /v1/embeddings and GET /v1/models."""

from __future__ import annotations

import asyncio
import base64
import struct
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tektra_models.generation import Embedding
from tektra_models.manifest import Model
from tektra_models.vectors import unit_length
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.api.v1_completions import prompts
from tektrad.chat.calls import call, ended
from tektrad.errors import InvalidRequest
from tektrad.pool.party import Party

router = APIRouter(prefix="/v1")


@router.post("/embeddings", dependencies=needs.generate)
async def embeddings(rooms: Rooms, asker: Asker, request: Request, body: shapes.Embeddings) -> Response:
    """One unit-length vector per input."""
    name, result = await while_connected(request, _embed(rooms, asker, body))
    vectors = result.vectors if body.dimensions is None else [shortened(v, body.dimensions) for v in result.vectors]
    data = [
        {"object": "embedding", "index": index, "embedding": _encode(vector, body.encoding_format)}
        for index, vector in enumerate(vectors)
    ]
    tokens = result.usage.prompt_tokens
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_response({"object": "list", "data": data, "model": name, "usage": usage})


async def _embed(rooms: Services, asker: Party, body: shapes.Embeddings) -> tuple[str, Embedding]:
    async with rooms.pool.lease(body.model or rooms.default_model, asker, keep_alive=body.keep_alive) as lease:
        inputs = prompts(body.input)
        async with rooms.audit.telling(call(lease, "embedding", inputs=len(inputs))) as telling:
            embedding = await lease.worker.embed(inputs, body.pooling)
            telling.end(ended(lease.model.name, embedding.usage))
        return lease.model.name, embedding


def shortened(vector: list[float], dimensions: int) -> list[float]:
    """The first of a vector's numbers, at unit length again, as OpenAI does it; raises InvalidRequest if it has fewer.

    Worth little unless the model was trained for it (Matryoshka).
    """
    if dimensions > len(vector):
        raise InvalidRequest(f"the model's vectors have {len(vector)} dimensions", param="dimensions")
    return unit_length(vector[:dimensions])


def _encode(vector: list[float], form: str) -> list[float] | str:
    """Plain numbers, or little-endian float32 in base64, which OpenAI's client asks for by itself."""
    if form == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


@router.get("/models", dependencies=needs.open_to_all)
async def list_models(rooms: Rooms) -> Response:
    """The catalog in OpenAI's shape."""
    models = await asyncio.to_thread(rooms.catalog.list)
    return json_response({"object": "list", "data": [_shape(model) for model in models if not model.missing]})


@router.get("/models/{name}", dependencies=needs.open_to_all)
async def show_model(rooms: Rooms, name: str) -> Response:
    """One model in OpenAI's shape."""
    return json_response(_shape(rooms.catalog.get(name)))


def _shape(model: Model) -> dict[str, Any]:
    added = int(datetime.fromisoformat(model.added_at).timestamp())
    return {"id": model.name, "object": "model", "created": added, "owned_by": model.source}
