"""POST /v1/chat/completions, exact enough for OpenAI's own client."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tektra_models.generation import Delta, Finish, Prompt, Sampling, ToolCall
from tektrad.api import shapes
from tektrad.api.render import json_response
from tektrad.api.services import Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.api.v1_generate import Generation, begin, identity, one_choice, refuse, streamed, usage_shape
from tektrad.errors import InvalidRequest

router = APIRouter(prefix="/v1")


@router.post("/chat/completions")
async def chat_completions(rooms: Rooms, request: Request, body: shapes.ChatCompletion) -> Response:
    """One answer to a list of messages."""
    one_choice(body.n)
    refuse(body.logprobs, "logprobs", "log probabilities")
    refuse(body.functions or body.function_call, "functions", "the old form of tools")
    prompt, sampling = _prompt(body), _sampling(body)
    refuse(prompt.tools and sampling.form and not body.call_is_due, "tools", "tools beside a form of the answer")
    if not body.stream:
        return await while_connected(request, _whole(rooms, body, prompt, sampling))
    return await streamed(request, _chunks(rooms, body, prompt, sampling))


def _prompt(body: shapes.ChatCompletion) -> Prompt:
    tools = [tool.model_dump(exclude_none=True) for tool in body.tools or [] if tool.type == "function"]
    if isinstance(body.tool_choice, shapes.NamedTool):
        wanted = body.tool_choice.function.name
        tools = [tool for tool in tools if tool["function"]["name"] == wanted]
        if not tools:
            raise InvalidRequest(f'tool_choice names "{wanted}", which is not on offer', param="tool_choice")
    elif body.tool_choice == "none":
        tools = []
    return Prompt(
        messages=[message.plain() for message in body.messages], tools=tools or None, think=body.think, batch=body.batch
    )


def _sampling(body: shapes.ChatCompletion) -> Sampling:
    body.max_tokens = body.max_completion_tokens or body.max_tokens
    return body.sampling()


async def _whole(rooms: Services, body: shapes.ChatCompletion, prompt: Prompt, sampling: Sampling) -> Response:
    async with begin(rooms, body.model, prompt, sampling, body.keep_alive) as generation:
        text: list[str] = []
        reasoning: list[str] = []
        calls: list[dict[str, Any]] = []
        async for said in generation.stream:
            if isinstance(said, Finish):
                finish = said
            elif said.tool_call is not None:
                calls.append(_call(rooms, said.tool_call))
            else:
                text.append(said.text)
                reasoning.append(said.reasoning)
        message: dict[str, Any] = {"role": "assistant", "content": "".join(text) or (None if calls else "")}
        if any(reasoning):
            message["reasoning_content"] = "".join(reasoning)
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish.reason}
        return json_response(
            identity(rooms, "chat.completion", generation.lease.model.name)
            | {"choices": [choice], "usage": usage_shape(finish.usage)}
        )


async def _chunks(
    rooms: Services, body: shapes.ChatCompletion, prompt: Prompt, sampling: Sampling
) -> AsyncGenerator[dict[str, Any], None]:
    async with begin(rooms, body.model, prompt, sampling, body.keep_alive) as generation:
        shape = identity(rooms, "chat.completion.chunk", generation.lease.model.name)
        yield shape | {"choices": [_choice({"role": "assistant", "content": ""})]}
        async for chunk in _deltas(rooms, generation, body.stream_options):
            yield shape | chunk


async def _deltas(
    rooms: Services, generation: Generation, options: shapes.StreamOptions | None
) -> AsyncGenerator[dict[str, Any], None]:
    calls = 0
    async for said in generation.stream:
        if isinstance(said, Finish):
            yield {"choices": [_choice({}, said.reason)]}
            if options is not None and options.include_usage:
                yield {"choices": [], "usage": usage_shape(said.usage)}
        elif said.tool_call is not None:
            yield {"choices": [_choice({"tool_calls": [{"index": calls, **_call(rooms, said.tool_call)}]})]}
            calls += 1
        else:
            yield {"choices": [_choice(_text(said))]}


def _text(delta: Delta) -> dict[str, Any]:
    return {"reasoning_content": delta.reasoning} if delta.reasoning else {"content": delta.text}


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def _call(rooms: Services, call: ToolCall) -> dict[str, Any]:
    return {
        "id": f"call_{rooms.clock.new_id()}",
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
