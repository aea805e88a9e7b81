"""A stand-in for a very busy daemon: `python -m tests.bench.busy_daemon SOCKET` answers what was recorded for
`tektra tui --demo`, tells 1,000 events a second, and writes every answer at 200 tokens a second."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tektra_cli.errors import CliError
from tektra_cli.tui.recorded import Recorded
from tektrad.api.stream import EventStream, data_line

EVENTS_PER_S = 1000
TOKENS_PER_S = 200
TOKENS = 2000
"""Of an answer."""
TICK_S = 0.01
SENTENCE = "the pool **lends** a model to whoever asks; `lease()` gives it back, and nobody waits for long. "
WORDS = SENTENCE.split(" ")

TALK = "m3q8t5yb7kfa"
"""The conversation in which everything is said."""

recorded = Recorded()
said_since: list[dict[str, Any]] = []


async def answered(request: Request) -> Response:
    """What was recorded, and what was said since."""
    path, query = request.url.path, dict(request.query_params)
    try:
        if path == f"/api/conversations/{TALK}":
            document = dict(recorded.get(path))
            messages = [*document["messages"], *said_since]
            shown = messages[-int(query.get("limit", "16")) :]
            earlier = shown[0]["id"] if len(shown) < len(messages) else None
            return JSONResponse({**document, "messages": shown, "earlier": earlier, "later": None})
        if request.method == "GET":
            return JSONResponse(recorded.get(path, query))
        return JSONResponse(recorded.post(path, {}))
    except CliError as error:
        return JSONResponse({"error": {"code": "not_found", "message": error.message}}, 404)


async def run_told(request: Request) -> Response:
    """What a run has told, and nothing more."""

    async def told() -> AsyncGenerator[bytes, None]:
        yield b"id: 0\n\n"
        for number, event in enumerate(recorded.told(request.url.path), 1):
            yield f"id: {number}\ndata: {json.dumps(event)}\n\n".encode()
        await asyncio.Event().wait()

    return EventStream(told())


async def happening(_: Request) -> Response:
    """Entries of the log, as a machine has them on which hundreds of programs ask at once."""

    async def told() -> AsyncGenerator[bytes, None]:
        yield b"id: x-0\n\n"
        numbers = itertools.count(1)
        async for count in paced(EVENTS_PER_S):
            yield b"".join(entry(number) for number in itertools.islice(numbers, count))

    return EventStream(told())


def entry(number: int) -> bytes:
    """One of them."""
    data = {"number": 50_000 + number, "kind": "model.call", "outcome": "ok", "uid": 1000, "agent": "", "act": "x"}
    event = {"id": f"x-{number}", "time": "2026-11-22T15:30:00.000000Z", "type": "entry", "uid": 1000, "data": data}
    return f"id: x-{number}\ndata: {json.dumps(event)}\n\n".encode()


async def talking(request: Request) -> Response:
    """An answer."""
    question = (await request.json())["content"]
    number = len(said_since)
    asked = {"id": f"s{number}", "role": "user", "content": question, "status": "complete", "model": None}
    answer = {**asked, "id": f"s{number + 1}", "role": "assistant", "content": "", "model": "qwen3-4b"}
    blank = {"created_at": "2026-11-22T15:30:00Z", "finish_reason": "stop", "usage": None}
    said_since.extend([asked | blank, answer | blank])

    async def said() -> AsyncGenerator[bytes, None]:
        named = {"conversation_id": TALK, "message_id": answer["id"]}
        yield data_line({"type": "start", "model": "qwen3-4b", "source": "", "context": 32768, **named})
        written = 0
        async for count in paced(TOKENS_PER_S):
            for at in range(written, written + count):
                end = "\n\n" if at % 60 == 59 else " "
                said_since[number + 1]["content"] += WORDS[at % len(WORDS)] + end
                yield data_line({"type": "delta", "text": WORDS[at % len(WORDS)] + end})
            written += count
            if written >= TOKENS:
                break
        usage = {"prompt_tokens": 900, "completion_tokens": written, "context": 32768}
        timings = {"queued_s": 0, "prompt_s": 1, "decode_s": 10, "first_token_s": 1, "tokens_per_s": TOKENS_PER_S}
        yield data_line({"type": "finish", "reason": "stop", "usage": usage, "timings": timings, **named})

    return EventStream(said())


async def paced(per_second: int) -> AsyncIterator[int]:
    """How many are due, again and again."""
    began, done = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began) * per_second)
        if due > done:
            yield due - done
            done = due
        await asyncio.sleep(TICK_S)


app = Starlette(
    routes=[
        Route("/api/events", happening),
        Route("/api/chat", talking, methods=["POST"]),
        Route("/api/runs/{run}/events", run_told),
        Route("/{path:path}", answered, methods=["GET", "POST", "DELETE"]),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, uds=sys.argv[1], log_level="error", lifespan="off")
