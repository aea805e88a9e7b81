"""Messages as a template wants them, from how OpenAI's API writes them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tektra_models.answers.habits import Habits

Message = dict[str, Any]
REASONING = ("reasoning_content", "reasoning", "thinking")
SHORT = 9


def fitted(messages: list[Message], habits: Habits) -> list[Message]:
    """The messages in this template's habits: content flattened, arguments read or written, ids in its form."""
    ids: dict[str, str] = {}
    return [_fitted(message, habits, ids) for message in messages]


def _fitted(message: Message, habits: Habits, ids: dict[str, str]) -> Message:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    fit = {**message, "content": content if content is not None else ""}
    reasoning = next((fit.pop(key) for key in REASONING if isinstance(fit.get(key), str)), None)
    if reasoning:
        fit[habits.reasoning] = reasoning
    if message.get("tool_calls"):
        fit["tool_calls"] = [_fitted_call(call, habits, ids) for call in message["tool_calls"]]
        fit["content"] = fit["content"] or habits.empty_content
    if "tool_call_id" in message:
        fit["tool_call_id"] = ids.get(str(message["tool_call_id"]), message["tool_call_id"])
    return fit


def _fitted_call(call: dict[str, Any], habits: Habits, ids: dict[str, str]) -> dict[str, Any]:
    function = dict(call.get("function") or {})
    arguments = function.get("arguments")
    if habits.arguments_as_text:
        function["arguments"] = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    elif isinstance(arguments, str):
        try:
            function["arguments"] = json.loads(arguments)
        except ValueError:
            function["arguments"] = {}
    if "id" not in call:
        return {**call, "function": function}
    known = str(call["id"])
    if habits.ids == "short":
        ids[known] = hashlib.sha256(known.encode(errors="replace")).hexdigest()[:SHORT]
    elif habits.ids == "named":
        ids[known] = f"functions.{function.get('name')}:{len(ids)}"
    return {**call, "id": ids.get(known, known), "function": function}
