"""POST /v1/chat/completions, exact enough for OpenAI's own client."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tektra_models.generation import Delta, Finish, Prompt, Sampling, Score, ToolCall
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.api.v1_generate import begin_all, identity, refuse, seeded, streamed, total, usage_shape
from tektrad.api.v1_logprobs import chat_logprobs
from tektrad.errors import InvalidRequest
from tektrad.pool.party import Party

router = APIRouter(prefix="/v1")


@router.post("/chat/completions", dependencies=needs.generate)
async def chat_completions(rooms: Rooms, asker: Asker, request: Request, body: shapes.ChatCompletion) -> Response:
    """One answer to a list of messages."""
    refuse(body.functions or body.function_call, "functions", "the old form of tools")
    prompt, sampling = _prompt(body), _sampling(body)
    refuse(prompt.tools and sampling.form and not body.call_is_due, "tools", "tools beside a form of the answer")
    if not body.stream:
        return await while_connected(request, _whole(rooms, asker, body, prompt, sampling))
    return await streamed(request, _chunks(rooms, asker, body, prompt, sampling))


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


@dataclass(slots=True)
class _Choice:
    """One answer, gathered."""

    index: int
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    reason: str = ""

    def shape(self, wanted: int | None) -> dict[str, Any]:
        """As OpenAI writes it."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.text) or (None if self.calls else "")}
        if any(self.reasoning):
            message["reasoning_content"] = "".join(self.reasoning)
        if self.calls:
            message["tool_calls"] = self.calls
        logprobs = chat_logprobs(self.scores, wanted)
        return {"index": self.index, "message": message, "logprobs": logprobs, "finish_reason": self.reason}


async def _whole(
    rooms: Services, asker: Party, body: shapes.ChatCompletion, prompt: Prompt, sampling: Sampling
) -> Response:
    choices = [_Choice(index) for index in range(body.n or 1)]
    finishes: list[Finish] = []
    requests = [(prompt, each) for each in seeded(sampling, len(choices))]
    async with begin_all(rooms, asker, body.model, requests, body.keep_alive) as generation:
        async for index, said in generation.stream:
            choice = choices[index]
            if isinstance(said, Finish):
                choice.reason = said.reason
                finishes.append(said)
            elif said.tool_call is not None:
                choice.calls.append(_call(rooms, said.tool_call))
            else:
                choice.text.append(said.text)
                choice.reasoning.append(said.reasoning)
                choice.scores += said.scores
        shaped = [choice.shape(sampling.scores) for choice in choices]
        return json_response(
            identity(rooms, "chat.completion", generation.lease.model.name)
            | {"choices": shaped, "usage": usage_shape(total(finishes))}
        )


async def _chunks(
    rooms: Services, asker: Party, body: shapes.ChatCompletion, prompt: Prompt, sampling: Sampling
) -> AsyncGenerator[dict[str, Any], None]:
    count = body.n or 1
    requests = [(prompt, each) for each in seeded(sampling, count)]
    async with begin_all(rooms, asker, body.model, requests, body.keep_alive) as generation:
        shape = identity(rooms, "chat.completion.chunk", generation.lease.model.name)
        for index in range(count):
            yield shape | {"choices": [_choice(index, {"role": "assistant", "content": ""})]}
        finishes: list[Finish] = []
        calls = [0] * count
        async for index, said in generation.stream:
            if isinstance(said, Finish):
                finishes.append(said)
                yield shape | {"choices": [_choice(index, {}, reason=said.reason)]}
            elif said.tool_call is not None:
                call = {"index": calls[index], **_call(rooms, said.tool_call)}
                yield shape | {"choices": [_choice(index, {"tool_calls": [call]})]}
                calls[index] += 1
            else:
                yield shape | {"choices": [_choice(index, _text(said), chat_logprobs(said.scores, sampling.scores))]}
        if body.stream_options is not None and body.stream_options.include_usage:
            yield shape | {"choices": [], "usage": usage_shape(total(finishes))}


def _text(delta: Delta) -> dict[str, Any]:
    return {"reasoning_content": delta.reasoning} if delta.reasoning else {"content": delta.text}


def _choice(
    index: int, delta: dict[str, Any], logprobs: dict[str, Any] | None = None, reason: str | None = None
) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}


def _call(rooms: Services, call: ToolCall) -> dict[str, Any]:
    return {
        "id": f"call_{rooms.clock.new_id()}",
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
