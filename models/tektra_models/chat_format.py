"""Messages → text by the model's own template, rendered where a hostile one can do no harm (template_sandbox.py)."""

from __future__ import annotations

import json
from typing import Any

import jinja2

from tektra_models.errors import TemplateFailed
from tektra_models.template_sandbox import bounded, environment

MAX_TEMPLATE = 1 << 20
MAX_TEXT = 64 << 20
MAX_REASON = 500

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""For files without a template of their own, as llama.cpp does."""


class ChatFormat:
    """One model's way of writing a conversation."""

    def __init__(self, template: str | None, *, bos: str = "", eos: str = "") -> None:
        self._source = template or CHATML
        self._bos, self._eos = bos, eos
        self._template: jinja2.Template | None = None

    def render(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None) -> str:
        """Return the prompt text, ending where the assistant begins to speak; raises TemplateFailed."""
        try:
            with bounded():
                return self._explained(messages, tools)
        except (MemoryError, RecursionError) as error:
            raise TemplateFailed(f"the model's chat template asked for too much: {type(error).__name__}") from error

    def _explained(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None) -> str:
        """Render, and put what goes wrong into words while the bounds hold: an error may carry a huge value."""
        try:
            return self._render([_plain(message) for message in messages], tools)
        except (TemplateFailed, MemoryError, RecursionError):
            raise
        except jinja2.TemplateError as error:
            raise TemplateFailed(f"the model's chat template refused these messages: {_reason(error)}") from error
        except Exception as error:  # a foreign program fails in any way it likes
            reason = f"{type(error).__name__}: {_reason(error)}"
            raise TemplateFailed(f"the model's chat template broke: {reason}") from error

    def _render(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None) -> str:
        parts: list[str] = []
        size = 0
        for part in self._compiled().generate(
            messages=messages,
            tools=tools or None,
            add_generation_prompt=True,
            bos_token=self._bos,
            eos_token=self._eos,
        ):
            size += len(part)
            if size > MAX_TEXT:
                raise TemplateFailed(f"the model's chat template wrote more than {MAX_TEXT} characters")
            parts.append(part)
        return "".join(parts)

    def _compiled(self) -> jinja2.Template:
        if self._template is None:
            if len(self._source) > MAX_TEMPLATE:
                raise TemplateFailed(f"the model's chat template is longer than {MAX_TEMPLATE} characters")
            self._template = environment().from_string(self._source)
        return self._template


def _reason(error: Exception) -> str:
    return str(error)[:MAX_REASON]


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """Flatten content given as parts, and read the arguments of earlier tool calls, as most templates want them."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    plain = {**message, "content": content if content is not None else ""}
    if message.get("tool_calls"):
        plain["tool_calls"] = [_plain_call(call) for call in message["tool_calls"]]
    return plain


def _plain_call(call: dict[str, Any]) -> dict[str, Any]:
    function = dict(call.get("function") or {})
    if isinstance(function.get("arguments"), str):
        try:
            function["arguments"] = json.loads(function["arguments"])
        except ValueError:
            function["arguments"] = {}
    return {**call, "function": function}
