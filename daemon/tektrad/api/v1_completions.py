"""POST /v1/completions: raw text or tokens go on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tektra_models.generation import Finish, Prompt, Sampling, Score, Usage
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.api.v1_generate import begin_all, identity, refuse, seeded, streamed, total, usage_shape
from tektrad.api.v1_logprobs import text_logprobs
from tektrad.errors import InvalidRequest
from tektrad.pool.party import Party

router = APIRouter(prefix="/v1")


@router.post("/completions", dependencies=needs.generate)
async def completions(rooms: Rooms, asker: Asker, request: Request, body: shapes.Completion) -> Response:
    """Continuations of one prompt or of several."""
    refuse(body.best_of not in (None, body.n or 1), "best_of", "best_of")
    refuse(body.suffix, "suffix", "a suffix")
    texts = [msgspec.structs.replace(prompt, batch=body.batch) for prompt in prompts(body.prompt)]
    if not body.stream:
        return await while_connected(request, _whole(rooms, asker, body, texts))
    return await streamed(request, _chunks(rooms, asker, body, texts))


def prompts(said: str | list[str] | list[int] | list[list[int]]) -> list[Prompt]:
    """Read OpenAI's four forms of input; raises InvalidRequest when there is none."""
    if isinstance(said, str):
        return [Prompt(text=said)]
    if not said:
        raise InvalidRequest("there is no input", param="input")
    if isinstance(said[0], int):
        return [Prompt(tokens=[t for t in said if isinstance(t, int)])]
    return [Prompt(text=each) if isinstance(each, str) else Prompt(tokens=each) for each in said if each != 0]  # type: ignore[arg-type]


def _requests(body: shapes.Completion, texts: list[Prompt]) -> list[tuple[Prompt, Sampling]]:
    """Each prompt as often as answers to it are wanted."""
    return [(prompt, sampling) for prompt in texts for sampling in seeded(body.sampling(), body.n or 1)]


def _usage(finishes: dict[int, Finish], count: int) -> dict[str, Any]:
    """What all answers took; the prompt of `count` answers each is counted once."""
    each = [total([finishes[begin + number] for number in range(count)]) for begin in range(0, len(finishes), count)]
    return usage_shape(
        Usage(
            prompt_tokens=sum(usage.prompt_tokens for usage in each),
            completion_tokens=sum(usage.completion_tokens for usage in each),
            cached_tokens=sum(usage.cached_tokens for usage in each),
        )
    )


async def _whole(rooms: Services, asker: Party, body: shapes.Completion, texts: list[Prompt]) -> Response:
    requests = _requests(body, texts)
    parts = [[prompt.text] if body.echo and prompt.text else [] for prompt, _ in requests]
    offsets = [len("".join(said)) for said in parts]
    scores: list[list[Score]] = [[] for _ in requests]
    finishes: dict[int, Finish] = {}
    async with begin_all(rooms, asker, body.model, requests, body.keep_alive) as generation:
        async for index, said in generation.stream:
            if isinstance(said, Finish):
                finishes[index] = said
            else:
                parts[index].append(said.text)
                scores[index] += said.scores
        shape = identity(rooms, "text_completion", generation.lease.model.name)
    choices = [
        _choice(index, "".join(said), text_logprobs(scores[index], body.logprobs, offsets[index]), finishes[index])
        for index, said in enumerate(parts)
    ]
    return json_response(shape | {"choices": choices, "usage": _usage(finishes, body.n or 1)})


async def _chunks(
    rooms: Services, asker: Party, body: shapes.Completion, texts: list[Prompt]
) -> AsyncGenerator[dict[str, Any], None]:
    requests = _requests(body, texts)
    offsets = [0] * len(requests)
    finishes: dict[int, Finish] = {}
    async with begin_all(rooms, asker, body.model, requests, body.keep_alive) as generation:
        shape = identity(rooms, "text_completion", generation.lease.model.name)
        for index, (prompt, _) in enumerate(requests):
            if body.echo and prompt.text:
                offsets[index] = len(prompt.text)
                yield shape | {"choices": [_choice(index, prompt.text)]}
        async for index, said in generation.stream:
            if isinstance(said, Finish):
                finishes[index] = said
                yield shape | {"choices": [_choice(index, "", finish=said)]}
            else:
                logprobs = text_logprobs(said.scores, body.logprobs, offsets[index])
                offsets[index] += len(said.text)
                yield shape | {"choices": [_choice(index, said.text, logprobs)]}
        if body.stream_options is not None and body.stream_options.include_usage:
            yield shape | {"choices": [], "usage": _usage(finishes, body.n or 1)}


def _choice(
    index: int, text: str, logprobs: dict[str, Any] | None = None, finish: Finish | None = None
) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish.reason if finish else None}
