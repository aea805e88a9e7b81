"""POST /v1/rerank: which documents answer a query best, in the shape of Jina's and Cohere's API."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tektra_models.generation import Ranking
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.chat.calls import call, ended
from tektrad.pool.party import Party

router = APIRouter(prefix="/v1")


@router.post("/rerank", dependencies=needs.generate)
async def rerank(rooms: Rooms, asker: Asker, request: Request, body: shapes.Rerank) -> Response:
    """The documents by how well they fit the query, the best first."""
    texts = body.texts
    name, ranking = await while_connected(request, _rank(rooms, asker, body, texts))
    best = sorted(range(len(texts)), key=lambda index: -ranking.scores[index])[: body.top_n]
    results: list[dict[str, Any]] = [{"index": i, "relevance_score": ranking.scores[i]} for i in best]
    if body.return_documents:
        for result in results:
            result["document"] = {"text": texts[result["index"]]}
    tokens = ranking.usage.prompt_tokens
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_response({"object": "list", "model": name, "results": results, "usage": usage})


async def _rank(rooms: Services, asker: Party, body: shapes.Rerank, texts: list[str]) -> tuple[str, Ranking]:
    async with rooms.pool.lease(body.model or rooms.default_model, asker, keep_alive=body.keep_alive) as lease:
        async with rooms.audit.telling(call(lease, "ranking", documents=len(texts))) as telling:
            ranking = await lease.worker.rank(body.query, texts)
            telling.end(ended(lease.model.name, ranking.usage))
        return lease.model.name, ranking
