"""What the two generating routes of /v1 share: refuse what cannot be done, begin, and give back."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from tektra_models import frames
from tektra_models.generation import Delta, Finish, Prompt, Sampling, Usage
from tektrad.api.render import describe
from tektrad.api.services import Services
from tektrad.api.stream import EventStream, data_line, while_connected
from tektrad.errors import InvalidRequest, TektraError
from tektrad.pool.pool import Lease

DONE = b"data: [DONE]\n\n"


class Unsupported(TektraError):
    """A parameter of OpenAI's API that this version cannot honour."""

    code = "unsupported"


def refuse(condition: object, param: str, what: str) -> None:
    """Raise Unsupported when `condition` holds: better a clear no than a parameter silently ignored."""
    if condition:
        raise Unsupported(f"{what} cannot be honoured by this version", "Leave the parameter out.", param=param)


def identity(rooms: Services, kind: str, model: str) -> dict[str, Any]:
    """The fields that every body or chunk of one answer carries."""
    prefix = "chatcmpl" if kind.startswith("chat") else "cmpl"
    return {"id": f"{prefix}-{rooms.clock.new_id()}", "object": kind, "created": int(time.time()), "model": model}


def usage_shape(usage: Usage) -> dict[str, Any]:
    """OpenAI's usage object."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


@dataclass(slots=True)
class Generation:
    """An answer that has begun: the lease that carries it and the rest of its stream."""

    lease: Lease
    stream: AsyncIterator[Delta | Finish]


@asynccontextmanager
async def begin(
    rooms: Services, model: str | None, prompt: Prompt, sampling: Sampling, keep_alive: float | None
) -> AsyncIterator[Generation]:
    """Lease the model and wait until it has accepted the prompt, so that refusals come before a status is sent."""
    async with (
        rooms.pool.lease(model or rooms.default_model, keep_alive=keep_alive) as lease,
        aclosing(lease.worker.generate(prompt, sampling)) as stream,
    ):
        began = await anext(stream)
        assert isinstance(began, frames.Began)
        yield Generation(lease, _rest(stream))


async def _rest(stream: AsyncIterator[frames.Began | Delta | Finish]) -> AsyncIterator[Delta | Finish]:
    async for said in stream:
        assert not isinstance(said, frames.Began)
        yield said


async def streamed(request: Request, chunks: AsyncGenerator[dict[str, Any], None]) -> EventStream:
    """Answer with a stream whose first chunk has already been made, so that refusals come before a status is sent."""
    first = await while_connected(request, anext(chunks))

    async def lines() -> AsyncGenerator[bytes, None]:
        async with aclosing(chunks):
            try:
                yield data_line(first)
                async for chunk in chunks:
                    yield data_line(chunk)
                yield DONE
            except Exception as error:  # noqa: BLE001  the status is sent: the error can only be a chunk
                yield data_line({"error": describe(error)})

    return EventStream(lines())


def one_choice(n: int | None) -> None:
    """Raise InvalidRequest unless one answer is asked for."""
    if n is not None and n != 1:
        raise InvalidRequest(f"n is {n}; this version gives one answer a request", "Send n requests.", param="n")
