"""POST /v1/completions: raw text or tokens go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tektra_models.generation import Finish, Prompt, Usage
from tektrad.api import shapes
from tektrad.api.render import json_response
from tektrad.api.services import Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.api.v1_generate import begin, identity, one_choice, refuse, streamed, usage_shape
from tektrad.errors import InvalidRequest

router = APIRouter(prefix="/v1")


@router.post("/completions")
async def completions(rooms: Rooms, request: Request, body: shapes.Completion) -> Response:
    """One continuation per prompt."""
    one_choice(body.n)
    refuse(body.best_of not in (None, 1), "best_of", "best_of")
    refuse(body.suffix, "suffix", "a suffix")
    refuse(body.logprobs is not None, "logprobs", "log probabilities")
    texts = [msgspec.structs.replace(prompt, batch=body.batch) for prompt in prompts(body.prompt)]
    if not body.stream:
        return await while_connected(request, _whole(rooms, body, texts))
    if len(texts) > 1:
        raise InvalidRequest("a stream carries one prompt", "Send one request per prompt.", param="prompt")
    return await streamed(request, _chunks(rooms, body, texts[0]))


def prompts(said: str | list[str] | list[int] | list[list[int]]) -> list[Prompt]:
    """Read OpenAI's four forms of input; raises InvalidRequest when there is none."""
    if isinstance(said, str):
        return [Prompt(text=said)]
    if not said:
        raise InvalidRequest("there is no input", param="input")
    if isinstance(said[0], int):
        return [Prompt(tokens=[t for t in said if isinstance(t, int)])]
    return [Prompt(text=each) if isinstance(each, str) else Prompt(tokens=each) for each in said if each != 0]  # type: ignore[arg-type]


async def _whole(rooms: Services, body: shapes.Completion, texts: list[Prompt]) -> Response:
    answers = await _together([_one(rooms, body, prompt) for prompt in texts])
    choices = [
        {"index": index, "text": text, "logprobs": None, "finish_reason": finish.reason}
        for index, (text, finish, _) in enumerate(answers)
    ]
    total = Usage(
        prompt_tokens=sum(finish.usage.prompt_tokens for _, finish, _ in answers),
        completion_tokens=sum(finish.usage.completion_tokens for _, finish, _ in answers),
        cached_tokens=sum(finish.usage.cached_tokens for _, finish, _ in answers),
    )
    shape = identity(rooms, "text_completion", answers[0][2])
    return json_response(shape | {"choices": choices, "usage": usage_shape(total)})


async def _together(works: list[Coroutine[Any, Any, tuple[str, Finish, str]]]) -> list[tuple[str, Finish, str]]:
    """Wait for all; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def _one(rooms: Services, body: shapes.Completion, prompt: Prompt) -> tuple[str, Finish, str]:
    parts = [prompt.text] if body.echo and prompt.text else []
    async with begin(rooms, body.model, prompt, body.sampling(), body.keep_alive) as generation:
        async for said in generation.stream:
            if isinstance(said, Finish):
                finish = said
            else:
                parts.append(said.text)
        return "".join(parts), finish, generation.lease.model.name


async def _chunks(rooms: Services, body: shapes.Completion, prompt: Prompt) -> AsyncGenerator[dict[str, Any], None]:
    async with begin(rooms, body.model, prompt, body.sampling(), body.keep_alive) as generation:
        shape = identity(rooms, "text_completion", generation.lease.model.name)
        if body.echo and prompt.text:
            yield shape | {"choices": [_choice(prompt.text)]}
        async for said in generation.stream:
            if isinstance(said, Finish):
                yield shape | {"choices": [_choice("", said.reason)]}
                if body.stream_options is not None and body.stream_options.include_usage:
                    yield shape | {"choices": [], "usage": usage_shape(said.usage)}
            else:
                yield shape | {"choices": [_choice(said.text)]}


def _choice(text: str, reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}
