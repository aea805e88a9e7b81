"""What the two generating routes of /v1 share: refuse what cannot be done, begin, and give back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request

from tektra_models import frames
from tektra_models.generation import Delta, Finish, Prompt, Sampling, Usage
from tektrad.api.render import describe
from tektrad.api.services import Services
from tektrad.api.stream import EventStream, data_line, while_connected
from tektrad.chat.calls import call, ended, sampler, with_seed
from tektrad.errors import TektraError
from tektrad.pool.lease import Lease
from tektrad.pool.party import Party
from tektrad.trust.audit import Telling

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
    """Answers that have begun: the lease that carries them, and what comes of each, with its number."""

    lease: Lease
    stream: AsyncIterator[tuple[int, Delta | Finish]]


@asynccontextmanager
async def begin_all(
    rooms: Services,
    asker: Party,
    model: str | None,
    requests: Sequence[tuple[Prompt, Sampling]],
    keep_alive: float | None,
) -> AsyncIterator[Generation]:
    """Lease the model and wait until it has accepted all prompts, so that refusals come before a status is sent."""
    requests = [(prompt, with_seed(sampling, rooms.clock)) for prompt, sampling in requests]
    async with AsyncExitStack() as stack:
        batch = all(prompt.batch for prompt, _ in requests)
        leasing = rooms.pool.lease(model or rooms.default_model, asker, batch=batch, keep_alive=keep_alive)
        lease = await stack.enter_async_context(leasing)
        streams = [
            await stack.enter_async_context(aclosing(lease.generate(prompt, sampling))) for prompt, sampling in requests
        ]
        entries = []
        for (prompt, sampling), stream in zip(requests, streams, strict=True):
            began = await anext(stream)
            assert isinstance(began, frames.Began)
            what = "chat" if prompt.messages is not None else "completion"
            entries.append(call(lease, what, sampler=sampler(sampling), prompt_tokens=began.prompt_tokens))
        tellings = await stack.enter_async_context(rooms.audit.telling_all(entries))
        merged = await stack.enter_async_context(aclosing(_merged(streams)))
        told = await stack.enter_async_context(aclosing(_told(merged, lease.model.name, tellings)))
        yield Generation(lease, told)


async def _told(
    merged: AsyncIterator[tuple[int, Delta | Finish]], model: str, tellings: Sequence[Telling]
) -> AsyncGenerator[tuple[int, Delta | Finish], None]:
    """The same, while the audit log hears how each answer ended."""
    async for number, said in merged:
        if isinstance(said, Finish):
            tellings[number].end(ended(model, said.usage, said.reason))
        yield number, said


async def _merged(
    streams: Sequence[AsyncGenerator[frames.Began | Delta | Finish, None]],
) -> AsyncGenerator[tuple[int, Delta | Finish], None]:
    """What comes of all streams, as it comes; the first that fails ends all."""
    if len(streams) == 1:  # a task for each token of a single stream would cost a fortieth of the speed
        async for said in streams[0]:
            assert not isinstance(said, frames.Began)
            yield 0, said
        return
    pending = {asyncio.ensure_future(anext(stream)): number for number, stream in enumerate(streams)}
    try:
        while pending:
            done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=pending.__getitem__):
                number = pending.pop(task)
                said = task.result()
                assert not isinstance(said, frames.Began)
                if not isinstance(said, Finish):
                    pending[asyncio.ensure_future(anext(streams[number]))] = number
                yield number, said
    finally:
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)


def seeded(sampling: Sampling, count: int) -> list[Sampling]:
    """One sampling for each answer; a seed that was given goes up by one from answer to answer."""
    if sampling.seed is None:
        return [sampling] * count
    return [msgspec.structs.replace(sampling, seed=sampling.seed + number) for number in range(count)]


def total(finishes: Sequence[Finish]) -> Usage:
    """What several answers took; their one prompt is counted once."""
    return Usage(
        prompt_tokens=finishes[0].usage.prompt_tokens,
        completion_tokens=sum(finish.usage.completion_tokens for finish in finishes),
        cached_tokens=min(finish.usage.cached_tokens for finish in finishes),
    )


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
